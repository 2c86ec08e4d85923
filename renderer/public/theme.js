// Runs before the first paint, so that a light studio does not flash dark. A file, since the page allows no inline script.
if (localStorage.getItem('parfocal.theme') === 'light') document.documentElement.dataset.theme = 'light';
