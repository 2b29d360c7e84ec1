// Clicking and moving the five points on a photo.

export const POINTS = [
  "the eye on the left",
  "the eye on the right",
  "the tip of the nose",
  "the left corner of the mouth",
  "the right corner of the mouth",
];

/** Where the points lie in a face that fills the middle of a photo: shares of its shorter side, from the middle. */
const USUAL = [[-0.14, -0.1], [0.14, -0.1], [0, 0.05], [-0.11, 0.18], [0.11, 0.18]];

/**
 * Makes `box` a photo on which five points are placed. Points are in pixels of the photo, whose pixel centres lie at whole
 * numbers. `onChange(points)` is called after every change.
 */
export function createPoints(box, onChange) {
  const image = new Image();
  image.draggable = false;
  let size = { width: 1, height: 1 };
  let points = [];

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

  function place(marker, [x, y]) {
    const index = Number(marker.dataset.index);
    points[index] = [x, y];
    marker.style.setProperty("--x", (x + 0.5) / size.width);
    marker.style.setProperty("--y", (y + 0.5) / size.height);
    marker.setAttribute("aria-label", `${index + 1}, ${POINTS[index]}, at ${Math.round(x)}, ${Math.round(y)}`);
  }

  function add(point) {
    const marker = document.createElement("button");
    marker.type = "button";
    marker.className = "marker";
    marker.dataset.index = points.length;
    const number = document.createElement("span");
    number.textContent = points.length + 1;
    marker.append(number);
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
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!move) return;
      event.preventDefault();
      const stride = (event.shiftKey ? 0.03 : 0.004) * Math.max(size.width, size.height);
      const [x, y] = points[marker.dataset.index];
      place(marker, inside([x + stride * move[0], y + stride * move[1]]));
      onChange(points);
    });
  }

  function replace(next) {
    box.replaceChildren(image);
    points = [];
    next.forEach((point) => add(inside(point)));
    onChange(points);
  }

  box.addEventListener("click", (event) => {
    if (event.target.closest(".marker") || points.length === POINTS.length) return;
    add(toPixels(event));
    onChange(points);
  });

  return {
    start(address, photoSize, initial) {
      image.src = address;
      image.alt = "The photo, on which the five points are placed";
      size = photoSize;
      replace(initial ?? []);
    },
    undo() {
      replace(points.slice(0, -1));
    },
    centre() {
      const side = Math.min(size.width, size.height);
      replace(USUAL.map(([x, y]) => [size.width / 2 + x * side, size.height / 2 + y * side]));
      box.querySelector(".marker").focus({ preventScroll: true });
    },
    values: () => points.map((point) => [...point]),
  };
}
