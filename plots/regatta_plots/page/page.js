"use strict";
// Sorting and filtering of the tables, a word on what scrolls sideways, and the download of what is
// embedded. The page reads without.

// A cell's value: the figure behind it where there is one, else its text in lower case.
function valueOf(row, column) {
  const cell = row.cells[column];
  if (!cell.hasAttribute("data-v")) return cell.textContent.trim().toLowerCase();
  return cell.dataset.v === "" ? null : Number(cell.dataset.v);
}

function order(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

// What has no value stands last, whichever way the rest runs.
function sortBy(table, column, isDescending) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => ({ row, value: valueOf(row, column) }));
  rows.sort((a, b) => {
    if (a.value === null || b.value === null) return (a.value === null) - (b.value === null);
    return isDescending ? order(b.value, a.value) : order(a.value, b.value);
  });
  body.append(...rows.map((each) => each.row));
  Array.from(table.tHead.rows[0].cells).forEach((cell, place) => {
    if (place === column) cell.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
    else cell.removeAttribute("aria-sort");
  });
}

// Rows that hold every word; a word with a minus in front must not be there.
function filterRows(table, text, choice, told) {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "" && word !== "-");
  let shown = 0;
  for (const row of table.tBodies[0].rows) {
    const content = row.textContent.toLowerCase();
    const fits = words.every((word) => word.startsWith("-") ? !content.includes(word.slice(1))
                                                            : content.includes(word));
    row.hidden = !fits || (choice !== "" && row.dataset.choice !== choice);
    shown += row.hidden ? 0 : 1;
  }
  told.textContent = `${shown} of ${table.tBodies[0].rows.length} rows`;
}

function prepare(table) {
  Array.from(table.tHead.rows[0].cells).forEach((cell, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = cell.textContent;
    button.addEventListener("click", () =>
      sortBy(table, column, cell.getAttribute("aria-sort") === "ascending"));
    cell.replaceChildren(button);
  });
  const tools = document.querySelector(`[data-tools="${table.id}"]`);
  if (tools === null) return;
  const input = tools.querySelector("input");
  const choice = tools.querySelector("select");
  const told = tools.querySelector("[role=status]");
  const apply = () => filterRows(table, input.value, choice === null ? "" : choice.value, told);
  input.addEventListener("input", apply);
  if (choice !== null) choice.addEventListener("change", apply);
  tools.hidden = false;
  apply();
}

function download(button) {
  const text = document.getElementById(button.dataset.source).textContent;
  const bytes = button.dataset.encoding === "base64"
    ? Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)) : text;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: button.dataset.type }));
  link.download = button.dataset.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// Above each box stands a line that is seen while its content is wider than the box.
function tellWhatScrolls(boxes) {
  for (const box of boxes) {
    const hint = document.createElement("p");
    hint.className = "hint";
    hint.textContent = "Wider than the page: scroll it sideways.";
    box.before(hint);
    const tell = () => { hint.hidden = box.scrollWidth <= box.clientWidth; };
    ["load", "resize", "input", "change"].forEach((cause) => window.addEventListener(cause, tell));
    tell();
  }
}

document.querySelectorAll("table.sortable").forEach(prepare);
tellWhatScrolls(document.querySelectorAll(".scroll"));
document.querySelectorAll("button.download").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => download(button));
});
window.addEventListener("beforeprint", () =>
  document.querySelectorAll("details").forEach((each) => { each.open = true; }));
