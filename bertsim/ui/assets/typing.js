// While a sentence is typed: the verdict that is no longer on it is greyed at once, and 300 ms after the last key the pair
// is asked for. What stands at a box as wrong goes when that box is edited.
(() => {
  const PAUSE = 300;
  let pause = 0;
  let edited = 0; // when, as the turns of requests count

  const grey = (isOld) => document.querySelector("#bs-result")?.classList.toggle("is-old", isOld);
  const boxOf = (event) => event.target.closest?.("#bs-a textarea, #bs-b textarea");
  const wait = () => {
    clearTimeout(pause);
    pause = setTimeout(() => document.querySelector("#bs-run")?.click(), PAUSE);
  };
  const mark = (inside) => {
    const place = inside.closest('[id^="bs-faults-"]');
    const box = document.querySelector(`#${place.id.replace("faults-", "")} textarea`);
    const fault = place.querySelector(".bs-fault:not([hidden])");
    box?.setAttribute("aria-invalid", String(Boolean(fault)));
    if (fault) box?.setAttribute("aria-describedby", fault.id); else box?.removeAttribute("aria-describedby");
  };

  document.addEventListener("input", (event) => {
    const box = boxOf(event);
    if (!box) return;
    edited = performance.now();
    grey(true);
    const place = document.querySelector(`#bs-faults-${box.closest("#bs-a") ? "a" : "b"}`);
    place?.querySelectorAll(".bs-fault").forEach((fault) => { fault.hidden = true; });
    if (place) mark(place);
    if (event.isComposing) clearTimeout(pause); else wait();
  });
  document.addEventListener("compositionend", (event) => { if (boxOf(event)) wait(); });
  // Whoever asks need not wait, and is not asked for again.
  document.addEventListener("click", (event) => { if (event.target.closest?.("#bs-run, [data-pick]")) clearTimeout(pause); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && boxOf(event)) clearTimeout(pause);
  });

  // A box of another mode: 500 ms after its last key the hidden button beside it is pressed.
  let later = 0;
  const ask = (event) => {
    const box = event.target.closest?.(".bs-typed");
    if (!box) return;
    clearTimeout(later);
    if (!event.isComposing) later = setTimeout(() => box.parentElement.closest(":has(.bs-when-typed)").querySelector(".bs-when-typed").click(), 500);
  };
  for (const kind of ["input", "compositionend"]) document.addEventListener(kind, ask);

  window.bertsim.answers = (element, watch) => {
    watch("value", () => grey(Number(element.querySelector("[data-turn]")?.dataset.turn ?? Infinity) < edited));
  };
  window.bertsim.faults = (element, watch) => watch("value", () => mark(element));
})();
