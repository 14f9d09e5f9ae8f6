"""
YARA-L rules that name a Sigma original (meta sigma_uuid, or the same title) and those originals, over the shared EVTX: both must be about
the same events. Every difference is explained in yaral_sigma_causes.tsv (rule, events only of the original, events only of the
YARA-L rule, cause); one without a line, another number, or a line that no longer holds fails. yaral_fired.tsv states every YARA-L rule
that fires over those logs, with or without an original; --fired writes it anew, to be read before it is kept.

    yaral_sigma.py PICKET [--list | --fired]

Exit status 77: the corpora are absent.
"""
import collections, json, os, re, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CORPORA = os.environ.get('PICKET_CORPORA') or os.path.join(HERE, '../../../shared/corpora')
YARAL = os.path.join(CORPORA, 'rules/chronicle/rules')
SIGMA = os.path.join(CORPORA, 'rules/sigma')
LOGS = [os.path.join(CORPORA, 'logs/evtx/attack-samples'), os.path.join(CORPORA, 'rules/sigma/regression_data')]
FIRED = os.path.join(HERE, 'yaral_fired.tsv')
FIRED_HEAD = ('# The YARA-L rules that fire over the attack samples and the evidence of Sigma (EVTX, through the UDM mapping): rule, detections, and what\n'
              '# they have in common with the Sigma rule that they name or whose title they bear.\n')


def files_below(folder, suffix):
    return sorted(os.path.join(at, n) for at, _, names in os.walk(folder) for n in names if n.endswith(suffix))


def plain(title):
    return re.sub(r'[^a-z0-9]', '', title.lower())


def pairs():
    """YARA-L file -> Sigma file. An original that is not among the corpora makes no pair."""
    ids, titles = {}, {}
    for folder in ('rules', 'rules-emerging-threats', 'rules-threat-hunting', 'deprecated', 'rules-compliance'):
        for path in files_below(os.path.join(SIGMA, folder), '.yml'):
            text = open(path, encoding='utf-8').read()
            rule_id, title = re.search(r'(?m)^id:\s*(\S+)', text), re.search(r'(?m)^title:\s*(.*)', text)
            if rule_id: ids[rule_id.group(1)] = path
            if title: titles.setdefault(plain(title.group(1)), path)
    out = {}
    for path in files_below(YARAL, '.yaral'):
        text = open(path, encoding='utf-8').read()
        named = re.search(r'sigma_uuid\s*=\s*"([^"]+)"', text)
        name = re.search(r'(?m)^\s*(?:private\s+)?rule\s+(\w+)', text).group(1)
        original = ids.get(named.group(1)) if named else titles.get(plain(name))
        if original: out[path] = original
    return out


def events_of(alert):
    if not alert.get('events'):
        return {(alert['source']['file'], alert['source']['record'])}
    return {(e['source']['file'], e['source']['record']) for e in alert['events'] if e.get('source')}


def scan(picket, rules, folder, name):
    """rule file -> events that its alerts are about; and how many more they counted than they show."""
    out = os.path.join(folder, name + '.jsonl')
    command = [picket, 'scan', '-q', '--status', 'all', '-o', out]
    for path in rules: command += ['-r', path]
    subprocess.run(command + [l for l in LOGS if os.path.isdir(l)], stderr=subprocess.DEVNULL, check=False)
    found, more = collections.defaultdict(set), collections.Counter()
    for line in open(out, encoding='utf-8', errors='replace').read().split('\n'):
        if not line: continue
        alert = json.loads(line)
        events = events_of(alert)
        found[alert['rule']['path']] |= events
        counted = sum((alert.get('counts') or {}).values())
        more[alert['rule']['path']] += max(0, counted - len(events))
    return found, more


def verdict(path, original, mine, theirs, causes):
    """How a rule compares with its original, in words."""
    if not original: return 'names no original'
    a, b = mine.get(path, set()), theirs.get(original, set())
    if a == b: return 'the same events'
    known = causes.get(os.path.relpath(path, YARAL))
    return known[2] if known else 'the same events, of which not all are shown'


def fired(picket, folder):
    """rule file -> detections, of all rules."""
    out = os.path.join(folder, 'all.jsonl')
    command = [picket, 'scan', '-q', '--status', 'all', '-o', out, '-r', YARAL]
    subprocess.run(command + [l for l in LOGS if os.path.isdir(l)], stderr=subprocess.DEVNULL, check=False)
    count = collections.Counter()
    for line in open(out, encoding='utf-8', errors='replace').read().split('\n'):
        if line: count[json.loads(line)['rule']['path']] += 1
    return count


def fired_lines(counts, both, mine, theirs, causes):
    return ['%s\t%d\t%s' % (os.path.relpath(path, YARAL), n, verdict(path, both.get(path), mine, theirs, causes))
            for path, n in sorted(counts.items())]


def main():
    if not os.path.isdir(YARAL) or not os.path.isdir(SIGMA):
        print('skipped 1 cases: corpora absent')
        return 77
    causes = {}
    for line in open(os.path.join(HERE, 'yaral_sigma_causes.tsv'), encoding='utf-8'):
        if line.strip() and line[0] != '#':
            rule, original, ours, cause = line.rstrip('\n').split('\t')
            causes[rule] = (int(original), int(ours), cause)
    both = pairs()
    with tempfile.TemporaryDirectory() as folder:
        mine, more = scan(sys.argv[1], both.keys(), folder, 'yaral')
        theirs, _ = scan(sys.argv[1], set(both.values()), folder, 'sigma')
        stated = fired_lines(fired(sys.argv[1], folder), both, mine, theirs, causes)
    same = silent = wrong = 0
    for path, original in both.items():
        name = os.path.relpath(path, YARAL)
        a, b = mine.get(path, set()), theirs.get(original, set())
        left, right = len(b - a) - more[path], len(a - b)
        if left == 0 and right == 0:
            same += bool(a)
            silent += not a
            if name in causes: print('%s\texplained, but both agree' % name)
            wrong += name in causes
            continue
        known = causes.get(name)
        if not known or known[:2] != (left, right):
            print('%s\t%d\t%d\t%s' % (name, left, right, known[2] if known else '(no cause is known)'))
            wrong += 1
        if '--list' in sys.argv:
            for tag, events in (('original', b - a), ('yara-l', a - b)):
                for e in sorted(events, key=str)[:3]: print('    only %s: %s %s' % (tag, os.path.relpath(e[0], CORPORA), e[1]))
    explained = len(both) - same - silent - wrong
    if '--fired' in sys.argv:
        with open(FIRED, 'w', encoding='utf-8') as f: f.write(FIRED_HEAD + '\n'.join(stated) + '\n')
    recorded = [l for l in open(FIRED, encoding='utf-8').read().split('\n') if l and l[0] != '#']
    for line in sorted(set(stated) ^ set(recorded)):
        print('%s: %s' % ('not in yaral_fired.tsv' if line in stated else 'only in yaral_fired.tsv', line))
        wrong += 1
    print('%d rules fire' % len(stated))
    print('%d rules with their originals: %d about the same events, %d both silent, %d differ and are explained, %d wrong' % (len(both), same, silent, explained, wrong))
    return 1 if wrong or not same else 0


if __name__ == '__main__':
    sys.exit(main())
