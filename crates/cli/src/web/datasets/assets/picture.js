// A picture's points, which can be dragged.

import { t } from "./words.js";

/** Makes `stage` a picture with points in pixels of the original; `onChange(points)` is called when one is moved. */
export function createStage(stage, onChange) {
  const image = new Image();
  let size = { width: 1, height: 1 };
  let points = [];
  stage.append(image);

  function place(marker, [x, y]) {
    points[marker.dataset.index] = [x, y];
    marker.style.setProperty("--x", (x + 0.5) / size.width);
    marker.style.setProperty("--y", (y + 0.5) / size.height);
    const values = { number: Number(marker.dataset.index) + 1, x: Math.round(x), y: Math.round(y) };
    marker.setAttribute("aria-label", t("landmark_at", values));
  }

  function moved(marker, x, y) {
    place(marker, [Math.min(size.width * 1.5, Math.max(-size.width / 2, x)), Math.min(size.height * 1.5, Math.max(-size.height / 2, y))]);
  }

  function toPixels(event) {
    const { left, top, width, height } = image.getBoundingClientRect();
    return [((event.clientX - left) / width) * size.width - 0.5, ((event.clientY - top) / height) * size.height - 0.5];
  }

  function add(point, index) {
    const marker = document.createElement("button");
    marker.type = "button";
    marker.className = "point";
    marker.dataset.index = index;
    place(marker, point);
    let holds = false;
    marker.addEventListener("pointerdown", (event) => {
      holds = true;
      marker.setPointerCapture(event.pointerId);
      event.preventDefault();
      marker.focus({ preventScroll: true });
    });
    marker.addEventListener("pointermove", (event) => {
      if (holds) moved(marker, ...toPixels(event));
    });
    marker.addEventListener("lostpointercapture", () => {
      holds = false;
      onChange(points);
    });
    marker.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!move) return;
      event.preventDefault();
      event.stopPropagation();
      const stride = event.shiftKey ? 5 : 1;
      const [x, y] = points[index];
      moved(marker, x + stride * move[0], y + stride * move[1]);
      onChange(points);
    });
    stage.append(marker);
  }

  return {
    show(address, alt, realSize, initial) {
      image.src = address;
      image.alt = alt;
      size = realSize;
      points = [];
      stage.querySelectorAll(".point").forEach((marker) => marker.remove());
      initial.forEach(add);
    },
    setPointsShown(shown) {
      stage.classList.toggle("no-points", !shown);
    },
  };
}
