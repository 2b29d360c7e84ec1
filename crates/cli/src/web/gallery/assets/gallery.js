// Pictures that people chose to keep, until their time is over.

import { ask } from "./ask.js";
import { showNav } from "./nav.js";
import { duration, languageButton, t } from "./words.js";

const by = (id) => document.getElementById(id);
let answer = null;

async function tried(work) {
  by("problem").hidden = true;
  try {
    await work();
  } catch (error) {
    by("problem").textContent = error.message;
    by("problem").hidden = false;
  }
}

function show() {
  if (!answer) return;
  const { kept_seconds: seconds, pictures } = answer;
  by("summary").textContent = t(pictures.length ? "gallery_summary" : "gallery_empty", { count: pictures.length, time: duration(seconds) });
  by("kept").replaceChildren(...pictures.map(({ id, seconds_left: left }, index) => {
    const item = document.createElement("li");
    const address = `/api/gallery/${id}`;
    const image = new Image();
    image.loading = "lazy";
    image.src = address;
    image.alt = t("gallery_picture", { number: index + 1 });
    const until = Object.assign(document.createElement("p"), { className: "small", textContent: t("time_left", { time: duration(left) }) });
    const row = Object.assign(document.createElement("div"), { className: "row" });
    const link = Object.assign(document.createElement("a"), { className: "button", href: address, download: `drawing-${id.slice(0, 8)}.png`, textContent: t("download") });
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: t("forget") });
    button.setAttribute("aria-label", `${t("forget")}: ${image.alt}`);
    button.addEventListener("click", () => tried(async () => {
      await ask(address, { method: "DELETE" });
      await load();
    }));
    row.append(link, button);
    item.append(image, until, row);
    return item;
  }));
}

async function load() {
  answer = await ask("/api/gallery");
  show();
}

showNav(by("nav"));
languageButton(by("language"), () => {
  showNav(by("nav"));
  show();
});
tried(load);
