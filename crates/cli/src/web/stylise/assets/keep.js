// Keeps a result in the gallery, where the server has one and somebody asks for it.

import { ask } from "./ask.js";
import { PAGES } from "./limits.js"; // made by the program
import { duration, t } from "./words.js";

/** Whether the server keeps pictures at all. */
export const hasGallery = PAGES.includes("gallery");

/** Keeps the picture of an address; what is to be said of it. */
export async function keep(url) {
  const body = await (await fetch(url)).blob();
  const { seconds_left: seconds } = await ask("/api/gallery", { method: "POST", body });
  return t("kept_for", { time: duration(seconds) });
}
