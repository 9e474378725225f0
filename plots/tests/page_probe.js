// Runs inside the page under test, uses it as a reader does, and tells the embedding page.
"use strict";

const seen = { errors: [], contrast: [], overflow: null };
window.addEventListener("error", (event) => seen.errors.push(event.message));
window.addEventListener("unhandledrejection", (event) => seen.errors.push(String(event.reason)));

function channels(colour) {
  const found = colour.match(/rgba?\(([^)]+)\)/);
  if (found === null) throw new Error(`a colour that this probe does not know: ${colour}`);
  const parts = found[1].split(/[,\s/]+/).map(Number);
  return parts.length === 3 ? [...parts, 1] : parts;
}

// Relative luminance and contrast ratio of WCAG 2.2.
function luminance([red, green, blue]) {
  const linear = [red, green, blue].map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

function over(front, back) {
  return [0, 1, 2].map((at) => front[at] * front[3] + back[at] * (1 - front[3]));
}

function backgroundOf(element) {
  const layers = [];
  for (let each = element; each !== null; each = each.parentElement) {
    const colour = channels(getComputedStyle(each).backgroundColor);
    if (colour[3] > 0) layers.push(colour);
    if (colour[3] === 1) break;
  }
  return layers.reverse().reduce((back, front) => over(front, back), [255, 255, 255]);
}

function checkContrast() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let checked = 0;
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.textContent.trim() === "" || element.closest("script, style, .unseen, desc, title")) continue;
    if (element.getClientRects().length === 0) continue;
    const style = getComputedStyle(element);
    const isDrawn = element.closest("svg") !== null;
    const back = backgroundOf(element);
    // A cell of the heat map has its own background, which the tests of the figure know.
    if (isDrawn && element.closest("#relative_heatmap-axes_1") !== null) continue;
    const front = over(channels(isDrawn ? style.fill : style.color), back);
    const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (light + 0.05) / (dark + 0.05);
    checked += 1;
    if (ratio < (isLarge ? 3 : 4.5)) {
      seen.contrast.push(`${ratio.toFixed(2)}: ${node.textContent.trim().slice(0, 40)}`);
    }
  }
  seen.checked = checked;
}

// Elements that stick out of the page, unless a box of their own scrolls them.
function checkOverflow() {
  const root = document.documentElement;
  seen.overflow = root.scrollWidth - root.clientWidth;
  seen.sticking = Array.from(document.querySelectorAll("body *"))
    .filter((each) => each.closest(".scroll > *, svg, .unseen, .skip") === null
      && each.getBoundingClientRect().right > root.clientWidth + 1)
    .map((each) => each.outerHTML.slice(0, 80));
}

function columnOf(table, title) {
  return Array.from(table.tHead.rows[0].cells).findIndex((cell) => cell.textContent === title);
}

function sorted(table, title) {
  const column = columnOf(table, title);
  table.tHead.rows[0].cells[column].querySelector("button").click();
  return { values: Array.from(table.tBodies[0].rows, (row) => row.cells[column].dataset.v
      ?? row.cells[column].textContent),
    aria: table.tHead.rows[0].cells[column].getAttribute("aria-sort") };
}

function filtered(table, words, choice) {
  const tools = document.querySelector(`[data-tools="${table.id}"]`);
  const select = tools.querySelector("select");
  tools.querySelector("input").value = words;
  tools.querySelector("input").dispatchEvent(new Event("input"));
  if (choice !== undefined) {
    select.value = choice;
    select.dispatchEvent(new Event("change"));
  }
  const shown = Array.from(table.tBodies[0].rows).filter((row) => row.getClientRects().length > 0);
  return { shown: shown.map((row) => row.textContent), told: tools.querySelector("[role=status]").textContent };
}

// Where the column stands in the box that scrolls the table, and how much of the box is seen.
function placeOf(table, title) {
  const box = table.closest(".scroll");
  const begin = box.getBoundingClientRect().left + box.clientLeft;
  const cell = table.tBodies[0].rows[0].cells[columnOf(table, title)].getBoundingClientRect();
  return { left: cell.left - begin, right: cell.right - begin, room: box.clientWidth };
}

// Every box whose content is wider than itself, and every box that says so; both by what it shows.
function checkHints() {
  const boxes = Array.from(document.querySelectorAll(".scroll"));
  const names = (chosen) => chosen.map((box) => box.getAttribute("aria-label"));
  return { wider: names(boxes.filter((box) => box.scrollWidth > box.clientWidth)),
    told: names(boxes.filter((box) => box.previousElementSibling.matches(".hint")
      && box.previousElementSibling.getClientRects().length > 0)) };
}

// Where the first column stands once the table was scrolled to its end, and what is seen in the
// corner above it.
function placeAtEnd(table) {
  const box = table.closest(".scroll");
  const title = table.tHead.rows[0].cells[0].textContent;
  box.scrollIntoView();
  box.scrollLeft = box.scrollWidth;
  box.scrollTop = table.tHead.offsetHeight * 3 / 2;
  const { left, top } = box.getBoundingClientRect();
  const found = { ...placeOf(table, title), moved: box.scrollLeft,
    isTitled: document.elementFromPoint(left + 15, top + 10).closest("th")?.textContent === title };
  box.scrollTo(0, 0);
  scrollTo(0, 0);
  return found;
}

async function downloads() {
  const saved = {};
  const real = URL.createObjectURL;
  const blobs = [];
  URL.createObjectURL = (blob) => { blobs.push(blob); return real.call(URL, blob); };
  HTMLAnchorElement.prototype.click = function click() { saved[this.download] = blobs[blobs.length - 1]; };
  document.querySelectorAll("button.download").forEach((button) => button.click());
  for (const [name, blob] of Object.entries(saved)) {
    const stream = name.endsWith(".gz") ? blob.stream().pipeThrough(new DecompressionStream("gzip")) : blob.stream();
    const digest = await crypto.subtle.digest("SHA-256", await new Response(stream).arrayBuffer());
    saved[name] = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  return saved;
}

window.addEventListener("load", async () => {
  try {
    document.querySelectorAll("details").forEach((each) => { each.open = true; });
    checkOverflow();
    checkContrast();
    seen.dark = matchMedia("(prefers-color-scheme: dark)").matches;
    seen.width = innerWidth;
    seen.unnamed = Array.from(document.querySelectorAll("svg")).filter((svg) =>
      svg.getAttribute("aria-labelledby").split(" ").some((id) => document.getElementById(id) === null)).length;
    const ids = Array.from(document.querySelectorAll("[id]"), (each) => each.id);
    seen.repeated = ids.filter((id, at) => ids.indexOf(id) !== at);
    seen.verdict = placeOf(document.getElementById("claims-table"), "verdict");
    const table = document.getElementById("benchmarks");
    seen.runtime = placeAtEnd(table);
    seen.hints = checkHints();
    document.querySelector("main").style.cssText = "width: 10000px; max-width: none";
    window.dispatchEvent(new Event("resize"));
    seen.hintsWhenWide = checkHints();
    document.querySelector("main").style.cssText = "";
    window.dispatchEvent(new Event("resize"));
    seen.up = sorted(table, "rate /s");
    seen.down = sorted(table, "rate /s");
    seen.names = sorted(table, "workload");
    seen.words = filtered(table, "asio -hash");
    seen.choice = filtered(table, "", "hash");
    seen.none = filtered(table, "no such row", "");
    seen.all = filtered(table, "");
    seen.focusable = table.tHead.querySelectorAll("button").length;
    seen.saved = await downloads();
  } catch (error) {
    seen.errors.push(String(error));
  }
  parent.postMessage(seen, "*");
});
