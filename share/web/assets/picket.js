/*
 * What scripts add; every page works without them. No framework, no inline handler, no markup made of text: texts of rules are
 * only ever set by textContent.
 */
(function () {
  'use strict';

  function all(selector, from) { return Array.prototype.slice.call((from || document).querySelectorAll(selector)); }
  function element(name, className, text) {
    var e = document.createElement(name);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  }

  /* ---- colours ---- */
  function theme() {
    var button = document.getElementById('theme'), root = document.documentElement;
    if (!button) return;
    var dark = function () {
      if (root.dataset.theme) return root.dataset.theme === 'dark';
      return window.matchMedia('(prefers-color-scheme: dark)').matches;
    };
    var show = function () { button.setAttribute('aria-pressed', dark() ? 'true' : 'false'); };
    button.hidden = false;
    show();
    button.addEventListener('click', function () {
      root.dataset.theme = dark() ? 'light' : 'dark';
      try { localStorage.setItem('picket-theme', root.dataset.theme); } catch (e) { /* only for this page then */ }
      show();
    });
  }

  /* ---- copying: the text as the rule has it, marks of hidden characters turned back ---- */
  function sourceText(node) {
    var lines = all('.l', node).map(function (line) {
      var copy = line.cloneNode(true);
      var number = copy.firstElementChild;
      if (number && number.tagName === 'A') number.remove();
      all('.ctl[data-c]', copy).forEach(function (c) { c.textContent = String.fromCodePoint(parseInt(c.dataset.c, 16)); });
      return copy.textContent;
    });
    return lines.join('\n') + '\n';
  }
  function put(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    return new Promise(function (done, failed) {
      var area = element('textarea', 'vh');
      area.value = text;
      document.body.appendChild(area);
      area.select();
      var good = document.execCommand('copy');
      area.remove();
      if (good) done(); else failed();
    });
  }
  function copying() {
    all('button.copy').forEach(function (button) {
      button.hidden = false;
      button.addEventListener('click', function () {
        var node = document.getElementById(button.dataset.copy);
        if (!node) return;
        var was = button.textContent;
        var say = function (word) {
          button.textContent = word;
          setTimeout(function () { button.textContent = was; }, 1500);
        };
        put(sourceText(node)).then(function () { say('Copied'); button.focus(); }, function () { say('Not copied'); });
      });
    });
  }

  /* ---- rule: excluded values ---- */
  function negated() {
    var button = document.getElementById('hide-negated');
    if (!button) return;
    button.hidden = false;
    button.addEventListener('click', function () {
      var hide = button.getAttribute('aria-pressed') !== 'true';
      document.getElementById('indicators').classList.toggle('hide-negated', hide);
      button.setAttribute('aria-pressed', hide ? 'true' : 'false');
    });
  }

  /* ---- matrix ---- */
  function matrix() {
    var table = document.getElementById('matrix'), tools = document.querySelector('.matrix-tools');
    if (!table) return;
    if (tools) tools.hidden = false;
    var unfold = document.getElementById('unfold'), covered = document.getElementById('covered');
    if (unfold) unfold.addEventListener('click', function () {
      var folded = all('details:not([open])', table).length > 0;
      all('details', table).forEach(function (d) { d.open = folded; });
      unfold.textContent = folded ? 'Fold all' : 'Unfold all';
    });
    if (covered) covered.addEventListener('click', function () {
      var only = covered.getAttribute('aria-pressed') !== 'true';
      table.classList.toggle('only-covered', only);
      covered.setAttribute('aria-pressed', only ? 'true' : 'false');
    });
    var file = document.getElementById('layer-file'), layer = document.getElementById('layer');
    if (file && layer) {
      file.hidden = false;
      file.addEventListener('change', function () {
        if (!file.files[0] || file.files[0].size > 4000000) return;
        var reader = new FileReader();
        reader.onload = function () { layer.value = String(reader.result); };
        reader.readAsText(file.files[0]);
      });
    }
  }

  /* ---- tables that can be sorted ---- */
  function sorting() {
    all('table.sortable').forEach(function (table) {
      all('thead th', table).forEach(function (th, column) {
        var button = element('button', '', th.textContent);
        button.type = 'button';
        th.textContent = '';
        th.appendChild(button);
        th.setAttribute('aria-sort', 'none');
        button.addEventListener('click', function () {
          var up = th.getAttribute('aria-sort') === 'descending', number = th.classList.contains('num');
          all('thead th', table).forEach(function (o) { o.setAttribute('aria-sort', 'none'); });
          th.setAttribute('aria-sort', up ? 'ascending' : 'descending');
          var body = table.tBodies[0], cell = function (row) { return row.cells[column] ? row.cells[column].textContent.trim() : ''; };
          var value = function (row) { return number ? parseFloat(cell(row).replace(/,/g, '')) || 0 : cell(row).toLowerCase(); };
          var rows = all('tr', body).map(function (row) { return { row: row, value: value(row) }; });
          rows.sort(function (x, y) { return (x.value < y.value ? -1 : x.value > y.value ? 1 : 0) * (up ? 1 : -1); });
          rows.forEach(function (r) { body.appendChild(r.row); });
        });
      });
    });
  }

  /* ---- the index of a copy that lies on disk: a script, since files cannot be fetched ---- */
  var index = null, waiting = [];
  function withIndex(fn) {
    if (index) return fn(index);
    waiting.push(fn);
    if (waiting.length > 1) return;
    var script = document.createElement('script');
    script.src = document.body.dataset.index;
    script.onload = function () {
      index = window.picketIndex;
      waiting.forEach(function (w) { w(index); });
      waiting = [];
    };
    document.head.appendChild(script);
  }
  function root() { return (document.body.dataset.home || '/').replace(/index\.html$/, ''); }

  /* words, "phrase", -word, t1090, name:value */
  function parse(q) {
    var terms = [], match, pattern = /(-?)(?:([A-Za-z_]+):)?(?:"([^"]*)"|(\S+))/g;
    while ((match = pattern.exec(q)) !== null) {
      var text = (match[3] !== undefined ? match[3] : match[4] || '').toLowerCase();
      if (text) terms.push({ not: match[1] === '-', field: (match[2] || '').toLowerCase(), text: text, exact: match[3] !== undefined });
    }
    return terms;
  }
  var levels = ['informational', 'low', 'medium', 'high', 'critical'];
  function fitsField(rule, term) {
    var value = term.text, own = rule[{ level: 'l', status: 's', language: 'g', product: 'p', category: 'c', service: 'v', type: 'y' }[term.field]];
    if (term.field === 'level' && value.slice(0, 2) === '>=') return levels.indexOf(rule.l) >= levels.indexOf(value.slice(2)) && levels.indexOf(rule.l) >= 0;
    if (term.field === 'technique') return rule.t.some(function (t) { return t.toLowerCase() === value || t.toLowerCase().indexOf(value + '.') === 0; });
    if (term.field === 'tactic') return rule.k.indexOf(value) >= 0;
    if (term.field === 'is' || term.field === 'state') return value === (rule.x || 'runnable');
    if (own === undefined) return rule.w.indexOf(term.text) >= 0;
    return String(own).toLowerCase() === value;
  }
  function score(rule, term) {
    if (term.field) return fitsField(rule, term) ? 1 : 0;
    if (/^t\d{4}(\.\d{3})?$/.test(term.text)) return fitsField(rule, { field: 'technique', text: term.text }) ? 3 : 0;
    if (rule.i.toLowerCase() === term.text) return 50;
    var title = rule.n.toLowerCase().indexOf(term.text);
    if (title >= 0) return title === 0 ? 8 : 6;
    return rule.w.indexOf(term.text) >= 0 ? 2 : 0;
  }
  function find(q, most) {
    var terms = parse(q), rules = [], others = [];
    if (!terms.length) return { rules: [], total: 0, others: [] };
    index.rules.forEach(function (rule) {
      var sum = 0;
      for (var i = 0; i < terms.length; i++) {
        var one = score(rule, terms[i]);
        if (terms[i].not ? one : !one) return;
        sum += one;
      }
      rules.push({ score: sum, rule: rule });
    });
    rules.sort(function (a, b) { return b.score - a.score || (a.rule.n < b.rule.n ? -1 : 1); });
    var words = terms.filter(function (t) { return !t.not && !t.field; });
    if (words.length) others = index.others.filter(function (o) {
      return words.every(function (t) { return o.n.toLowerCase().indexOf(t.text) >= 0; });
    }).slice(0, 12);
    return { rules: rules.slice(0, most).map(function (r) { return r.rule; }), total: rules.length, others: others };
  }

  /* ---- search in a copy on disk ---- */
  function searchPage() {
    var box = document.getElementById('big-q'), results = document.querySelector('[data-search]');
    if (!box || !results || !document.body.dataset.index) return;
    var help = results.cloneNode(true);
    var show = function () {
      var q = box.value.trim();
      if (!q) { results.replaceChildren.apply(results, Array.prototype.slice.call(help.cloneNode(true).childNodes)); return; }
      withIndex(function () {
        var found = find(q, 200), section = element('section'), list = element('ul', 'cards');
        var head = element('div', 'head-row');
        head.appendChild(element('h2', '', 'Rules'));
        head.appendChild(element('span', 'soft', found.total + (found.total > 200 ? ', the first 200' : '')));
        section.appendChild(head);
        found.rules.forEach(function (r) {
          var row = element('li', 'card-row'), top = element('div', 'card-head'), a = element('a', 'name', r.n);
          a.href = root() + r.u;
          top.appendChild(a);
          if (r.l) top.appendChild(element('span', 'chip level ' + (levels.indexOf(r.l) >= 0 ? r.l : 'none'), r.l));
          row.appendChild(top);
          row.appendChild(element('p', 'meta', [r.t.join(' '), [r.p, r.c, r.v].filter(Boolean).join(' · '), r.g].filter(Boolean).join('   ')));
          list.appendChild(row);
        });
        section.appendChild(list);
        results.replaceChildren();
        if (found.others.length) {
          var more = element('section'), names = element('ul', 'loose');
          more.appendChild(element('h2', '', 'Techniques, sources, fields'));
          found.others.forEach(function (o) {
            var li = element('li'), a = element('a', '', o.n);
            a.href = root() + o.u;
            li.appendChild(a);
            li.appendChild(element('span', 'soft', ' ' + o.k));
            names.appendChild(li);
          });
          more.appendChild(names);
          results.appendChild(more);
        }
        results.appendChild(found.total || !found.others.length ? section : element('p', 'vh', 'no rules'));
        if (!found.total) section.appendChild(element('p', 'none', 'No rule fits.'));
      });
    };
    var fromAddress = function () {
      var hash = /[#&]q=([^&]*)/.exec(location.hash), query = /[?&]q=([^&]*)/.exec(location.search);
      var given = hash || query;
      if (given) try { box.value = decodeURIComponent(given[1].replace(/\+/g, ' ')); } catch (e) { box.value = ''; }
      show();
    };
    box.form.addEventListener('submit', function (e) { e.preventDefault(); location.hash = 'q=' + encodeURIComponent(box.value); show(); });
    box.addEventListener('input', show);
    window.addEventListener('hashchange', fromAddress);
    fromAddress();
  }

  /* ---- search as you type ---- */
  function suggestions() {
    var box = document.getElementById('q');
    if (!box) return;
    var list = element('div', 'suggestions'), form = box.form, timer = 0, chosen = -1, asked = 0, links = [];
    list.id = 'suggestions';
    list.setAttribute('role', 'listbox');
    list.setAttribute('aria-label', 'Suggestions');
    list.hidden = true;
    form.appendChild(list);
    box.setAttribute('role', 'combobox');
    box.setAttribute('aria-autocomplete', 'list');
    box.setAttribute('aria-expanded', 'false');
    box.setAttribute('aria-controls', 'suggestions');
    var close = function () {
      list.hidden = true;
      chosen = -1;
      box.setAttribute('aria-expanded', 'false');
      box.removeAttribute('aria-activedescendant');
    };
    var choose = function (n) {
      if (chosen >= 0 && links[chosen]) links[chosen].setAttribute('aria-selected', 'false');
      chosen = n;
      if (links[chosen]) {
        links[chosen].setAttribute('aria-selected', 'true');
        links[chosen].scrollIntoView({ block: 'nearest' });
        box.setAttribute('aria-activedescendant', links[chosen].id);
      } else {
        box.removeAttribute('aria-activedescendant');
      }
    };
    var show = function (hits) {
      list.replaceChildren();
      links = hits.map(function (h, i) {
        var a = element('a', '', h.name);
        a.href = h.href;
        a.id = 'suggestion-' + i;
        a.tabIndex = -1;
        a.setAttribute('role', 'option');
        a.setAttribute('aria-selected', 'false');
        a.appendChild(element('span', 'kind-of', h.kind));
        list.appendChild(a);
        return a;
      });
      chosen = -1;
      list.hidden = !hits.length;
      box.setAttribute('aria-expanded', hits.length ? 'true' : 'false');
    };
    var code = encodeURIComponent;
    var fromServer = function (q, mine) {
      fetch('/api/v1/search?per=8&q=' + code(q), { headers: { Accept: 'application/json' } }).then(function (r) {
        if (!r.ok) throw new Error(String(r.status));
        return r.json();
      }).then(function (v) {
        if (mine !== asked) return;
        var hits = [];
        (v.techniques || []).slice(0, 3).forEach(function (t) { hits.push({ name: t.id + (t.name ? ' ' + t.name : ''), href: '/attack/' + code(t.id), kind: 'technique' }); });
        ((v.rules || {}).rules || []).slice(0, 8).forEach(function (r) {
          hits.push({ name: r.name || r.title, href: '/rules/' + code(r.language) + '/' + code(r.key), kind: [r.language, r.level].filter(Boolean).join(' · ') });
        });
        (v.fields || []).slice(0, 2).forEach(function (f) { hits.push({ name: f.name, href: '/fields/' + code(f.name), kind: 'field' }); });
        (v.predicates || []).slice(0, 3).forEach(function (p) {
          hits.push({ name: (p.field || 'any field') + ' ' + p.kind + ' ' + String(p.value).slice(0, 80), href: '/indicators/' + code(p.key), kind: 'indicator' });
        });
        show(hits);
      }).catch(close);
    };
    var fromIndex = function (q, mine) {
      withIndex(function () {
        if (mine !== asked) return;
        var found = find(q, 8), hits = [];
        found.others.slice(0, 4).forEach(function (o) { hits.push({ name: o.n, href: root() + o.u, kind: o.k }); });
        found.rules.forEach(function (r) { hits.push({ name: r.n, href: root() + r.u, kind: [r.g, r.l].filter(Boolean).join(' · ') }); });
        show(hits);
      });
    };
    box.addEventListener('input', function () {
      clearTimeout(timer);
      var q = box.value.trim(), mine = ++asked;
      if (q.length < 2) { close(); return; }
      timer = setTimeout(function () { (document.body.dataset.index ? fromIndex : fromServer)(q, mine); }, 120);
    });
    box.addEventListener('keydown', function (e) {
      if (list.hidden) return;
      if (e.key === 'ArrowDown') { choose((chosen + 1) % links.length); e.preventDefault(); }
      else if (e.key === 'ArrowUp') { choose(chosen <= 0 ? links.length - 1 : chosen - 1); e.preventDefault(); }
      else if (e.key === 'Escape') { close(); e.preventDefault(); }
      else if (e.key === 'Enter' && chosen >= 0) { links[chosen].click(); e.preventDefault(); }
    });
    document.addEventListener('click', function (e) { if (!form.contains(e.target)) close(); });
    form.addEventListener('focusout', function (e) { if (e.relatedTarget && !form.contains(e.relatedTarget)) close(); });
    if (document.body.dataset.index) form.addEventListener('submit', function (e) {
      e.preventDefault();
      asked++;
      close();
      location.href = form.getAttribute('action') + '#q=' + code(box.value);
    });
    document.addEventListener('keydown', function (e) {
      var target = e.target, typing = target && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
      if (e.key === '/' && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) { box.focus(); e.preventDefault(); }
    });
  }

  /* Another form on the start page of a copy on disk leads to its search page, too. */
  function otherForms() {
    if (!document.body.dataset.index || document.querySelector('[data-search]')) return;
    all('form.big-find, .message form').forEach(function (form) {
      form.addEventListener('submit', function (e) {
        e.preventDefault();
        location.href = form.getAttribute('action') + '#q=' + encodeURIComponent(form.elements.q.value);
      });
    });
  }

  theme();
  copying();
  negated();
  matrix();
  sorting();
  suggestions();
  searchPage();
  otherForms();
})();
