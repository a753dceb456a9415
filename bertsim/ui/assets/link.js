// The address follows the page: what Python wrote into `data-query`, what is pinned, whether the views are in sight.
//   data-share  opens the dialog;  data-copy  copies the field or the text beside it;  data-card  saves the card
(() => {
  const VIEWS = "bs-tabs";
  let query = null; // what the page shows; null before there is anything
  let isUsual = false; // what whoever comes without a link finds: it needs no query
  let isOpen = false; // or is to be: an answer may draw the dialog for the first time, or anew while it is read

  const dialog = () => document.getElementById("bs-share");
  const views = () => document.getElementById(VIEWS);

  const link = () => {
    const url = new URL(location.href);
    url.search = query;
    if (/(^|&)mode=/.test(query)) { url.hash = ""; return url; } // pins and views are of a pair
    const pins = window.bertsim.pins().replaceAll(" ", ",");
    url.searchParams.delete("pins");
    if (query && pins) url.searchParams.set("pins", pins);
    url.hash = views().getBoundingClientRect().top < innerHeight / 2 ? VIEWS : "";
    return url;
  };

  const follow = () => {
    if (query === null) return;
    const url = link();
    if (isUsual && !url.searchParams.has("pins")) url.search = "";
    // what is Gradio's or the host's own stays in the address, and in no link
    for (const [name, value] of new URLSearchParams(location.search)) if (name.startsWith("__")) url.searchParams.set(name, value);
    if (url.href === location.href) return;
    history.replaceState(history.state, "", url);
    // a Space of Hugging Face stands in a page whose address the visitor sees
    const host = "https://huggingface.co";
    if (parent !== window && document.referrer.startsWith(`${host}/`)) parent.postMessage({ queryString: url.search.slice(1), hash: url.hash.slice(1) }, host);
  };

  const open = () => {
    const field = dialog()?.querySelector("input");
    if (field) field.value = link().href;
    if (dialog() && !dialog().open) dialog().showModal();
    isOpen = true;
  };

  const update = (element) => {
    const own = element.querySelector("[data-query]");
    if (!own) return;
    const isFirst = query === null;
    query = own.dataset.query;
    isUsual = own.dataset.usual !== undefined;
    element.querySelectorAll("[data-origin]").forEach((each) => { each.textContent = location.origin + location.pathname; });
    if (isFirst && location.hash === `#${VIEWS}`) views().scrollIntoView();
    follow();
    if (isOpen) open();
  };

  const copy = async (button) => {
    const from = button.parentElement.querySelector("input, code");
    try { await navigator.clipboard.writeText(from.value ?? from.textContent); }
    catch { // no clipboard without https
      if (from.select) from.select(); else getSelection().selectAllChildren(from);
      document.execCommand("copy");
    }
    const says = button.textContent;
    button.textContent = dialog().querySelector('[role="status"]').textContent = "Copied";
    setTimeout(() => { button.textContent = says; }, 2000);
  };

  document.addEventListener("click", (event) => {
    const pressed = event.target.closest?.("[data-share], [data-copy], [data-card]");
    if (pressed?.matches("[data-share]")) open();
    else if (pressed?.matches("[data-copy]")) copy(pressed);
    else if (pressed) window.bertsim.savePicture(dialog().querySelector("svg"), "bertsim", pressed.dataset.card);
    follow(); // a press may have pinned something
  });
  for (const kind of ["keydown", "scroll"]) document.addEventListener(kind, follow, { passive: true });
  document.addEventListener("close", (event) => { if (event.target === dialog()) isOpen = false; }, true);

  window.bertsim.follow = (element, watch) => { watch("value", () => update(element)); update(element); };
})();
