// Curves of numbers over steps, as SVG.

const SIZE = { width: 420, height: 210, left: 58, right: 10, top: 10, bottom: 26 };
const SVG = "http://www.w3.org/2000/svg";
/** Colours that differ in light and dark, and for most people who see colours differently. */
export const COLOURS = ["#c2502e", "#2f7fb8", "#4f8f3a", "#8a63b8", "#b8860b", "#2a9d8f", "#c04f8f", "#6b7280"];

function make(name, attributes) {
  const element = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  return element;
}

/** An exponential moving average over about a fiftieth of the points. */
export function smoothed(values) {
  const share = 2 / (1 + Math.max(1, values.length / 50));
  let mean = values[0];
  return values.map((value) => {
    mean += share * (value - mean);
    return mean;
  });
}

/** A number in few characters. */
export function short(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

/** A level of a chart, with as many digits as its span needs. */
function tick(value, span) {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(span)));
  return Math.abs(value) >= 1e5 || digits > 6 ? value.toExponential(2) : String(Number(value.toFixed(digits)));
}

/**
 * A chart of `lines`, each { colour, steps, values, label }; `options` has `logarithmic`, `smooth`, and perhaps `chosen`, a step that
 * is marked.
 */
export function chart(title, lines, { logarithmic = false, smooth = false, chosen = null } = {}) {
  const { width, height, left, right, top, bottom } = SIZE;
  const shown = lines.map((line) => ({ ...line, drawn: smooth ? smoothed(line.values) : line.values }));
  const height_of = (value) => (logarithmic ? Math.log10(Math.max(value, 1e-12)) : value);
  const values = shown.flatMap(({ drawn }) => drawn).map(height_of).filter(Number.isFinite);
  const steps = shown.flatMap((line) => [line.steps[0], line.steps.at(-1)]);
  const [low, high] = extent(values);
  const [first, last] = extent(steps);
  const x = (step) => left + ((step - first) / (last - first)) * (width - left - right);
  const y = (value) => top + ((high - height_of(value)) / (high - low)) * (height - top - bottom);
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": describe(title, lines) });
  for (const share of [0, 0.5, 1]) {
    const level = low + share * (high - low);
    const at = top + (1 - share) * (height - top - bottom);
    svg.append(make("line", { x1: left, x2: width - right, y1: at, y2: at, class: "rule" }));
    svg.append(text(left - 6, at + 4, logarithmic ? short(10 ** level) : tick(level, high - low), "end"));
  }
  // A marked step stands in place of an end that it would cover.
  const isClear = (step) => chosen === null || Math.abs(x(chosen) - x(step)) > 40;
  if (isClear(first)) svg.append(text(left, height - 6, short(first), "start"));
  if (isClear(last)) svg.append(text(width - right, height - 6, short(last), "end"));
  for (const { colour, steps: own, drawn } of shown) {
    const parts = own.map((step, index) => `${x(step).toFixed(1)},${y(drawn[index]).toFixed(1)}`);
    svg.append(make("polyline", { points: parts.join(" "), fill: "none", stroke: colour, "stroke-width": 1.6, "stroke-linejoin": "round" }));
  }
  if (chosen !== null && chosen >= first && chosen <= last) {
    svg.append(make("line", { x1: x(chosen), x2: x(chosen), y1: top, y2: height - bottom, class: "chosen" }));
    svg.append(text(x(chosen), height - 6, short(chosen), "middle"));
  }
  const figure = document.createElement("figure");
  figure.className = "chart";
  const caption = document.createElement("figcaption");
  caption.textContent = title;
  figure.append(caption, svg);
  return figure;
}

function describe(title, lines) {
  return [title, ...lines.map(({ label, steps, values }) => `${label}: ${short(values.at(-1))} @ ${steps.at(-1)}`)].join("; ");
}

function text(x, y, content, anchor) {
  const element = make("text", { x, y, "text-anchor": anchor, class: "axis" });
  element.textContent = content;
  return element;
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!Number.isFinite(low)) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}
