// One small script for every view, run once per component: `element` outlives each redraw of its content.
// data-pick: tell Python which button was pressed. data-link: a token and its characters light up together.
// data-save: save the numbers or the picture from the page itself. Arrow keys walk along a strip of tokens.
const light = (key, on) => {
  if (key) element.querySelectorAll(`[data-link="${CSS.escape(key)}"]`).forEach((e) => e.classList.toggle("is-linked", on));
};
const linkOf = (event) => event.target.closest?.("[data-link]")?.dataset.link;
for (const [enter, leave] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
  element.addEventListener(enter, (event) => light(linkOf(event), true));
  element.addEventListener(leave, (event) => light(linkOf(event), false));
}
const settle = () => {
  element.querySelectorAll('.bs-strip[role="list"]').forEach((strip) => {
    const first = strip.querySelector(".bs-token");
    if (first && !strip.querySelector('.bs-token[tabindex="0"]')) first.tabIndex = 0;
  });
};
element.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const strip = event.target.closest?.(".bs-strip");
  if (!step || !strip) return;
  const cells = [...strip.querySelectorAll(".bs-token")];
  const next = cells[cells.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  cells.forEach((cell) => { cell.tabIndex = -1; });
  next.tabIndex = 0;
  next.focus();
});
const save = (button) => {
  const view = button.closest(".bs-view");
  const svg = view?.querySelector(".bs-main svg") ?? view?.querySelector("svg");
  const kind = button.dataset.save;
  const body = kind === "json" ? button.dataset.payload : new XMLSerializer().serializeToString(svg);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([body], { type: kind === "json" ? "application/json" : "image/svg+xml" }));
  link.download = `${button.dataset.name}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
let focused = null;
element.addEventListener("click", (event) => {
  const saver = event.target.closest("[data-save]");
  if (saver) { save(saver); return; }
  const picker = event.target.closest("[data-pick]");
  if (!picker) return;
  focused = picker.dataset.pick;
  trigger("pick", { key: picker.dataset.pick });
});
watch("value", () => {
  settle();
  const again = focused && element.querySelector(`[data-pick="${CSS.escape(focused)}"]`);
  const isElsewhere = ![null, document.body].includes(document.activeElement) && !element.contains(document.activeElement);
  if (again && !isElsewhere) again.focus({ preventScroll: true });
  focused = null;
});
settle();
