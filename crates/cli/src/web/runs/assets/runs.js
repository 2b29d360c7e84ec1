// Runs: curves that follow a training, samples over steps, run files beside each other.

import { answerOf, ask } from "./ask.js";
import { COLOURS, chart } from "./curves.js";
import { showNav } from "./nav.js";
import { languageButton, t } from "./words.js";

const FOLLOW_MS = 2000;
/** Fields of a log's line that are no curves. */
const NO_CURVES = new Set(["step"]);

const by = (id) => document.getElementById(id);
/** By the run's name: { colour, next, lines: [object], samples, file }. */
const chosen = new Map();
let rows = [];

async function tried(work) {
  try {
    await work();
    by("problem").hidden = true;
  } catch (error) {
    by("problem").textContent = error.message;
    by("problem").hidden = false;
  }
}

const place = (name) => `/api/runs/${encodeURIComponent(name)}`;

// Choosing

function showRuns() {
  by("summary").textContent = rows.length ? "" : t("no_runs");
  const legend = by("runs").querySelector("legend");
  by("runs").replaceChildren(legend, ...rows.map(({ name, idle_seconds: idle, checkpoints }) => {
    const label = document.createElement("label");
    label.className = "check";
    const box = Object.assign(document.createElement("input"), { type: "checkbox", value: name, checked: chosen.has(name) });
    const text = document.createElement("span");
    text.textContent = `${name} · ${idle !== null && idle < 120 ? t("run_live") : t("run_still")} · ${t("checkpoints", { count: checkpoints })}`;
    if (chosen.has(name)) text.style.borderLeftColor = chosen.get(name).colour;
    label.append(box, text);
    return label;
  }));
}

by("runs").addEventListener("change", (event) => tried(async () => {
  const name = event.target.value;
  if (event.target.checked) await choose(name);
  else chosen.delete(name);
  show();
  by("runs").querySelector(`input[value="${CSS.escape(name)}"]`)?.focus();
}));

async function choose(name) {
  const used = new Set([...chosen.values()].map(({ colour }) => colour));
  const run = { colour: COLOURS.find((colour) => !used.has(colour)) ?? COLOURS[0], next: 0, lines: [], samples: [], file: "" };
  const none = () => "";
  [run.samples, run.file] = await Promise.all([
    ask(`${place(name)}/samples`).then(({ files }) => files),
    answerOf(`${place(name)}/run.toml`).then((file) => file.text()).catch(none),
  ]);
  chosen.set(name, run);
  await follow(name, run);
}

/** Reads what was added to a log since; whether there was anything. */
async function follow(name, run) {
  const { lines, next } = await ask(`${place(name)}/log?from=${run.next}`).catch(() => ({ lines: [], next: run.next }));
  if (next < run.next) run.lines = [];
  run.next = next;
  run.lines.push(...lines);
  return lines.length > 0;
}

// Showing

function show() {
  showRuns();
  const url = new URL(location.href);
  url.searchParams.delete("run");
  chosen.forEach((run, name) => url.searchParams.append("run", name));
  history.replaceState(null, "", url);
  showCharts();
  showSampleRuns();
  showFiles();
}

function terms() {
  const found = new Set();
  for (const { lines } of chosen.values()) {
    for (const line of [lines[0], lines.at(-1)]) {
      Object.entries(line ?? {}).forEach(([name, value]) => typeof value === "number" && !NO_CURVES.has(name) && found.add(name));
    }
  }
  return [...found].sort();
}

function showCharts() {
  const all = terms();
  const wanted = by("term").value;
  by("term").replaceChildren(new Option(t("all"), ""), ...all.map((name) => new Option(name, name)));
  by("term").value = all.includes(wanted) ? wanted : "";
  const options = { smooth: by("smooth").checked, logarithmic: by("logarithmic").checked };
  const drawn = all.filter((name) => !by("term").value || name === by("term").value).map((term) => {
    const lines = [...chosen].map(([label, { colour, lines: own }]) => {
      const known = own.filter((line) => Number.isFinite(line[term]));
      return { label, colour, steps: known.map(({ step }) => step), values: known.map((line) => line[term]) };
    });
    return chart(term, lines.filter(({ steps }) => steps.length), options);
  });
  by("charts").classList.toggle("single", by("term").value !== "");
  by("charts").replaceChildren(...drawn);
}

function showSampleRuns() {
  const names = [...chosen].filter(([, { samples }]) => samples.length).map(([name]) => name);
  by("samples-box").hidden = names.length === 0;
  const wanted = by("sample-run").value;
  by("sample-run").replaceChildren(...names.map((name) => new Option(name, name)));
  if (names.includes(wanted)) by("sample-run").value = wanted;
  showSampleKinds();
}

/** `00001000-train.png` is of the kind `train`. */
function kindOf(file) {
  return file.replace(/^\d+-?/, "").replace(/\.png$/, "");
}

function showSampleKinds() {
  const samples = chosen.get(by("sample-run").value)?.samples ?? [];
  const kinds = [...new Set(samples.map(kindOf))];
  const wanted = by("sample-kind").value;
  by("sample-kind").replaceChildren(...kinds.map((kind) => new Option(kind, kind)));
  if (kinds.includes(wanted)) by("sample-kind").value = wanted;
  const files = samples.filter((file) => kindOf(file) === by("sample-kind").value);
  const wasLast = by("sample-step").value === by("sample-step").max;
  by("sample-step").max = Math.max(0, files.length - 1);
  if (wasLast) by("sample-step").value = by("sample-step").max;
  showSample(files);
}

function showSample(files = (chosen.get(by("sample-run").value)?.samples ?? []).filter((file) => kindOf(file) === by("sample-kind").value)) {
  const file = files[Number(by("sample-step").value)];
  if (!file) return;
  const step = Number.parseInt(file, 10);
  by("sample-value").value = Number.isNaN(step) ? file : step;
  by("sample-step").setAttribute("aria-valuetext", String(by("sample-value").value));
  const address = `${place(by("sample-run").value)}/samples/${encodeURIComponent(file)}`;
  if (by("sample").getAttribute("src") !== address) by("sample").src = address;
  by("sample").alt = t("sample_alt", { kind: kindOf(file), step: by("sample-value").value });
}

/** The keys of a run file with their values: `section.key`. */
function keysOf(text) {
  const keys = new Map();
  let section = "";
  for (const line of text.split("\n").map((line) => line.trim())) {
    const head = /^\[+([^\]]+)\]+$/.exec(line);
    const pair = /^([^=#]+?)\s*=\s*(.*)$/.exec(line);
    if (head) section = `${head[1]}.`;
    else if (pair) keys.set(section + pair[1], pair[2]);
  }
  return keys;
}

/** Run files beside each other: with several runs only what differs. */
function showFiles() {
  const files = [...chosen].filter(([, { file }]) => file).map(([name, { file }]) => [name, keysOf(file)]);
  by("files-box").hidden = files.length === 0;
  const keys = [...new Set(files.flatMap(([, found]) => [...found.keys()]))];
  const differs = (key) => files.length < 2 || new Set(files.map(([, found]) => found.get(key))).size > 1;
  const table = document.createElement("table");
  const line = (cells, tag) => {
    const row = document.createElement("tr");
    row.append(...cells.map((text) => Object.assign(document.createElement(tag), { textContent: text ?? "–" })));
    return row;
  };
  const head = document.createElement("thead");
  head.append(line([t("key"), ...files.map(([name]) => name)], "th"));
  const body = document.createElement("tbody");
  body.append(...keys.filter(differs).map((key) => line([key, ...files.map(([, found]) => found.get(key))], "td")));
  table.append(head, body);
  by("files").replaceChildren(table);
}

for (const id of ["smooth", "logarithmic", "term"]) by(id).addEventListener("change", showCharts);
for (const id of ["sample-run", "sample-kind"]) by(id).addEventListener("change", showSampleKinds);
by("sample-step").addEventListener("input", () => showSample());

async function watch() {
  if (!document.hidden) {
    await tried(async () => {
      const added = await Promise.all([...chosen].map(([name, run]) => follow(name, run)));
      if (!added.some(Boolean)) return;
      showCharts();
      await Promise.all([...chosen].map(async ([name, run]) => {
        run.samples = (await ask(`${place(name)}/samples`)).files;
      }));
      showSampleRuns();
    });
  }
  setTimeout(watch, FOLLOW_MS);
}

async function start() {
  showNav(by("nav"));
  languageButton(by("language"), () => {
    showNav(by("nav"));
    show();
  });
  await tried(async () => {
    rows = (await ask("/api/runs")).runs;
    const wanted = new URLSearchParams(location.search).getAll("run").filter((name) => rows.some((row) => row.name === name));
    for (const name of wanted.length ? wanted : rows.slice(-1).map(({ name }) => name)) await choose(name);
    show();
  });
  setTimeout(watch, FOLLOW_MS);
}

start();
