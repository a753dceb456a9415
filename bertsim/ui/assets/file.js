// The file of a visitor: sent as it is, to the address of the page's own ticket; what is wrong is said beside the field.
//   data-send   a label that files are chosen in or dropped on, its ticket;  data-most  megabytes that may be sent
(() => {
  const pickers = new Map(); // element -> how it tells Python a key
  const pick = (inside, key) => [...pickers].find(([element]) => element.contains(inside))?.[1](key);
  const areaOf = (event) => event.target.closest?.("[data-send]");
  const say = (area, text, isWrong) => {
    const line = area.parentElement.querySelector(".bs-sending");
    line.className = isWrong ? "bs-sending bs-fault" : "bs-sending";
    line.textContent = (isWrong ? "✕ " : "") + text;
    document.querySelectorAll("#bs-file-taken .bs-fault").forEach((each) => { each.hidden = Boolean(isWrong); }); // of the file before
  };

  const send = (area, files) => {
    const [file] = files;
    if (!file) return;
    if (files.length > 1) { say(area, "One file at a time: drop a single one.", true); return; }
    const kinds = area.querySelector("input").accept.split(",");
    if (!kinds.some((kind) => file.name.toLowerCase().endsWith(kind))) { say(area, `${file.name} is not taken; send ${kinds.join(", ")}.`, true); return; }
    if (file.size > area.dataset.most * 1e6) { say(area, `${file.name} has ${(file.size / 1e6).toFixed(1)} MB; ${area.dataset.most} MB are the most here.`, true); return; }
    const address = new URL(`files/${area.dataset.send}/sent?name=${encodeURIComponent(file.name)}`, location.href.split(/[?#]/)[0]);
    const sending = new XMLHttpRequest();
    sending.upload.onprogress = (event) => say(area, `Sending ${file.name}: ${Math.round((100 * event.loaded) / event.total)} %`);
    sending.onload = () => {
      if (sending.status === 200) { say(area, `Reading ${file.name} …`); pick(area, "sent"); return; }
      let why = sending.status === 413 ? `${area.dataset.most} MB are the most here.` : "try again in a moment.";
      try { why = JSON.parse(sending.responseText).detail; } catch { /* no sentence of ours */ }
      say(area, `${file.name} was not taken: ${why}`, true);
    };
    sending.onerror = () => say(area, `${file.name} could not be sent; is the page still served?`, true);
    sending.open("POST", address);
    sending.setRequestHeader("Content-Type", "application/octet-stream");
    sending.send(file);
  };

  document.addEventListener("change", (event) => {
    const area = areaOf(event);
    if (area) { send(area, event.target.files); event.target.value = ""; }
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const area = areaOf(event);
      if (!area) return;
      event.preventDefault();
      area.classList.toggle("is-over", kind === "dragover");
      if (kind === "drop") send(area, event.dataTransfer.files);
    });
  }

  // A threshold: the line, the counts and the dots of the curves follow the slider; nothing is asked for.
  const frameOf = (svg) => {
    const [left, right, bottom, top, lowX, highX, lowY, highY] = svg.dataset.frame.split(" ").map(Number);
    return {
      x: (value) => left + ((value - lowX) / (highX - lowX)) * (right - left), y: (value) => bottom - ((value - lowY) / (highY - lowY)) * (bottom - top),
      atX: (px) => lowX + ((px - left) / (right - left)) * (highX - lowX), atY: (px) => lowY + ((bottom - px) / (bottom - top)) * (highY - lowY),
    };
  };
  const count = (slider) => {
    const steps = JSON.parse(slider.dataset.steps);
    const [tp, fp] = [steps.tp[slider.value], steps.fp[slider.value]];
    const [recall, precision] = [tp / steps.p, tp / Math.max(tp + fp, 1)];
    const whole = { TP: tp, FP: fp, FN: steps.p - tp, TN: steps.n - fp };
    const shares = { threshold: steps.at[slider.value], precision, recall, F1: (2 * tp) / Math.max(tp + fp + steps.p, 1) };
    const plot = slider.closest(".bs-plot");
    for (const [key, value] of Object.entries(whole)) plot.querySelector(`[data-count="${key}"]`).textContent = value.toLocaleString("en");
    for (const [key, value] of Object.entries(shares)) plot.querySelector(`[data-count="${key}"]`).textContent = value.toFixed(3).replace("-", "−");
    slider.setAttribute("aria-valuetext", `${steps.at[slider.value].toFixed(3)}: precision ${precision.toFixed(2)}, recall ${recall.toFixed(2)}`);
    const line = plot.querySelector("[data-line]");
    const at = frameOf(line.closest("svg")).x(steps.at[slider.value]);
    line.setAttribute("x1", at);
    line.setAttribute("x2", at);
    const dots = { "false positive rate": [fp / steps.n, recall], recall: [recall, precision] };
    for (const [axis, [x, y]] of Object.entries(dots)) {
      for (const dot of slider.closest(".bs-drawn").querySelectorAll(`[data-dot="${CSS.escape(`${axis}/${slider.dataset.of}`)}"]`)) {
        const frame = frameOf(dot.closest("svg"));
        dot.setAttribute("cx", frame.x(x));
        dot.setAttribute("cy", frame.y(y));
      }
    }
  };
  document.addEventListener("input", (event) => { if (event.target.matches?.(".bs-threshold")) count(event.target); });

  // A range, or a box, is dragged in a plot: Python lists its pairs.
  let drag = null;
  const placeOf = (svg, event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [x, y];
  };
  document.addEventListener("pointerdown", (event) => {
    const area = event.target.closest?.(".bs-brush");
    if (!area || event.button) return;
    const svg = area.closest("svg");
    drag = { area, svg, from: placeOf(svg, event), isBox: area.dataset.and !== "pairs", to: null };
    svg.closest(".bs-drawn").querySelectorAll(".bs-dragged").forEach((each) => each.remove());
    drag.mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    drag.mark.setAttribute("class", "bs-dragged");
    svg.append(drag.mark);
    area.setPointerCapture(event.pointerId);
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const { area, svg, from, isBox, mark } = drag;
    const [left, top, width, height] = ["x", "y", "width", "height"].map((key) => Number(area.getAttribute(key)));
    const within = (value, low, size) => Math.min(Math.max(value, low), low + size);
    const to = placeOf(svg, event);
    drag.to = [within(to[0], left, width), within(to[1], top, height)];
    const box = [0, 1].map((i) => [Math.min(from[i], drag.to[i]), Math.max(from[i], drag.to[i])]);
    if (!isBox) box[1] = [top, top + height];
    drag.box = box;
    for (const [key, value] of Object.entries({ x: box[0][0], y: box[1][0], width: box[0][1] - box[0][0], height: box[1][1] - box[1][0] })) mark.setAttribute(key, value);
  });
  // A touch that becomes a scroll is cancelled: nothing was dragged.
  for (const kind of ["pointerup", "pointercancel"]) document.addEventListener(kind, () => {
    if (kind === "pointerup" && drag?.box && drag.box[0][1] - drag.box[0][0] > 3) {
      const frame = frameOf(drag.svg);
      const words = ["brush", drag.area.dataset.brush, ...drag.box[0].map(frame.atX)];
      if (drag.isBox) words.push(drag.area.dataset.and, frame.atY(drag.box[1][1]), frame.atY(drag.box[1][0]));
      pick(drag.area, words.join(" "));
    } else drag?.mark.remove();
    drag = null;
  });

  // What was said of a file on its way goes when there is more to say of it.
  window.bertsim.files = (element, tell, watch) => {
    pickers.set(element, tell);
    watch("value", () => document.querySelectorAll(".bs-sending").forEach((line) => { line.textContent = ""; }));
  };
})();
