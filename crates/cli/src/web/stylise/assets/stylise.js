// The page: which picture, which settings, what is shown.

import { hasCamera, takePhoto } from "./camera.js";
import { showSizes, showTechniques, techniquesOf } from "./choices.js";
import { createCompare } from "./compare.js";
import { download } from "./download.js";
import { hasGallery, keep } from "./keep.js";
import { showNav } from "./nav.js";
import { opinion, remark, styleOf } from "./opinion.js";
import { createPoints } from "./points.js";
import { onPictures } from "./receive.js";
import { Problem, forget, requestFaces, requestModels, requestTranslation } from "./service.js";
import { fieldsOf, randomSeed, readSettings, tidySeed, writeSettings } from "./settings.js";
import { createTries } from "./tries.js";
import { languageButton, t } from "./words.js";

const STRIP = 6;
const MOST_TRIES = 18;
/** How long a slider has to rest before its value is drawn, in milliseconds. */
const REST = 250;

const by = (id) => document.getElementById(id);
const compare = createCompare(by("compare"));
const points = createPoints(by("placing"), { onChange: showStep, onFace: (index) => startPoints(index) });
const tries = createTries(by("tries"), (attempt) => showTry(attempt, true));

const state = {
  /** { file, name, url, size, faces, face, points }; size is null where the browser cannot show the file, points where no face is known. */
  photo: null,
  settings: readSettings(),
  /** An example of the style: { file, name }, or null for the seed's. */
  example: null,
  /** The try that is shown: { settings, example, points, answer }. */
  current: null,
  /** Results for this picture, newest first. */
  tries: [],
  models: [],
  /** The Problem that is shown. */
  problem: null,
  /** The most pixels of a drawing that the server has memory for. */
  mostDrawn: 0,
};
/** Ends the work under way. */
let request = new AbortController();

// Pictures

async function openPhoto(file, name) {
  const signal = begin(t("step_finding"));
  const photo = { file, name, url: URL.createObjectURL(file), size: null, faces: [], face: 0, points: null };
  try {
    await preview(photo, signal);
    const { faces } = await requestFaces(photo, { signal, onProgress: progress });
    adopt(photo);
    Object.assign(photo, { faces, points: faces[0]?.points68 ?? null });
    if (!photo.points) throw new Problem({ type: "urn:portraitist:no_face", kind: "no_face", detail: `${name}: no face was found` });
    await draw();
  } catch (error) {
    if (signal.aborted) return;
    adopt(photo);
    await giveUp(error);
  }
}

async function openExample() {
  const response = await fetch("/portrait").catch(() => null);
  if (response?.ok) return openPhoto(await response.blob(), "portrait.jpg");
  showProblem(new Problem({ detail: t("no_answer"), hint: t("still_running") }));
  end();
}

function adopt(photo) {
  if (photo === state.photo) return;
  if (state.photo) URL.revokeObjectURL(state.photo.url);
  state.tries.forEach(({ answer }) => forget(answer));
  Object.assign(state, { photo, current: null, tries: [] });
}

/** Shows `photo` alone and learns its size, unless something else is wanted meanwhile. */
async function preview(photo, signal) {
  const size = await compare.showPhoto(photo.url);
  if (signal.aborted) return;
  photo.size = size;
  by("nothing").hidden = size !== null;
  by("compare").hidden = size === null;
  setShape(size ?? { width: 4, height: 3 });
}

// Work

function begin(text) {
  request.abort();
  request = new AbortController();
  setPlacing(false);
  hideProblem();
  progress(text);
  by("working").classList.add("on");
  return request.signal;
}

function end() {
  by("working").classList.remove("on");
}

function progress(text) {
  by("working-text").textContent = text;
  say(text);
}

/** Makes one result and shows it. */
async function draw({ push = true } = {}) {
  const signal = begin(t("step_translating"));
  const settings = { ...state.settings };
  const { photo, example } = state;
  try {
    const fields = fieldsOf(settings, example, photo.points);
    const answer = await requestTranslation(photo, fields, { signal, onProgress: progress });
    if (signal.aborted) return forget(answer);
    remember({ settings, example, points: photo.points, answer });
    writeSettings(settings, push);
    end();
    await show();
  } catch (error) {
    if (!signal.aborted) await giveUp(error);
  }
}

/** Makes results in every technique that the model knows by name, or in several random styles; the last one is shown. */
async function drawStrip() {
  const signal = begin(t("step_translating"));
  const { photo } = state;
  const names = techniques().map((style) => ({ style }));
  const seeds = [state.settings.seed, ...Array.from({ length: STRIP - 1 }, randomSeed)].map((seed) => ({ seed, style: "" }));
  const styles = names.length ? names : seeds;
  state.example = null;
  try {
    for (const [index, style] of styles.entries()) {
      const settings = { ...state.settings, to_seed: "", ...style };
      const onProgress = () => progress(`${t("step_translating")} ${index + 1} / ${styles.length}`);
      const answer = await requestTranslation(photo, fieldsOf(settings, null, photo.points), { signal, onProgress });
      if (signal.aborted) return forget(answer);
      remember({ settings, example: null, points: photo.points, answer });
      showTries();
    }
    end();
    await show();
  } catch (error) {
    if (!signal.aborted) await giveUp(error);
  }
}

function remember(attempt) {
  const kept = [attempt, ...state.tries];
  kept.slice(MOST_TRIES).forEach(({ answer }) => forget(answer));
  state.tries = kept.slice(0, MOST_TRIES);
  Object.assign(state, { current: attempt, settings: { ...attempt.settings } });
}

function showTry(attempt, push) {
  request.abort();
  end();
  setPlacing(false);
  hideProblem();
  Object.assign(state, { current: attempt, settings: { ...attempt.settings }, example: attempt.example });
  writeSettings(attempt.settings, push);
  return show();
}

/** After a failure: the points for a picture without a face, otherwise back to what was there. */
async function giveUp(error) {
  end();
  let problem = error instanceof Problem ? error : new Problem({ detail: t("page_failed", { error: error.message }) });
  say(t("no_result"));
  by("similarity").hidden = true;
  if (state.current) await show();
  else if (state.photo) await preview(state.photo, request.signal);
  showControls();
  if (problem.kind === "no_face") {
    problem = new Problem({ ...problem.source, words: state.photo.size ? "no_face_mark" : "no_face_odd" });
    if (state.photo.size) startPoints(-1);
  }
  showProblem(problem);
}

// Showing

function pictures() {
  const { answer } = state.current;
  return view() === "picture" && answer.in_picture && state.photo.size
    ? { before: state.photo.url, after: answer.in_picture }
    : { before: answer.crop.url, after: answer.result };
}

async function show() {
  const { before, after } = pictures();
  by("nothing").hidden = true;
  by("compare").hidden = false;
  setShape(after);
  showControls();
  say(remark(state.current));
  by("similarity").textContent = opinion(state.current.answer);
  by("similarity").hidden = false;
  await compare.showBoth(before, after.url, t("result_alt", { style: styleOf(state.current) }));
}

function showControls() {
  const { current, settings, photo } = state;
  by("seed").value = settings.seed;
  by("model").value = settings.model || (state.models[0]?.name ?? "");
  by("model-purpose").textContent = model()?.purpose ?? "";
  showChoices();
  document.querySelector(`input[name="to"][value="${settings.to}"]`).checked = true;
  by("tag-before").textContent = t(settings.to === "drawing" ? "photo" : "drawing");
  by("tag-after").textContent = t(settings.to);
  by("person").hidden = settings.to !== "drawing";
  const amount = settings.exaggerate === "auto" ? (current?.answer.exaggeration ?? 0).toFixed(2) : settings.exaggerate;
  by("exaggerate").value = amount;
  by("exaggerate-value").value = amount;
  const chosen = settings.whole ? "whole" : view() === "whole" ? "face" : view();
  document.querySelector(`input[name="view"][value="${chosen}"]`).checked = true;
  by("walk-box").hidden = !settings.to_seed;
  by("walk-label").textContent = t("walk_position", { from: settings.seed, to: settings.to_seed });
  by("position").value = settings.position;
  by("result-controls").hidden = !photo;
  by("views").disabled = !current;
  by("adjust").hidden = !photo?.size;
  by("adjust").textContent = t(photo?.points ? "adjust" : "mark");
  for (const id of ["another", "download"]) by(id).hidden = !current;
  by("keep").hidden = !current || !hasGallery;
  for (const id of ["strip", "walk", "auto", "exaggerate"]) by(id).disabled = !photo?.points;
  showTries();
}

/** The model that is chosen. */
function model() {
  return state.models.find(({ name }) => name === by("model").value);
}

function techniques() {
  return techniquesOf(model(), state.settings.to);
}

function showChoices() {
  const { settings, example, mostDrawn } = state;
  const names = techniques();
  showTechniques({ field: by("technique-field"), select: by("technique") }, names, example ? "" : settings.style);
  by("strip").textContent = t(names.length ? "strip_named" : "strip");
  showSizes(by("size"), model(), mostDrawn, settings.size);
}

function showTries() {
  by("tries-box").hidden = state.tries.length < 2;
  tries.show(state.tries, state.current);
}

function view() {
  return document.querySelector('input[name="view"]:checked').value;
}

function setShape({ width, height }) {
  by("sheet").style.setProperty("--wide", width);
  by("sheet").style.setProperty("--high", height);
}

function say(text) {
  by("status").textContent = text;
}

function showProblem(problem) {
  state.problem = problem;
  by("problem-error").textContent = problem.message;
  by("problem-hint").textContent = problem.hint;
  by("problem").hidden = false;
}

function hideProblem() {
  state.problem = null;
  by("problem").hidden = true;
}

// Faces and points

/** Shows the boxes and the points of a face; -1 for points placed by hand. */
function startPoints(face) {
  const { photo } = state;
  request.abort();
  end();
  setShape(photo.size);
  setPlacing(true);
  const known = face === photo.face && photo.points ? photo.points : photo.faces[face]?.points68;
  points.start(photo.url, photo.size, known ?? [], photo.faces, face);
  by("placing").dataset.face = face;
}

function setPlacing(on) {
  by("easel").classList.toggle("points", on);
  for (const id of ["guide", "placing", "points-actions"]) by(id).hidden = !on;
  for (const id of ["compare", "actions"]) by(id).hidden = on;
  by("result-controls").hidden = on || !state.photo;
}

function showStep(placed) {
  const { length } = placed;
  const wanted = points.wanted();
  const next = () => t("point_next", { number: length + 1, name: points.nameOf(length) });
  by("guide-step").textContent = wanted === 68 ? t("points_68", { count: state.photo.faces.length }) : length < 5 ? next() : t("points_done");
  by("points-undo").hidden = wanted === 68;
  by("points-undo").disabled = length === 0;
  by("points-draw").disabled = length !== wanted;
}

by("points-undo").addEventListener("click", () => points.undo());
by("points-centre").addEventListener("click", () => points.centre());
by("points-draw").addEventListener("click", async () => {
  const face = Number(by("placing").dataset.face);
  Object.assign(state.photo, { points: points.values(), face });
  await draw();
  by("divider").focus({ preventScroll: true });
});
by("points-cancel").addEventListener("click", async () => {
  setPlacing(false);
  hideProblem();
  if (state.current) await show();
  by("adjust").focus({ preventScroll: true });
});
by("adjust").addEventListener("click", () => {
  hideProblem();
  if (state.photo.points && state.photo.points.length === 68) startPoints(state.photo.face);
  else {
    startPoints(-1);
    points.start(state.photo.url, state.photo.size, state.photo.points ?? [], state.photo.faces, -1);
  }
  by("guide").scrollIntoView({ block: "nearest" });
  (by("placing").querySelector('.marker[tabindex="0"]') ?? by("points-centre")).focus({ preventScroll: true });
});

// Controls

function change(settings) {
  Object.assign(state.settings, settings);
  showControls();
  dropUnknownStyle();
  if (state.photo?.points) draw();
}

/** Another model, or the other direction, may not know the technique. */
function dropUnknownStyle() {
  if (techniques().includes(state.settings.style)) return;
  state.settings.style = "";
  showChoices();
}

/** Calls `act(value)` once a slider has rested. A result that comes in between may set the slider, but not what was wanted. */
function rested(slider, act) {
  let timer = 0;
  slider.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(act, REST, slider.value);
  });
}

by("another").addEventListener("click", () => {
  state.example = null;
  change({ seed: randomSeed(), to_seed: "", style: "" });
});
by("seed-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const seed = tidySeed(by("seed").value.trim());
  if (!seed) return;
  state.example = null;
  change({ seed, style: "" });
});
by("technique").addEventListener("change", () => {
  state.example = null;
  change({ style: by("technique").value, to_seed: "" });
});
by("strip").addEventListener("click", drawStrip);
by("walk").addEventListener("click", () => {
  state.example = null;
  change({ to_seed: randomSeed(), position: "50", style: "" });
});
by("walk-end").addEventListener("click", () => change({ to_seed: "", position: "50" }));
rested(by("position"), (position) => change({ position }));
by("exaggerate").addEventListener("input", () => {
  by("exaggerate-value").value = by("exaggerate").value;
});
rested(by("exaggerate"), (exaggerate) => change({ exaggerate }));
by("auto").addEventListener("click", () => {
  state.settings.exaggerate = "auto";
  draw();
});
by("model").addEventListener("change", () => change({ model: by("model").value === state.models[0].name ? "" : by("model").value }));
by("to").addEventListener("change", (event) => change({ to: event.target.value }));
by("size").addEventListener("change", () => change({ size: by("size").value }));
by("views").addEventListener("change", () => {
  const whole = view() === "whole" ? "1" : "";
  if (whole !== state.settings.whole) change({ whole });
  else show();
});
by("problem-close").addEventListener("click", hideProblem);
by("example").addEventListener("click", openExample);
by("style-file").addEventListener("change", () => {
  const [file] = by("style-file").files;
  by("style-file").value = ""; // the same file may be chosen again
  if (!file) return;
  state.example = { file, name: file.name };
  change({ to_seed: "", style: "" });
});
by("download").addEventListener("click", (event) => {
  event.preventDefault();
  const { to, style, seed } = state.settings;
  const stem = state.photo.name.replace(/\.[^.]*$/, "") || "picture";
  download(pictures().after, `${stem}-${to}-${style || seed}.png`);
});
by("keep").addEventListener("click", async () => {
  try {
    say(await keep(pictures().after.url));
  } catch (error) {
    showProblem(new Problem({ detail: error.message }));
  }
});
by("camera").hidden = !hasCamera();
by("camera").addEventListener("click", async () => {
  try {
    const file = await takePhoto(by("camera-dialog"));
    if (file) openPhoto(file, file.name);
  } catch (error) {
    showProblem(new Problem({ detail: t("no_camera", { error: error.message }) }));
  }
});
window.addEventListener("popstate", () => {
  state.settings = readSettings();
  dropUnknownStyle();
  const isIt = ({ settings }) => Object.entries(state.settings).every(([name, value]) => settings[name] === value);
  const known = state.tries.find(isIt);
  if (known) showTry(known, false);
  else if (state.photo?.points) draw({ push: false });
});

async function start() {
  if (hasGallery) by("tagline").dataset.t = "tagline_gallery";
  languageButton(by("language"), () => {
    showNav(by("nav"));
    if (state.problem) showProblem(new Problem(state.problem.source));
    const isPlacing = !by("placing").hidden;
    if (isPlacing) showStep(points.values());
    return state.current && !isPlacing ? show() : showControls();
  });
  showNav(by("nav"));
  onPictures({ input: by("file"), zone: by("dropzone"), open: openPhoto });
  showControls();
  try {
    const { models, max_drawn_pixels: mostDrawn } = await requestModels();
    Object.assign(state, { models, mostDrawn });
  } catch (error) {
    showProblem(error);
  }
  by("model").replaceChildren(...state.models.map(({ name }) => new Option(name, name)));
  if (!state.models.some(({ name }) => name === state.settings.model)) state.settings.model = "";
  showControls();
  dropUnknownStyle();
  await openExample();
}

start();
