// What is said of a result.

import { has, t } from "./words.js";

/** A technique that a model knows by name, in the page's language if it has a word for it. */
export function techniqueName(name) {
  const word = `technique_${name.replaceAll("-", "_")}`;
  return has(word) ? t(word) : name;
}

/** By what the style came to be. */
export function styleOf({ settings, example }) {
  const { seed, to_seed: toSeed, position, style } = settings;
  if (example) return t("style_example", { name: example.name });
  if (style) return techniqueName(style);
  return toSeed ? t("style_walk", { position, from: seed, to: toSeed }) : t("style_seed", { seed });
}

/** How it was made, and what is odd about the file. */
export function remark(attempt) {
  const { answer } = attempt;
  const seconds = answer.seconds.toFixed(answer.seconds < 10 ? 2 : 1);
  const made = t("done", { seconds, model: answer.model, style: styleOf(attempt) });
  const grown = answer.exaggeration > 0 ? [t("exaggerated", { amount: answer.exaggeration.toFixed(2) })] : [];
  return [made, ...grown, ...answer.warnings.map((warning) => t("about_file", { warning }))].join(" ");
}

/** How alike both are to the recogniser, and what that means. */
export function opinion({ similarity, same_person: same, as_alike_percent: percent }) {
  if (similarity === null) return t("alike_unknown");
  const verdict = t(same ? "alike_same" : "alike_other", { value: similarity.toFixed(2) });
  return `${verdict} ${percent < 1 ? t("alike_few") : t("alike_share", { share: Math.round(percent) })}`;
}
