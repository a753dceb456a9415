// Puts a link into the address bar, and into the clipboard where the browser allows that.
(query) => {
  const url = new URL(window.location.href);
  url.search = query;
  history.replaceState(null, "", url);
  navigator.clipboard?.writeText(url.href).catch(() => {});
  return [query];
}
