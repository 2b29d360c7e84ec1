// The divider that uncovers photo and drawing in one place.

import { t } from "./words.js";

/** Makes `box` (with two pictures and a range input inside) a before/after view. */
export function createCompare(box) {
  const range = box.querySelector("input");
  const before = box.querySelector(".before");
  const after = box.querySelector(".after");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let split = 100; // share of the photo, in percent
  let frame = 0;

  function set(percent) {
    split = Math.min(100, Math.max(0, percent));
    box.style.setProperty("--split", split);
    box.classList.toggle("no-photo", split < 12);
    box.classList.toggle("no-drawing", split > 88);
    range.value = Math.round(split);
    const before = Math.round(split);
    range.setAttribute("aria-valuetext", t("divider_at", { before, after: 100 - before }));
  }

  function stop() {
    cancelAnimationFrame(frame);
  }

  function glideTo(goal) {
    stop();
    if (still.matches) return set(goal);
    const from = split;
    const start = performance.now();
    const step = (now) => {
      const share = Math.min(1, (now - start) / 900);
      set(from + (goal - from) * (1 - (1 - share) ** 3));
      if (share < 1) frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
  }

  function follow(event) {
    const { left, width } = box.getBoundingClientRect();
    set((100 * (event.clientX - left)) / width);
  }

  // A finger may be about to scroll the page: it takes the divider once it has moved sideways.
  let grip = null;
  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || box.classList.contains("single")) return;
    stop();
    box.setPointerCapture(event.pointerId);
    grip = { x: event.clientX, y: event.clientY, holds: event.pointerType === "mouse" };
    if (grip.holds) follow(event);
    range.focus({ preventScroll: true });
    event.preventDefault();
  });
  box.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const [across, down] = [Math.abs(event.clientX - grip.x), Math.abs(event.clientY - grip.y)];
    grip.holds ||= across > 6 && across > down;
    if (grip.holds) follow(event);
  });
  box.addEventListener("lostpointercapture", () => {
    grip = null;
  });
  box.addEventListener("click", (event) => {
    if (!box.classList.contains("single") && event.target !== range) follow(event);
  });
  range.addEventListener("input", () => {
    stop();
    set(Number(range.value));
  });

  return {
    /** Shows the photo alone, as long as there is no drawing. */
    async showPhoto(address) {
      stop();
      box.classList.add("single");
      range.disabled = true;
      set(100);
      before.src = address;
      after.removeAttribute("src");
      after.alt = "";
      return before.decode().then(() => ({ width: before.naturalWidth, height: before.naturalHeight }), () => null);
    },
    /** Shows both; a photo that is drawn for the first time is uncovered by a glide. */
    async showBoth(photo, drawing, description) {
      const first = box.classList.contains("single");
      before.src = photo;
      after.src = drawing;
      after.alt = description;
      await Promise.allSettled([before.decode(), after.decode()]);
      box.classList.remove("single");
      range.disabled = false;
      if (first) glideTo(50);
    },
  };
}
