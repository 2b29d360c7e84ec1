// Pictures that are chosen, dropped or pasted.

import { t } from "./words.js";

/** Calls `open(file, name)` for a picture chosen in `input`, dropped anywhere (while `zone` is shown), or pasted. */
export function onPictures({ input, zone, open }) {
  input.addEventListener("change", () => {
    const [file] = input.files;
    if (file) open(file, file.name);
    input.value = ""; // the same file may be chosen again
  });
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  window.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    zone.hidden = false;
  });
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) zone.hidden = true;
  });
  window.addEventListener("drop", (event) => {
    zone.hidden = true;
    if (!carriesFiles(event)) return;
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) open(file, file.name);
  });
  window.addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (!file) return;
    event.preventDefault();
    open(file, file.name || t("picture"));
  });
}
