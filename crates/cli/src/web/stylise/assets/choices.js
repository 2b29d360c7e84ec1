// What can be chosen for a model: its techniques, and the sizes that the server has memory for.

import { techniqueName } from "./opinion.js";
import { t } from "./words.js";

/** Longer sides that are offered besides the model's own, in pixels. */
const SIZES = [512, 1024, 1600];

/** The names of styles of what the picture becomes. */
export function techniquesOf(model, to) {
  return model?.styles[to] ?? [];
}

/** Fills the list of techniques; `field` is hidden where there is none. */
export function showTechniques({ field, select }, names, chosen) {
  field.hidden = names.length === 0;
  select.replaceChildren(new Option(t("technique_random"), ""), ...names.map((name) => new Option(techniqueName(name), name)));
  select.value = chosen;
}

/** Fills the list of sizes with those that have at most `most` pixels; `chosen` is there in any case. */
export function showSizes(select, { width = 1, height = 1 } = {}, most, chosen) {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const fits = (size) => size > long && (size * size * short) / long <= most;
  const asked = Number(chosen);
  const sizes = [...new Set([...SIZES.filter(fits), ...(asked ? [asked] : [])])].sort((one, other) => one - other);
  select.replaceChildren(new Option(t("size_own"), ""), ...sizes.map((size) => new Option(t("size_px", { size }), size)));
  select.value = chosen;
}
