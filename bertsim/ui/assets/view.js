// What moves in the browser, for the whole page. Every component with a picture is attached once; it outlives its redraws.
//   data-pick   a button that tells Python which key was pressed
//   data-link   the tokens that an element is of, "a3" or "a3 b5": what is pointed at or pinned is lit in every view
//   data-walk   a strip, an overview or a matrix: one Tab stop, arrow keys walk in it, so many columns wide (0: a line)
//   data-tint   cosines or attention of A with B, in thousandths: a pinned token of A tints B's, and the other way round
//   data-marker a mark that slides from where it was;  data-save  saves the numbers or the picture from the page itself
//   data-names  of a view of whole sentences: these, by which keys such as "s3" are called; they are not pinned
window.bertsim = (() => {
  const components = new Map(); // element -> how it tells Python a key
  const places = new Map(); // marks, by name, where they were
  const unfolded = new Set(); // what was opened stays open in the next picture
  const tints = new WeakMap();
  const drawn = new WeakMap(); // the picture of a component, by its place among all that were drawn
  let pins = [];
  let pointed = [];
  let told = ""; // what the pointed-at cell says of itself
  let pair = null; // the sentences that the pins are of
  let isOwn = false; // whether these are the visitor's: until then they are a link's, which may come with its encoder

  const page = () => document.querySelector(".gradio-container");
  const openView = () => [...document.querySelectorAll(".bs-view")].find((view) => view.checkVisibility());
  const componentOf = (inside) => [...components.keys()].find((element) => element.contains(inside));
  const keysOf = (element) => element?.dataset.link.split(" ").filter(Boolean) ?? [];
  const linkOf = (event) => event.target.closest?.("[data-link]");
  const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable], dialog");

  const nameOf = (view, key) => {
    if (view.dataset.names) return `“${JSON.parse(view.dataset.names)[key.slice(1)]}”`;
    const found = view.querySelector(`.bs-token[data-link="${key}"] bdi, text[data-link="${key}"], .bs-text [data-link="${key}"]`);
    return found?.textContent.trim() ?? "";
  };

  // Of tokens of one sentence: how much each token of the other one has to do with them, in thousandths.
  const strengths = (view, keys) => {
    const letter = keys[0]?.[0];
    if (!view?.dataset.tint || !letter || keys.some((key) => key[0] !== letter)) return [];
    if (!tints.has(view)) tints.set(view, JSON.parse(view.dataset.tint));
    const matrix = tints.get(view);
    const own = keys.map((key) => Number(key.slice(1)));
    const others = letter === "a" ? matrix[0].length : matrix.length;
    return Array.from({ length: others }, (_, other) => {
      const values = own.map((at) => (letter === "a" ? matrix[at]?.[other] : matrix[other][at]) ?? 0);
      return [(letter === "a" ? "b" : "a") + other, values.reduce((sum, value) => sum + value, 0) / values.length];
    });
  };

  const say = (view, keys, found) => {
    const line = view?.querySelector(".bs-said");
    if (!line) return;
    const best = found.map(([key, value]) => [nameOf(view, key), value]).filter(([name]) => /^[^[].*[\p{L}\p{N}]|^[\p{L}\p{N}]/u.test(name));
    best.sort((one, other) => other[1] - one[1]);
    const named = best.slice(0, 3).map(([name, value]) => `${name} ${(value / 1000).toFixed(2)}`);
    const whose = [...new Set(keys)].map((key) => nameOf(view, key)).join(", ");
    const says = (told && view.dataset.names ? `${whose}: ${told}` : told) || (named.length ? `${whose}: ${view.dataset.what} with ${named.join(" · ")}` : keys.length ? whose : line.dataset.hint);
    if (line.textContent !== says) line.textContent = says;
  };

  const show = () => {
    const view = openView();
    const lit = new Set([...pins, ...pointed]);
    page()?.querySelectorAll("[data-link]").forEach((element) => {
      const keys = keysOf(element);
      const count = keys.filter((key) => lit.has(key)).length;
      element.classList.toggle("is-linked", count > 0 && count === keys.length);
      element.classList.toggle("is-near", count > 0 && count < keys.length);
      element.classList.toggle("is-pinned", keys.length > 0 && keys.every((key) => pins.includes(key)));
    });
    view?.classList.toggle("has-links", lit.size > 0);
    const chosen = pins.length ? pins : pointed;
    const found = strengths(view, chosen);
    const high = Number(view?.dataset.high) || 1000;
    const share = new Map(found.map(([key, value]) => [key, Math.min(value / high, 1)]));
    page()?.querySelectorAll(".bs-token, .bs-text [data-link]").forEach((element) => {
      const own = view?.contains(element) ? share.get(element.dataset.link) : undefined;
      element.classList.toggle("is-tinted", own !== undefined);
      if (own !== undefined) element.style.setProperty("--tint", `${Math.round(own ** 1.5 * 62)}%`);
    });
    say(view, pointed.length ? pointed : pins, pointed.length && pins.length ? strengths(view, pointed) : found);
  };

  const point = (element) => {
    pointed = keysOf(element);
    told = element?.matches(".bs-cell") ? element.querySelector("title")?.textContent ?? "" : "";
    show();
  };

  const pin = (keys, adds) => {
    if (openView()?.dataset.names) return;
    isOwn = true;
    const isThere = keys.every((key) => pins.includes(key));
    if (isThere && (adds || pins.length === keys.length)) pins = pins.filter((key) => !keys.includes(key));
    else pins = adds ? [...new Set([...pins, ...keys])] : keys;
    show();
    const view = openView();
    if (view?.dataset.follows) components.get(componentOf(view))?.("pins");
  };

  const download = (name, body, type) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([body], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const savePicture = async (svg, name, kind) => {
    const text = new XMLSerializer().serializeToString(svg);
    if (kind === "svg") { download(`${name}.svg`, text, "image/svg+xml"); return; }
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: svg.width.baseVal.value, height: svg.height.baseVal.value });
    canvas.getContext("2d").drawImage(image, 0, 0);
    canvas.toBlob((blob) => download(`${name}.png`, blob, "image/png"));
  };

  const save = (button) => {
    const view = button.closest("figure, .bs-plot") ?? button.closest(".bs-view");
    const { save: kind, name, payload } = button.dataset;
    if (kind === "csv") download(`${name}.csv`, `\ufeff${payload}`, "text/csv");
    else if (kind === "json") download(`${name}.json`, payload, "application/json");
    else savePicture(view.querySelector(".bs-main svg") ?? view.querySelector("svg"), name, kind);
  };

  const press = (picker) => {
    const component = componentOf(picker);
    component.dataset.pressed = picker.dataset.pick;
    component.dataset.within = picker.closest("[data-walk]")?.getAttribute("aria-label") ?? "";
    components.get(component)?.(picker.dataset.pick);
  };

  const cellsOf = (walk) => [...walk.querySelectorAll(".bs-cell, .bs-token")].filter((cell) => cell.checkVisibility());
  const isStop = (cell) => cell && !cell.matches("span");

  const walk = (event) => {
    const within = event.target.closest?.("[data-walk]");
    const columns = Number(within?.dataset.walk) || 1;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (!within || !step) return;
    const cells = cellsOf(within);
    const current = within.querySelector(".is-current");
    let at = cells.indexOf(event.target.closest("button") ?? current);
    if (at < 0) at = step > 0 ? -step : cells.length;
    do at += step; while (cells[at] && !isStop(cells[at]));
    if (!cells[at]) return;
    event.preventDefault();
    if (cells[at].matches("button")) { cells[at].focus(); return; }
    current?.classList.remove("is-current");
    cells[at].classList.add("is-current");
    cells[at].scrollIntoView({ block: "nearest", inline: "nearest" });
    point(cells[at]);
  };

  const hide = () => {
    const view = openView();
    const keys = pins.length ? pins : pointed;
    if (view && keys.length) components.get(componentOf(view))?.(keys.join(" "));
  };

  const shortcuts = {
    s: () => { const swap = document.querySelector("#bs-swap"); if (swap?.checkVisibility()) swap.click(); }, // in Compare alone
    m: hide,
    "?": () => document.querySelector("#bs-keys")?.showModal(),
  };

  document.addEventListener("mouseover", (event) => {
    const link = linkOf(event);
    if (link || pointed.length) point(link);
  });
  document.addEventListener("focusin", (event) => {
    const stop = event.target.closest?.("[data-walk] button");
    stop?.closest("[data-walk]").querySelectorAll("button").forEach((each) => { each.tabIndex = each === stop ? 0 : -1; });
    if (linkOf(event)) point(linkOf(event));
  });
  document.addEventListener("focusout", (event) => {
    event.target.querySelector?.(".is-current")?.classList.remove("is-current");
    if (pointed.length) point(null);
  });
  document.addEventListener("click", (event) => {
    const saver = event.target.closest?.("[data-save]");
    if (saver) { save(saver); return; }
    if (event.target.closest?.("[data-keys]")) { shortcuts["?"](); return; }
    const summary = event.target.closest?.("summary");
    if (summary) unfolded[summary.parentElement.open ? "delete" : "add"](summary.textContent);
    const picker = event.target.closest?.("[data-pick]");
    const keys = keysOf(linkOf(event));
    if (keys.length && (event.shiftKey || !picker)) pin(keys, event.shiftKey);
    else if (picker) press(picker);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      [...document.querySelectorAll(".bs-go, .bs-run")].find((each) => each.checkVisibility())?.click(); // of the open mode
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === "Escape" && (pins.length || pointed.length)) { told = ""; pointed = []; pin(pins, true); return; }
    const current = event.target.matches?.("[data-walk]") && event.target.querySelector(".is-current");
    if (current && ["Enter", " "].includes(event.key)) {
      event.preventDefault();
      if (current.dataset.pick) press(current); else pin(keysOf(current), event.shiftKey);
      return;
    }
    walk(event);
    shortcuts[event.key.toLowerCase()]?.();
  });
  // After a redraw: what was open, focused, pinned and marked before is so again.
  const settle = (element) => {
    const place = Number(element.querySelector("[data-drawn]")?.dataset.drawn);
    const isOld = place < drawn.get(element);
    drawn.set(element, place);
    if (isOld) components.get(element)(""); // it came after one that was drawn later: ask anew
    const view = element.querySelector(".bs-view");
    if (view?.querySelector(".bs-text")) {
      const sentences = [...view.querySelectorAll(".bs-text")].map((text) => text.textContent).join("\n");
      const named = (view.dataset.pins ?? "").split(" ").filter(Boolean);
      if (pair !== null && sentences !== pair) [pins, isOwn] = [[], true];
      else if (!isOwn && named.length) pins = named;
      pair = sentences;
    }
    element.querySelectorAll("details").forEach((each) => { each.open = unfolded.has(each.querySelector("summary").textContent); });
    element.querySelectorAll("[data-walk]").forEach((each) => { const first = each.querySelector("button"); if (first) first.tabIndex = 0; });
    element.querySelectorAll("[data-marker]").forEach((mark) => {
      const [before, now] = [places.get(mark.dataset.marker), mark.style.left];
      places.set(mark.dataset.marker, now);
      const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (before && before !== now && !isCalm) mark.animate([{ left: before }, { left: now }], { duration: 350, easing: "ease-out" });
    });
    const { pressed, within } = element.dataset;
    delete element.dataset.pressed;
    const sought = `[data-pick="${CSS.escape(pressed ?? "")}"]`;
    const again = element.querySelector(`[aria-label="${CSS.escape(within ?? "")}"] ${sought}`) ?? element.querySelector(sought);
    const isElsewhere = ![null, document.body].includes(document.activeElement) && !element.contains(document.activeElement);
    if (again && !isElsewhere) {
      if (again.matches("g")) again.classList.add("is-current"); // of a picture one stands in the whole
      (again.matches("g") ? again.closest("[data-walk]") : again)?.focus({ preventScroll: true });
    }
    if (pins.length || pointed.length) show();
  };

  return {
    attach: (element, pick, watch) => {
      components.set(element, pick);
      watch("value", () => settle(element));
      settle(element);
    },
    pins: () => pins.join(" "),
    savePicture,
  };
})();
