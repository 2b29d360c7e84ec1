// A photo on which faces are boxed and points are placed and moved: five, or the 68 of a face that was found.

import { t } from "./words.js";

/** Where the five points lie in a face that fills the middle of a photo: shares of its shorter side, from the middle. */
const USUAL = [[-0.14, -0.1], [0.14, -0.1], [0, 0.05], [-0.11, 0.18], [0.11, 0.18]];
/** The parts of a face with 68 points, and where each begins. */
const PARTS = [[60, "inner_lips"], [48, "lips"], [42, "right_eye"], [36, "left_eye"], [27, "nose"], [22, "right_brow"], [17, "left_brow"], [0, "jaw"]];

/**
 * Makes `box` a photo with points. Points are in pixels of the photo, whose pixel centres lie at whole numbers. `onChange(points)` is
 * called after every change, `onFace(index)` when a box is chosen.
 */
export function createPoints(box, { onChange, onFace }) {
  const image = new Image();
  image.draggable = false;
  let size = { width: 1, height: 1 };
  let points = [];
  let faces = [];
  let chosen = -1;
  let wanted = 5;

  function toPixels(event) {
    const { left, top, width, height } = box.getBoundingClientRect();
    return inside([
      ((event.clientX - left) / width) * size.width - 0.5,
      ((event.clientY - top) / height) * size.height - 0.5,
    ]);
  }

  function inside([x, y]) {
    return [Math.min(size.width - 1, Math.max(0, x)), Math.min(size.height - 1, Math.max(0, y))];
  }

  function nameOf(index) {
    if (wanted === 5) return t(`point_${index}`);
    const [begin, part] = PARTS.find(([begin]) => index >= begin);
    return `${t(part)} ${index - begin + 1}`;
  }

  function place(marker, [x, y]) {
    const index = Number(marker.dataset.index);
    points[index] = [x, y];
    marker.style.setProperty("--x", (x + 0.5) / size.width);
    marker.style.setProperty("--y", (y + 0.5) / size.height);
    marker.setAttribute("aria-label", t("point_at", { number: index + 1, name: nameOf(index), x: Math.round(x), y: Math.round(y) }));
  }

  function add(point) {
    const marker = document.createElement("button");
    marker.type = "button";
    marker.className = wanted === 5 ? "marker" : "marker small-marker";
    marker.dataset.index = points.length;
    // Of many points one takes part in the order of tabs; PageUp and PageDown go to the others.
    marker.tabIndex = wanted === 5 || points.length === 0 ? 0 : -1;
    if (wanted === 5) {
      const number = document.createElement("span");
      number.textContent = points.length + 1;
      marker.append(number);
    }
    place(marker, point);
    makeMovable(marker);
    box.append(marker);
  }

  function makeMovable(marker) {
    let grip = null; // from the pointer to the point, so that it does not jump when it is taken
    marker.addEventListener("pointerdown", (event) => {
      const [x, y] = toPixels(event);
      const [px, py] = points[marker.dataset.index];
      grip = [px - x, py - y];
      marker.setPointerCapture(event.pointerId);
    });
    marker.addEventListener("pointermove", (event) => {
      if (!grip || !marker.hasPointerCapture(event.pointerId)) return;
      const [x, y] = toPixels(event);
      place(marker, inside([x + grip[0], y + grip[1]]));
    });
    marker.addEventListener("lostpointercapture", () => {
      grip = null;
      onChange(points);
    });
    marker.addEventListener("keydown", (event) => {
      const step = { PageDown: 1, PageUp: -1 }[event.key];
      if (step && wanted !== 5) {
        event.preventDefault();
        return focus((Number(marker.dataset.index) + step + points.length) % points.length);
      }
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!move) return;
      event.preventDefault();
      const stride = (event.shiftKey ? 0.03 : 0.004) * Math.max(size.width, size.height);
      const [x, y] = points[marker.dataset.index];
      place(marker, inside([x + stride * move[0], y + stride * move[1]]));
      onChange(points);
    });
  }

  function focus(index) {
    for (const marker of box.querySelectorAll(".marker")) {
      const isIt = Number(marker.dataset.index) === index;
      marker.tabIndex = isIt ? 0 : -1;
      if (isIt) marker.focus({ preventScroll: true });
    }
  }

  function replace(next) {
    box.replaceChildren(image);
    faces.forEach((face, index) => {
      const frame = document.createElement("button");
      frame.type = "button";
      frame.className = "face-box";
      const [x, y, width, height] = face.box;
      const shares = { "--x": x / size.width, "--y": y / size.height, "--w": width / size.width, "--h": height / size.height };
      Object.entries(shares).forEach(([name, value]) => frame.style.setProperty(name, value));
      frame.setAttribute("aria-label", t("face_number", { number: index + 1 }));
      frame.setAttribute("aria-pressed", String(index === chosen));
      frame.addEventListener("click", () => onFace(index));
      box.append(frame);
    });
    points = [];
    next.forEach((point) => add(inside(point)));
    onChange(points);
  }

  box.addEventListener("click", (event) => {
    if (event.target.closest(".marker, .face-box") || points.length >= wanted) return;
    add(toPixels(event));
    onChange(points);
  });

  return {
    /** Shows a photo with the points to begin with, 68 or up to five, and the boxes of its faces. */
    start(address, photoSize, initial, found = [], chosenFace = -1) {
      image.src = address;
      image.alt = t("placing_alt");
      size = photoSize;
      wanted = initial?.length === 68 ? 68 : 5;
      [faces, chosen] = [found, chosenFace];
      replace(initial ?? []);
    },
    undo() {
      replace(points.slice(0, -1));
    },
    centre() {
      const side = Math.min(size.width, size.height);
      wanted = 5;
      replace(USUAL.map(([x, y]) => [size.width / 2 + x * side, size.height / 2 + y * side]));
      box.querySelector(".marker").focus({ preventScroll: true });
    },
    wanted: () => wanted,
    nameOf,
    values: () => points.map((point) => [...point]),
  };
}
