// Talks to the program: one request for one drawing.

import { MAX_UPLOAD_BYTES, MAX_UPLOAD_MIB } from "./limits.js"; // made by the program

/** What went wrong, in words for the person at the page. */
export class Problem extends Error {
  constructor({ error, hint = "", kind = "internal" }) {
    super(error);
    this.hint = hint;
    this.kind = kind;
  }
}

const TRIES_WHEN_BUSY = 6;

/**
 * Asks for the drawing of `photo` ({ file, name }); waits and asks again while the program is busy.
 * Resolves to the answer with `blob:` addresses in place of the pictures; rejects with a Problem, or AbortError.
 */
export async function requestDrawing(photo, seed, points, { signal, onBusy }) {
  if (photo.file.size > MAX_UPLOAD_BYTES) {
    throw new Problem({ kind: "too_large", error: `${photo.name}: the file is larger than ${MAX_UPLOAD_MIB} MiB.`, hint: "Shrink it first." });
  }
  const query = new URLSearchParams({ seed, name: photo.name });
  if (points) query.set("points", points.flat().map((value) => value.toFixed(2)).join(","));
  for (let attempt = 1; ; attempt += 1) {
    const response = await send(`/api/drawings?${query}`, photo.file, signal);
    if (response.status === 503 && attempt < TRIES_WHEN_BUSY) {
      onBusy();
      await pause(1000 * (Number(response.headers.get("Retry-After")) || 2), signal);
      continue;
    }
    return readAnswer(response);
  }
}

async function send(address, file, signal) {
  try {
    return await fetch(address, { method: "POST", body: file, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ error: "The program does not answer.", hint: "Is it still running? Start it again and reload this page." });
  }
}

async function readAnswer(response) {
  let answer;
  try {
    answer = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ error: `The program gave an answer that is not understood (${response.status}).` });
  }
  if (!response.ok) throw new Problem({ ...answer, error: sentence(answer.error), hint: sentence(answer.hint) });
  for (const picture of [answer.crop, answer.drawing, answer.in_picture]) {
    if (picture) Object.assign(picture, { type: typeOf(picture.url), url: toBlobAddress(picture.url) });
  }
  return answer;
}

/** Lets the memory of an answer's pictures go. */
export function forget(answer) {
  for (const picture of [answer.crop, answer.drawing, answer.in_picture]) {
    if (picture) URL.revokeObjectURL(picture.url);
  }
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
  return /[.!?]$/.test(start) ? start : `${start}.`;
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
