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

  window.bertsim.files = (element, tell) => pickers.set(element, tell);
})();
