/* Before the page is drawn: the colours that were chosen, if any. */
(function () {
  'use strict';
  try {
    var chosen = localStorage.getItem('picket-theme');
    if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.theme = chosen;
  } catch (e) { /* no storage: the system's choice */ }
  document.documentElement.classList.add('scripts');
})();
