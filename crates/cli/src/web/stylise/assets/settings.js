// What is asked for. It stands in the page's address, so that a result can be linked.

/** Names, and the values that need not stand in the address. */
const USUAL = { model: "", to: "drawing", seed: "1", to_seed: "", position: "50", style: "", exaggerate: "0", size: "", whole: "" };

const VALID = {
  model: (text) => text.length < 100,
  to: (text) => ["drawing", "photo"].includes(text),
  seed: (text) => /^\d{1,20}$/.test(text),
  to_seed: (text) => text === "" || /^\d{1,20}$/.test(text),
  position: (text) => /^\d{1,3}$/.test(text) && Number(text) <= 100,
  exaggerate: (text) => text === "auto" || (/^\d(\.\d\d?)?$/.test(text) && Number(text) <= 2),
  style: (text) => text.length < 100,
  size: (text) => text === "" || /^\d{2,4}$/.test(text),
  whole: (text) => ["", "1"].includes(text),
};

/** The settings that the address says. */
export function readSettings() {
  const said = new URLSearchParams(location.search);
  const entries = Object.entries(USUAL).map(([name, usual]) => {
    const value = said.get(name);
    return [name, value !== null && VALID[name](value) ? value : usual];
  });
  return Object.fromEntries(entries);
}

/** Puts settings into the address; `push` makes a step back possible. */
export function writeSettings(settings, push) {
  const url = new URL(location.href);
  for (const [name, usual] of Object.entries(USUAL)) {
    if (settings[name] === usual) url.searchParams.delete(name);
    else url.searchParams.set(name, settings[name]);
  }
  if (url.href === location.href) return;
  if (push) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
}

/** The interface's fields for settings, an example of the style, and points (null where the face is to be found). */
export function fieldsOf(settings, example, chosen) {
  const { model, to, seed, to_seed: toSeed, position, style: name, exaggerate, size, whole } = settings;
  const flat = chosen?.flat().map((value) => value.toFixed(2)).join(",");
  const bySeed = toSeed ? { seed, to_seed: toSeed, position: Number(position) / 100 } : { seed };
  const style = example ? { style: "example", style_picture: example.file } : name ? { style: name } : bySeed;
  return { model, to, size, whole: whole ? "true" : "", points: flat, exaggerate: to === "drawing" ? exaggerate : "0", ...style };
}

/** The seed as the interface takes it, or null. */
export function tidySeed(text) {
  return /^\d{1,20}$/.test(text) && BigInt(text) < 2n ** 64n ? String(BigInt(text)) : null;
}

/** A seed that is easy to remember. */
export function randomSeed() {
  const [number] = crypto.getRandomValues(new Uint32Array(1));
  return String(1 + (number % 100000));
}
