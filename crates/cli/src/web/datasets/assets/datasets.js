// The dataset viewer.

import { ask } from "./ask.js";
import { COLOURS, chart } from "./curves.js";
import { createGrid } from "./grid.js";
import { showNav } from "./nav.js";
import { createStage } from "./picture.js";
import { languageButton, t } from "./words.js";

const by = (id) => document.getElementById(id);
const state = {
  name: "",
  data: null,
  keepsMarks: false,
  /** Faults by the picture's label, once they were looked for. */
  faults: null,
  shown: [],
  open: -1,
  /** Landmarks as they are being corrected; null for the dataset's own. */
  corrected: null,
};

const place = (row) => `/api/datasets/${encodeURIComponent(state.name)}/${row.id}`;
const labelOf = (row) => (row.person === row.name ? row.name : `${row.person}/${row.name}`);
const grid = createGrid(by("grid"), {
  addressOf: (row) => `${place(row)}/thumb`,
  markOf: (row) => state.data.marks[row.id],
  onOpen: (index) => openPicture(index),
});
const stage = createStage(by("stage"), (points) => {
  state.corrected = points.map((point) => [...point]);
  by("saved").textContent = "";
});

async function tried(work) {
  by("problem").hidden = true;
  try {
    return await work();
  } catch (error) {
    by("problem").textContent = error.message;
    by("problem").hidden = false;
    return null;
  }
}

async function openDataset(name) {
  const data = await tried(() => ask(`/api/datasets/${encodeURIComponent(name)}`));
  if (!data) return;
  Object.assign(state, { name, data, faults: null });
  by("coverage").disabled = !data.has_protocols;
  by("sensitivity").disabled = !data.has_sensitivity;
  by("recipe").href = `/api/datasets/${encodeURIComponent(name)}/recipe.toml`;
  for (const id of ["recipe", "recipe-help"]) by(id).hidden = !state.keepsMarks;
  by("remarks").textContent = data.remarks.join(" ");
  const url = new URL(location.href);
  url.searchParams.set("dataset", name);
  history.replaceState(null, "", url);
  fillFilters();
  show();
}

function option(value, text) {
  return new Option(text, value);
}

function fillFilters() {
  const { data } = state;
  by("summary").textContent = t("dataset_summary", { people: data.people, photos: data.photos, drawings: data.drawings, layout: data.layout });
  const reasons = Object.entries(data.dropped).map(([reason, count]) => option(`reason:${reason}`, `${reason} (${count})`));
  by("state").replaceChildren(option("", t("all")), option("kept", `${t("kept")} (${data.kept})`), option("dropped", t("dropped")), ...reasons, option("marked", t("marked")));
  fillFaults();
}

function fillFaults() {
  const kinds = [...new Set([...(state.faults?.values() ?? [])].flat().map(({ kind }) => kind))].sort();
  by("fault").disabled = !state.faults;
  by("fault").replaceChildren(option("", t("all")), ...kinds.map((kind) => option(kind, kind)));
}

function show() {
  const words = by("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const [domain, wanted, pose, fault] = ["domain", "state", "pose", "fault"].map((id) => by(id).value);
  const { data } = state;
  const isWanted = (row) => {
    const mark = data.marks[row.id];
    const kept = mark?.decision ? mark.decision === "keep" : row.kept !== false;
    const turned = row.yaw === null ? "unknown" : Math.abs(row.yaw) > 20 ? "side" : "front";
    const text = `${labelOf(row)} ${mark?.note ?? ""} ${row.reason}`.toLowerCase();
    return words.every((word) => text.includes(word))
      && (!domain || row.domain === domain)
      && (!pose || turned === pose)
      && (!fault || state.faults?.get(labelOf(row))?.some(({ kind }) => kind === fault))
      && (!wanted || (wanted === "kept" && kept) || (wanted === "dropped" && !kept) || (wanted === "marked" && mark) || wanted === `reason:${row.reason}`);
  };
  state.shown = data.pictures.filter(isWanted);
  by("count").textContent = t("pictures_shown", { count: state.shown.length, all: data.pictures.length });
  grid.show(state.shown);
}

async function openPicture(index) {
  const row = state.shown[index];
  if (!row) return;
  state.open = index;
  const facts = await tried(() => ask(`${place(row)}/landmarks`));
  if (state.open !== index) return;
  const mark = state.data.marks[row.id] ?? { decision: null, note: "", landmarks: null };
  state.corrected = mark.landmarks;
  const size = { width: facts?.width ?? 1, height: facts?.height ?? 1 };
  const points = mark.landmarks ?? facts?.points ?? [];
  by("detail-title").textContent = labelOf(row);
  stage.show(`${place(row)}/original`, labelOf(row), size, points);
  by("crop-figure").hidden = !row.has_crop;
  if (row.has_crop) by("crop").src = `${place(row)}/crop`;
  else by("crop").removeAttribute("src");
  by("crop").alt = t("crop");
  const degrees = (value) => `${value.toFixed(0)}°`;
  const faults = state.faults?.get(labelOf(row))?.map(({ detail }) => detail) ?? [];
  const said = [
    t(row.domain), `${size.width}×${size.height}`,
    row.kept === null ? "" : row.kept ? t("kept") : `${t("dropped")}: ${row.reason}`,
    row.split, row.yaw === null ? "" : t("pose_is", { pitch: degrees(row.pitch), yaw: degrees(row.yaw), roll: degrees(row.roll) }),
    facts?.transform ? `[${facts.transform.map((line) => line.map((value) => value.toFixed(3)).join(", ")).join("; ")}]` : "",
    ...faults,
  ];
  by("facts").textContent = said.filter(Boolean).join(" · ");
  document.querySelector(`input[name="decision"][value="${mark.decision ?? ""}"]`).checked = true;
  by("note").value = mark.note;
  by("saved").textContent = "";
  by("save").disabled = !state.keepsMarks;
  by("previous").disabled = index === 0;
  by("next").disabled = index === state.shown.length - 1;
  if (!by("detail").open) by("detail").showModal();
}

async function save() {
  const row = state.shown[state.open];
  const decision = document.querySelector('input[name="decision"]:checked').value || null;
  const landmarks = state.corrected?.length === 17 ? state.corrected : null;
  const mark = { decision, note: by("note").value, landmarks };
  const body = JSON.stringify(mark);
  const options = { method: "PUT", body, headers: { "Content-Type": "application/json" } };
  try {
    await ask(`${place(row)}/mark`, options);
  } catch (error) {
    by("saved").textContent = error.message;
    return;
  }
  if (decision || mark.note || landmarks) state.data.marks[row.id] = mark;
  else delete state.data.marks[row.id];
  by("saved").textContent = t("saved");
  grid.redraw();
}

/** A table in the dialog, with charts above it. */
function showTable(title, head, rows, charts = []) {
  const table = document.createElement("table");
  const line = (cells, tag) => {
    const row = document.createElement("tr");
    row.append(...cells.map((text) => Object.assign(document.createElement(tag), { textContent: text })));
    return row;
  };
  const top = document.createElement("thead");
  top.append(line(head, "th"));
  const body = document.createElement("tbody");
  body.append(...rows.map((cells) => line(cells, "td")));
  table.append(top, body);
  by("table-title").textContent = title;
  by("table-box").replaceChildren(...charts, table);
  by("table").showModal();
}

by("coverage").addEventListener("click", () => tried(async () => {
  const { files } = await ask(`/api/datasets/${encodeURIComponent(state.name)}/coverage`);
  const share = ({ entries, missing }) => (entries ? `${((100 * missing) / entries).toFixed(2)} %` : "–");
  showTable(t("coverage"), [t("file"), t("entries"), t("missing"), t("share")], files.map((file) => [file.file, file.entries, file.missing, share(file)]));
}));
by("sensitivity").addEventListener("click", () => tried(async () => {
  const { chosen, rates } = await ask(`/api/datasets/${encodeURIComponent(state.name)}/sensitivity`);
  const steps = rates.map((rate) => rate.max_distance_share);
  const line = (field, index) => ({ label: t(field), colour: COLOURS[index], steps, values: rates.map((rate) => rate[field]) });
  const charts = [chart(t("kept_by_rate"), ["kept", "photos", "drawings"].map(line), { chosen })];
  const covers = rates.every((rate) => rate.missing_share !== null);
  if (covers) charts.push(chart(t("missing_by_rate"), [line("missing_share", 0)], { chosen }));
  const percent = (share) => (share === null ? "–" : `${(100 * share).toFixed(2)} %`);
  const head = [t("rate"), t("kept"), t("photos"), t("drawings"), t("missing")];
  const rows = rates.map((rate) => [rate.max_distance_share, rate.kept, rate.photos, rate.drawings, percent(rate.missing_share)]);
  showTable(t("sensitivity"), head, rows, charts);
}));
by("check").addEventListener("click", () => tried(async () => {
  by("check").disabled = true;
  by("count").textContent = t("checking");
  try {
    const { problems } = await ask(`/api/datasets/${encodeURIComponent(state.name)}/problems`);
    state.faults = new Map();
    for (const problem of problems) state.faults.set(problem.picture, [...(state.faults.get(problem.picture) ?? []), problem]);
    fillFaults();
    show();
    showTable(t("faults_found", { count: problems.length }), [t("picture"), t("fault"), t("detail")], problems.map(({ picture, kind, detail }) => [picture, kind, detail]));
  } finally {
    by("check").disabled = false;
  }
}));
for (const id of ["domain", "state", "pose", "fault"]) by(id).addEventListener("change", show);
by("search").addEventListener("input", show);
by("dataset").addEventListener("change", () => openDataset(by("dataset").value));
by("save").addEventListener("click", save);
by("previous").addEventListener("click", () => openPicture(state.open - 1));
by("next").addEventListener("click", () => openPicture(state.open + 1));
by("show-points").addEventListener("change", () => stage.setPointsShown(by("show-points").checked));
by("reset-points").addEventListener("click", async () => {
  delete (state.data.marks[state.shown[state.open].id] ?? {}).landmarks;
  await openPicture(state.open);
});
by("detail").addEventListener("keydown", (event) => {
  if (event.target.matches("textarea, input")) return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step) openPicture(state.open + step);
});
by("detail").addEventListener("close", () => grid.focus(state.open));

async function start() {
  showNav(by("nav"));
  languageButton(by("language"), () => {
    showNav(by("nav"));
    if (!state.data) return;
    fillFilters();
    show();
  });
  const list = await tried(() => ask("/api/datasets"));
  if (!list) return;
  state.keepsMarks = list.keeps_marks;
  by("dataset").replaceChildren(...list.datasets.map((name) => option(name, name)));
  const wanted = new URLSearchParams(location.search).get("dataset");
  const first = list.datasets.includes(wanted) ? wanted : list.datasets[0];
  if (!first) {
    by("count").textContent = t("no_datasets");
    return;
  }
  by("dataset").value = first;
  await openDataset(first);
}

start();
