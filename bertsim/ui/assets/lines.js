// A file of lines, dropped on a box or chosen: read here, put into the box as if it were pasted, and sent nowhere else.
//   data-choose  opens a file;  data-most  how many lines are taken;  data-at  a line in both lists of a ranking
(() => {
  const MOST_BYTES = 2_000_000;
  const KINDS = /\.(txt|csv|tsv|md|text|log)$/i;
  const boxOf = (event) => event.target.closest?.(".bs-lines-box");

  const decode = (bytes, isCut) => {
    const by = (encoding, fatal = false) => new TextDecoder(encoding, { fatal }).decode(bytes, { stream: isCut }); // the last character may be half
    if (bytes[0] === 0xff && bytes[1] === 0xfe) return by("utf-16le");
    if (bytes[0] === 0xfe && bytes[1] === 0xff) return by("utf-16be");
    if (bytes.includes(0)) return null; // no text
    try { return by("utf-8", true); }
    catch { return by("windows-1252"); }
  };

  // Cells of a table, as RFC 4180 has them: in quotes a cell may hold separators, line ends and, doubled, quotes.
  const cells = (text, separator) => {
    const rows = [[""]];
    let quoted = false;
    for (let at = 0; at < text.length; at++) {
      const [row, sign] = [rows[rows.length - 1], text[at]];
      const last = row.length - 1;
      if (quoted && sign === '"' && text[at + 1] === '"') { row[last] += '"'; at++; }
      else if (sign === '"' && (quoted || !row[last])) quoted = !quoted;
      else if (quoted) row[last] += /[\r\n]/.test(sign) ? " " : sign;
      else if (sign === separator) row.push("");
      else if (sign === "\n") rows.push([""]);
      else if (sign !== "\r") row[last] += sign;
    }
    return rows.filter((row) => row.some((cell) => cell.trim()));
  };

  // Of a table the column that has most text is taken, and its name is no line.
  const fromTable = (text, separator) => {
    const rows = cells(text, separator);
    const width = rows.reduce((most, row) => Math.max(most, row.length), 0);
    const lengths = Array.from({ length: width }, (_, at) => rows.reduce((sum, row) => sum + (row[at]?.length ?? 0), 0));
    const column = lengths.indexOf(Math.max(...lengths));
    const lines = rows.map((row) => (row[column] ?? "").trim());
    const isName = lines.length > 1 && lines[0] && !/\s|[.?!]$/.test(lines[0]) && lines.slice(1).some((line) => /\s/.test(line));
    const named = isName ? ` (“${lines[0]}”)` : "";
    return [isName ? lines.slice(1) : lines, width > 1 || isName ? `column ${column + 1}${named}` : ""];
  };

  const read = async (box, file) => {
    const about = box.querySelector("[data-most]");
    const say = (told) => { about.querySelector('[role="status"]').textContent = told; };
    if (!KINDS.test(file.name) && !file.type.startsWith("text/")) { say(`${file.name} is not taken; a file .txt, .csv or .tsv is.`); return; }
    const bytes = new Uint8Array(await file.slice(0, MOST_BYTES).arrayBuffer());
    const isCut = file.size > MOST_BYTES;
    const text = decode(bytes, isCut);
    if (text === null) { say(`${file.name} is no text.`); return; }
    const separator = { csv: text.split("\n", 1)[0].includes(";") && !text.split("\n", 1)[0].includes(",") ? ";" : ",", tsv: "\t" }[file.name.toLowerCase().split(".").pop()];
    let [lines, column] = separator ? fromTable(text, separator) : [text.split(/\r\n|\n|\r/), ""];
    if (isCut) lines.pop(); // which may be half a line
    lines = lines.filter((line) => line.trim());
    const most = Number(about.dataset.most);
    const taken = lines.slice(0, most);
    if (!taken.length) { say(`${file.name} has no lines.`); return; }
    const more = [lines.length > most ? `the first ${most.toLocaleString("en")} of ${lines.length.toLocaleString("en")} lines` : `${taken.length.toLocaleString("en")} ${taken.length === 1 ? "line" : "lines"}`];
    if (column) more.unshift(column);
    if (isCut) more.push("of its first 2 MB");
    say(`Taken of ${file.name}: ${more.join(", ")}.`);
    const area = box.querySelector("textarea");
    area.value = taken.join("\n");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const mark = (box, isOver) => box?.classList.toggle("is-over", isOver);
  document.addEventListener("dragover", (event) => {
    const box = boxOf(event);
    if (!box || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    mark(box, true);
  });
  document.addEventListener("dragleave", (event) => mark(boxOf(event), false));
  document.addEventListener("drop", (event) => {
    const [box, file] = [boxOf(event), event.dataTransfer?.files[0]];
    if (!box || !file) return;
    event.preventDefault();
    event.stopPropagation();
    mark(box, false);
    read(box, file);
  }, true);
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("[data-choose]") && boxOf(event);
    if (!box) return;
    const input = Object.assign(document.createElement("input"), { type: "file", accept: ".txt,.csv,.tsv,text/plain" });
    input.addEventListener("change", () => { if (input.files[0]) read(box, input.files[0]); });
    input.click();
  });
  // What is pointed at in one list of a ranking is lit in the other, and so is the line between them.
  const light = (event) => {
    const view = event.target.closest?.(".bs-ranks");
    const at = event.type === "mouseout" || event.type === "focusout" ? null : event.target.closest?.("[data-at]")?.dataset.at;
    view?.querySelectorAll("[data-at]").forEach((each) => each.classList.toggle("is-lit", each.dataset.at === at));
    view?.classList.toggle("has-lit", at !== null && at !== undefined);
  };
  for (const kind of ["mouseover", "mouseout", "focusin", "focusout"]) document.addEventListener(kind, light);
})();
