// The page: which photo, which style, what is shown.

import { createCompare } from "./compare.js";
import { POINTS, createPoints } from "./points.js";
import { Problem, forget, requestDrawing } from "./service.js";

const FIRST_SEED = "1";
const LARGEST_RANDOM_SEED = 100000;
const MOST_TRIES = 10;

const by = (id) => document.getElementById(id);
const compare = createCompare(by("compare"));
const points = createPoints(by("placing"), showStep);

const state = {
  /** { file, name, url, size }; size is null where the browser cannot show the file. */
  photo: null,
  /** The photo on which points are being placed: the one above, or another one in which no face was found. */
  placed: null,
  /** The try that is shown: { seed, points, answer }; points are null where the face was found. */
  current: null,
  /** Drawings of this photo, newest first. */
  tries: [],
  seed: seedOfAddress() ?? FIRST_SEED,
};
/** Ends the request under way. */
let request = new AbortController();

// Photos

async function openPhoto(file, name) {
  leavePlaced();
  const url = URL.createObjectURL(file);
  const photo = { file, name, url, size: null };
  await draw({ photo, points: null });
}

async function openExample() {
  const response = await fetch("/portrait").catch(() => null);
  if (response?.ok) return openPhoto(await response.blob(), "portrait.jpg");
  showProblem(new Problem({ error: "The example is not there.", hint: "Is the program still running?" }));
  setWorking(false);
}

function adopt(photo) {
  if (photo === state.photo) return;
  if (state.placed === photo) state.placed = null;
  if (state.photo) URL.revokeObjectURL(state.photo.url);
  state.tries.forEach(({ answer }) => forget(answer));
  Object.assign(state, { photo, current: null, tries: [] });
}

/** Shows `photo` alone and learns its size, unless something else is shown meanwhile. */
async function preview(photo, { signal }) {
  const size = await compare.showPhoto(photo.url);
  if (signal.aborted) return;
  photo.size = size;
  by("nothing").hidden = photo.size !== null;
  by("compare").hidden = photo.size === null;
  setShape(photo.size ?? { width: 4, height: 3 });
}

// Drawing

async function draw({ photo = state.photo, seed = state.seed, points: chosen = state.current?.points ?? null, address = "push" }) {
  request.abort();
  request = new AbortController();
  const { signal } = request;
  setPlacing(false);
  hideProblem();
  setWorking(true);
  say("Drawing…");
  try {
    if (photo !== state.photo || !state.current) await preview(photo, request);
    const onBusy = () => say("Other drawings are being made; this one waits for its turn…");
    const answer = await requestDrawing(photo, seed, chosen, { signal, onBusy });
    if (signal.aborted) return forget(answer);
    adopt(photo);
    remember({ seed, points: chosen, answer }, address);
    setWorking(false);
    await show();
  } catch (error) {
    if (signal.aborted) return;
    setWorking(false);
    await giveUp(error, photo, seed, chosen);
  }
}

function remember(attempt, address) {
  const same = (other) => other.seed === attempt.seed && String(other.points) === String(attempt.points);
  const replaced = state.tries.filter(same);
  const kept = [attempt, ...state.tries.filter((other) => !same(other))];
  [...replaced, ...kept.slice(MOST_TRIES)].forEach(({ answer }) => forget(answer));
  state.tries = kept.slice(0, MOST_TRIES);
  choose(attempt, address);
}

function choose(attempt, address) {
  Object.assign(state, { current: attempt, seed: attempt.seed });
  const url = new URL(location.href);
  const changes = url.searchParams.get("seed") !== attempt.seed;
  url.searchParams.set("seed", attempt.seed);
  if (changes && address === "push") history.pushState(null, "", url);
  else history.replaceState(null, "", url);
}

/** After a failure: the points for a photo without a face, otherwise back to what was there. Drawings of another photo stay. */
async function giveUp(error, photo, seed, chosen) {
  const problem = error instanceof Problem ? error : new Problem({ error: `The page failed: ${error.message}.` });
  const wantsPoints = Boolean(problem.kind === "no_face" || chosen) && photo.size !== null;
  if (!state.current) adopt(photo);
  if (photo === state.photo) state.seed = seed;
  say("No drawing.");
  by("similarity").hidden = true;
  if (state.current) await show();
  else await preview(state.photo, request);
  showControls();
  if (problem.kind === "no_face") {
    problem.hint = wantsPoints
      ? "Mark the five points, or choose another photo."
      : "Points cannot be marked, because this browser cannot show the photo: convert it to JPEG or PNG.";
  }
  if (wantsPoints) openPoints(photo, chosen);
  else if (photo !== state.photo) URL.revokeObjectURL(photo.url);
  showProblem(problem);
}

// Showing

function pictures() {
  const { answer } = state.current;
  const whole = view() === "picture" && hasWhole();
  return whole
    ? { before: state.photo.url, after: answer.in_picture, text: "The photo with the drawing blended in" }
    : { before: answer.crop.url, after: answer.drawing, text: "The drawing of the face" };
}

async function show() {
  const { before, after, text } = pictures();
  by("nothing").hidden = true;
  by("compare").hidden = false;
  setShape(after);
  showControls();
  const { seed, answer } = state.current;
  const drawn = `Drawn in ${answer.seconds.toFixed(answer.seconds < 10 ? 2 : 1)} s with seed ${seed}.`;
  say([drawn, ...answer.warnings.map((warning) => `About the photo's file: ${warning}.`)].join(" "));
  by("similarity").textContent = opinion(answer);
  by("similarity").hidden = false;
  await compare.showBoth(before, after.url, `${text}, seed ${seed}`);
}

/** How alike both are to the recogniser, and what that means. */
function opinion({ similarity, same_person: same, as_alike_percent: percent }) {
  if (similarity === null) return "How alike they are cannot be said: the recogniser sees no face to compare.";
  const others = `Of 100 pairs of photos of different people, ${percent < 1 ? "less than 1 is" : `about ${Math.round(percent)} are`} as alike.`;
  const verdict = same ? "The built-in recogniser takes both for the same person" : "Too little to tell that both are the same person";
  return `${verdict} (similarity ${similarity.toFixed(2)}; 1 is the same picture). ${others}`;
}

function showControls() {
  const { current } = state;
  by("seed").value = state.seed;
  by("result-controls").hidden = !state.photo;
  by("views").hidden = !current?.answer.in_picture;
  by("views").disabled = !current || !hasWhole();
  by("adjust").hidden = !state.photo?.size;
  by("adjust").textContent = current ? "Adjust the points" : "Mark the five points";
  by("another").hidden = !current;
  by("download").hidden = !current;
  if (current) {
    const { after } = pictures();
    const stem = state.photo.name.replace(/\.[^.]*$/, "") || "photo";
    by("download").href = after.url;
    by("download").download = `${stem}-drawing-${current.seed}.${after.type === "image/png" ? "png" : "jpg"}`;
  }
  showTries();
}

function showTries() {
  by("tries-box").hidden = state.tries.length < 2;
  by("tries").replaceChildren(...state.tries.map((attempt) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = `Seed ${attempt.seed}`;
    button.setAttribute("aria-label", `Seed ${attempt.seed}${attempt.points ? ", with clicked points" : ""}`);
    button.setAttribute("aria-pressed", String(attempt === state.current));
    const image = new Image();
    image.src = attempt.answer.drawing.url;
    image.alt = "";
    button.append(image);
    button.addEventListener("click", () => {
      showTry(attempt, "push");
      by("tries").querySelector('[aria-pressed="true"]')?.focus();
    });
    return button;
  }));
}

function showTry(attempt, address) {
  request.abort();
  leavePlaced();
  setWorking(false);
  setPlacing(false);
  hideProblem();
  choose(attempt, address);
  return show();
}

function view() {
  return document.querySelector('input[name="view"]:checked').value;
}

function hasWhole() {
  return Boolean(state.current.answer.in_picture && state.photo.size);
}

function setShape({ width, height }) {
  by("sheet").style.setProperty("--wide", width);
  by("sheet").style.setProperty("--high", height);
}

function setWorking(on) {
  by("working").classList.toggle("on", on);
}

function say(text) {
  by("status").textContent = text;
}

function showProblem({ message, hint }) {
  by("problem-error").textContent = message;
  by("problem-hint").textContent = hint;
  by("problem").hidden = false;
}

function hideProblem() {
  by("problem").hidden = true;
}

// The five points

function openPoints(photo, initial) {
  request.abort();
  setWorking(false);
  setShape(photo.size);
  setPlacing(true);
  state.placed = photo;
  points.start(photo.url, photo.size, initial);
}

/** Leaves a photo on which points were placed, unless it is the one that is drawn. */
function leavePlaced() {
  if (state.placed && state.placed !== state.photo) URL.revokeObjectURL(state.placed.url);
  state.placed = null;
}

function setPlacing(on) {
  by("easel").classList.toggle("points", on);
  for (const id of ["guide", "placing", "points-actions"]) by(id).hidden = !on;
  for (const id of ["compare", "actions"]) by(id).hidden = on;
  by("result-controls").hidden = on || !state.photo;
}

function showStep(placed) {
  const { length } = placed;
  const complete = length === POINTS.length;
  by("guide-step").textContent = complete ? "All five are placed." : `Point ${length + 1} of 5: mark ${POINTS[length]}.`;
  by("points-undo").disabled = length === 0;
  by("points-draw").disabled = !complete;
  document.querySelectorAll(".face circle").forEach((circle, index) => {
    circle.classList.toggle("done", index < length);
    circle.classList.toggle("next", index === length);
  });
}

by("points-undo").addEventListener("click", () => points.undo());
by("points-centre").addEventListener("click", () => points.centre());
by("points-draw").addEventListener("click", async () => {
  const photo = state.placed;
  state.placed = null;
  await draw({ photo, points: points.values() });
  if (by("points-actions").hidden) by("divider").focus({ preventScroll: true });
});
by("points-cancel").addEventListener("click", async () => {
  leavePlaced();
  setPlacing(false);
  hideProblem();
  if (state.current) await show();
  by("adjust").focus({ preventScroll: true });
});
by("adjust").addEventListener("click", () => {
  hideProblem();
  openPoints(state.photo, state.current?.answer.points ?? null);
  by("guide").scrollIntoView({ block: "nearest" });
  (by("placing").querySelector(".marker") ?? by("points-centre")).focus({ preventScroll: true });
});

// Controls

function randomSeed() {
  const [number] = crypto.getRandomValues(new Uint32Array(1));
  return String(1 + (number % LARGEST_RANDOM_SEED));
}

function tidySeed(text) {
  return /^\d{1,20}$/.test(text) ? String(BigInt(text)) : null;
}

function seedOfAddress() {
  return tidySeed(new URLSearchParams(location.search).get("seed") ?? "");
}

by("another").addEventListener("click", () => draw({ seed: randomSeed() }));
by("seed-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const seed = tidySeed(by("seed").value.trim());
  if (seed) draw({ seed });
});
by("views").addEventListener("change", () => show());
by("problem-close").addEventListener("click", hideProblem);
by("example").addEventListener("click", openExample);
by("file").addEventListener("change", () => {
  const [file] = by("file").files;
  if (file) openPhoto(file, file.name);
  by("file").value = ""; // the same file may be chosen again
});
window.addEventListener("popstate", () => {
  const seed = seedOfAddress() ?? FIRST_SEED;
  const known = state.tries.find((attempt) => attempt.seed === seed);
  if (known) showTry(known, "keep");
  else draw({ seed, address: "keep" });
});

// Dropping and pasting

function carriesFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

window.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  by("dropzone").hidden = false;
});
window.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) by("dropzone").hidden = true;
});
window.addEventListener("drop", (event) => {
  by("dropzone").hidden = true;
  if (!carriesFiles(event)) return;
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) openPhoto(file, file.name);
});
window.addEventListener("paste", (event) => {
  const [file] = event.clipboardData?.files ?? [];
  if (!file) return;
  event.preventDefault();
  openPhoto(file, file.name || "pasted picture");
});

showControls();
setWorking(true);
openExample();
