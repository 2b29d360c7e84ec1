// The results so far, as a row of small pictures.

import { styleOf } from "./opinion.js";

/** Makes `box` a row of results; `onChoose(attempt)` is called for the one that is clicked. */
export function createTries(box, onChoose) {
  return {
    show(attempts, current) {
      box.replaceChildren(...attempts.map((attempt) => {
        const button = document.createElement("button");
        button.type = "button";
        const { model, exaggeration } = attempt.answer;
        const text = [styleOf(attempt), model, exaggeration ? exaggeration.toFixed(1) : ""].filter(Boolean).join(", ");
        button.title = text;
        button.setAttribute("aria-label", text);
        button.setAttribute("aria-pressed", String(attempt === current));
        const image = new Image();
        image.src = attempt.answer.result.url;
        image.alt = "";
        button.append(image);
        button.addEventListener("click", () => {
          onChoose(attempt);
          box.querySelector('[aria-pressed="true"]')?.focus();
        });
        return button;
      }));
    },
  };
}
