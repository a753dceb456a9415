// While something is typed: the answer that is no longer to it is greyed at once, and 300 ms after the last key it is asked
// for; greyed is one, too, beside settings that a fault came of. What stands at a box as wrong goes when that box is edited.
// In every mode: `bs-typed` has a box or a slider in it, `bs-result` the answer, `bs-go` is the button that asks; after
// 500 ms where much is typed, `is-long`.
(() => {
  const PAUSE = 300, LONGER = 500;
  let pause = 0;
  const edited = new Map(); // by mode: when, as the turns of requests count

  const modeOf = (inside) => inside.closest('[id^="bs-mode-"]');
  const grey = (mode, isOld) => mode?.querySelector(".bs-result")?.classList.toggle("is-old", isOld);
  const boxOf = (event) => event.target.closest?.(".bs-typed :is(textarea, input)");
  const wait = (box) => {
    clearTimeout(pause);
    pause = setTimeout(() => modeOf(box)?.querySelector(".bs-go")?.click(), box.closest(".is-long") ? LONGER : PAUSE);
  };
  const mark = (place) => {
    const box = document.querySelector(`#${place?.id.replace("faults-", "")} textarea`);
    const fault = place?.querySelector(".bs-fault:not([hidden])");
    box?.setAttribute("aria-invalid", String(Boolean(fault)));
    if (fault) box?.setAttribute("aria-describedby", fault.id); else box?.removeAttribute("aria-describedby");
  };

  document.addEventListener("input", (event) => {
    const box = boxOf(event);
    const mode = box && modeOf(box);
    if (!mode) return;
    edited.set(mode.id, performance.now());
    grey(mode, true);
    const place = document.getElementById(box.closest(".bs-typed").id.replace("bs-", "bs-faults-"));
    place?.querySelectorAll(".bs-fault").forEach((fault) => { fault.hidden = true; });
    if (place) mark(place);
    if (event.isComposing) clearTimeout(pause); else wait(box);
  });
  document.addEventListener("compositionend", (event) => { if (boxOf(event)) wait(boxOf(event)); });
  // Whoever asks need not wait, and is not asked for again.
  document.addEventListener("click", (event) => { if (event.target.closest?.(".bs-go, .bs-run, [data-pick]")) clearTimeout(pause); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && boxOf(event)) clearTimeout(pause);
  });

  window.bertsim.answers = (element, watch) => {
    watch("value", () => {
      const mode = modeOf(element);
      grey(mode, Number(element.querySelector("[data-turn]")?.dataset.turn ?? Infinity) < (edited.get(mode?.id) ?? 0));
    });
  };
  window.bertsim.failed = (name) => grey(document.getElementById(`bs-mode-${name}`), true); // until the next answer
  window.bertsim.faults = (element, watch) => watch("value", () => mark(element.closest('[id^="bs-faults-"]')));
})();
