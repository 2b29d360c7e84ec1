// Links to the other pages that this server has.

import { PAGES } from "./limits.js"; // made by the program
import { t } from "./words.js";

/** Fills `nav` with links to the pages that are there, but for the one that is shown. */
export function showNav(nav) {
  const pages = ["", ...PAGES].filter((page) => location.pathname !== `/${page}`);
  nav.hidden = pages.length === 0;
  nav.replaceChildren(...pages.map((page) => {
    const link = document.createElement("a");
    link.href = `/${page}`;
    link.textContent = t(`nav_${page || "stylise"}`);
    return link;
  }));
}
