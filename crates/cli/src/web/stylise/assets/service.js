// Talks to the program.

import { readEvents } from "./events.js";
import { MAX_UPLOAD_BYTES } from "./limits.js"; // made by the program
import { inWords } from "./problems.js";
import { withToken } from "./token.js";
import { isChinese, t } from "./words.js";

/** What went wrong, in words for the person at the page: a problem document, or `detail` and `hint`; `words` is a key of the hint. */
export class Problem extends Error {
  constructor(problem) {
    const { detail, hint } = inWords(problem);
    super(sentence(detail));
    this.hint = sentence(problem.words ? t(problem.words) : hint);
    /** What it was made of, to be said again in another language. */
    this.source = problem;
    this.kind = problem.kind ?? "internal";
  }
}

const TRIES_WHEN_BUSY = 8;

/** The models, the first being the usual one, and the most pixels of a drawing: { models, max_drawn_pixels }. */
export async function requestModels() {
  const response = await withToken(() => send("/api/models", {}));
  if (!response.ok) throw new Problem(await response.json());
  return response.json();
}

/** The faces of `photo` ({ file, name }): { width, height, faces }. */
export function requestFaces(photo, options) {
  return work("/api/detect", photo, {}, options);
}

/**
 * Asks for a translation of `photo` with `fields`, as the interface has them; `fields.style_picture` may be a file.
 * Resolves to the answer with `blob:` addresses in place of the pictures; rejects with a Problem, or AbortError.
 */
export async function requestTranslation(photo, fields, options) {
  const answer = await work("/api/translate", photo, fields, options);
  for (const picture of pictures(answer)) {
    Object.assign(picture, { type: typeOf(picture.url), url: toBlobAddress(picture.url) });
  }
  return answer;
}

/** Lets the memory of an answer's pictures go. */
export function forget(answer) {
  for (const picture of pictures(answer)) URL.revokeObjectURL(picture.url);
}

function pictures(answer) {
  return [answer.crop, answer.result, answer.in_picture].filter(Boolean);
}

async function work(address, photo, fields, { signal, onProgress = () => {} }) {
  if (photo.file.size > MAX_UPLOAD_BYTES) {
    const detail = t("too_large", { name: photo.name, most: Math.floor(MAX_UPLOAD_BYTES / 2 ** 20) });
    throw new Problem({ kind: "too_large", detail, hint: t("shrink") });
  }
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, name: photo.name })) {
    if (value !== null && value !== undefined && value !== "") form.set(name, value);
  }
  form.set("picture", photo.file, "picture");
  const headers = { Accept: "text/event-stream" };
  for (let attempt = 1; ; attempt += 1) {
    const response = await withToken(() => send(address, { method: "POST", body: form, headers, signal }));
    if ([429, 503].includes(response.status) && attempt < TRIES_WHEN_BUSY) {
      onProgress(t("busy"));
      await pause(1000 * (Number(response.headers.get("Retry-After")) || 2), signal);
      continue;
    }
    return readAnswer(response, onProgress);
  }
}

async function send(address, options) {
  try {
    return await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ detail: t("no_answer"), hint: t("still_running") });
  }
}

async function readAnswer(response, onProgress) {
  if (!response.ok) throw new Problem(await response.json().catch(() => ({ detail: t("odd_answer", { status: response.status }) })));
  let answer = null;
  await readEvents(response, (name, data) => {
    if (name === "queued" && data.ahead > 0) onProgress(t("ahead", { count: data.ahead }));
    if (name === "step") onProgress(t(`step_${data.step}`));
    if (name === "failed") throw new Problem(data);
    if (name === "done") answer = data;
  });
  if (!answer) throw new Problem({ detail: t("broken_off"), hint: t("still_running") });
  return answer;
}

function typeOf(address) {
  return address.slice("data:".length, address.indexOf(";"));
}

/** Downloads and large pictures work better with `blob:` than with `data:` addresses. */
function toBlobAddress(address) {
  const text = atob(address.slice(address.indexOf(",") + 1));
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: typeOf(address) }));
}

function sentence(text = "") {
  if (!text) return "";
  // A file's name keeps its case.
  const start = /^[a-z]+( |$)/.test(text) ? text[0].toUpperCase() + text.slice(1) : text;
  return /[.!?。！？]$/.test(start) ? start : `${start}${isChinese() ? "。" : "."}`;
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("no longer wanted", "AbortError"));
    }, { once: true });
  });
}
