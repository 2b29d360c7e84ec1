// Many pictures in little memory: only the rows that can be seen are in the page.

import { t } from "./words.js";

const TILE = { width: 132, height: 164 };
/** Rows above and below the window. */
const MORE_ROWS = 3;

/** Makes `list` a grid of tiles; `addressOf(row)` is a picture's address, `onOpen(index)` is called for a click. */
export function createGrid(list, { addressOf, markOf, onOpen }) {
  let rows = [];
  let columns = 1;
  let drawn = "";
  const tiles = new Map();

  function measure() {
    columns = Math.max(1, Math.floor(list.clientWidth / TILE.width));
    list.style.height = `${Math.ceil(rows.length / columns) * TILE.height}px`;
  }

  function draw(force = false) {
    const top = -list.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / TILE.height) - MORE_ROWS) * columns;
    const last = Math.min(rows.length, (Math.ceil((top + innerHeight) / TILE.height) + MORE_ROWS) * columns);
    const range = `${first}-${last}-${columns}`;
    if (range === drawn && !force) return;
    drawn = range;
    for (const [index, tile] of tiles) {
      if (index >= first && index < last && !force) continue;
      tile.remove();
      tiles.delete(index);
    }
    const added = document.createDocumentFragment();
    for (let index = first; index < last; index += 1) {
      if (!tiles.has(index)) added.append(make(index));
    }
    list.append(added);
    for (const [index, tile] of tiles) {
      tile.style.transform = `translate(${(index % columns) * TILE.width}px, ${Math.floor(index / columns) * TILE.height}px)`;
    }
  }

  function make(index) {
    const row = rows[index];
    const item = document.createElement("li");
    item.setAttribute("aria-setsize", rows.length);
    item.setAttribute("aria-posinset", index + 1);
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.index = index;
    const mark = markOf(row);
    const kept = mark?.decision ? mark.decision === "keep" : row.kept !== false;
    button.className = `tile${kept ? "" : " dropped"}${mark ? " marked" : ""}`;
    const image = new Image();
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = "";
    image.src = addressOf(row);
    const name = document.createElement("span");
    name.textContent = row.person === row.name ? row.name : `${row.person}/${row.name}`;
    button.append(image, name);
    if (!kept) button.setAttribute("aria-label", `${name.textContent}, ${t("dropped")}`);
    button.addEventListener("click", () => onOpen(index));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
      if (!step || !rows[index + step]) return;
      event.preventDefault();
      focus(index + step);
    });
    item.append(button);
    tiles.set(index, item);
    return item;
  }

  function focus(index) {
    const y = list.getBoundingClientRect().top + Math.floor(index / columns) * TILE.height;
    if (y < 0 || y + TILE.height > innerHeight) scrollBy(0, y - innerHeight / 3);
    draw();
    list.querySelector(`[data-index="${index}"]`)?.focus({ preventScroll: true });
  }

  addEventListener("scroll", () => requestAnimationFrame(() => draw()), { passive: true });
  addEventListener("resize", () => {
    measure();
    draw(true);
  });

  return {
    show(next) {
      rows = next;
      measure();
      draw(true);
    },
    redraw: () => draw(true),
    focus,
  };
}
