#!/usr/bin/env node
// Goes through the pages of a running server in headless Chromium, at the sizes of a desktop and of a phone, light and dark: every story
// works, axe-core finds nothing serious, nothing is written to the console, nothing is asked of other hosts, nothing scrolls sideways.
//
//   npm install --prefix /tmp/pages playwright-core axe-core
//   portraitist serve --datasets DIR --runs DIR --data DIR --gallery 1h
//   scripts/check-pages.mjs http://127.0.0.1:7878 /tmp/pages [FOLDER FOR SCREENSHOTS]
//
// The folder of --data is a new one: what a run of this script has kept there, the next one would find. CHROMIUM names the browser, by default /usr/bin/chromium. TOKEN_SERVER and TOKEN name a server with a token, whose dialog is then tried, too.
// At the end the time to the first paint of each page is measured, in a browser that has seen nothing yet.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [base, modules, folder = `${modules}/screenshots`] = process.argv.slice(2);
if (!modules) {
  console.error("usage: scripts/check-pages.mjs ADDRESS FOLDER-OF-NODE-MODULES [FOLDER-FOR-SCREENSHOTS]");
  process.exit(2);
}
const require = createRequire(`${modules}/package.json`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(folder, { recursive: true });

const PATIENCE = { timeout: 120_000 };
const faults = [];
/** What the browser says of answers that a story asks for, such as a refused file. */
let expected = [];

/** A page whose faults are collected under a name. */
async function open(browser, name, options, origin = base) {
  // axe is put into the page as a script, which the page's own policy forbids.
  const context = await browser.newContext({ ...options, bypassCSP: true, permissions: ["camera"] });
  const page = await context.newPage();
  page.on("console", (message) => {
    const isExpected = expected.some((text) => message.text().includes(text));
    if (["error", "warning"].includes(message.type()) && !isExpected) faults.push(`${name}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`${name}: ${error}`));
  page.on("request", (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(`${origin}/`)) faults.push(`${name}: asks for ${request.url()}`);
  });
  const look = async (story) => {
    await page.screenshot({ path: `${folder}/${name}-${story}.png` });
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    for (const { id, impact, nodes } of violations) {
      if (["serious", "critical"].includes(impact)) faults.push(`${name} ${story}: axe: ${id}: ${nodes[0].target.join(" ")}`);
    }
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (beyond > 0) faults.push(`${name} ${story}: scrolls sideways by ${beyond}`);
  };
  return { context, page, look };
}

/** Waits until a result is there whose remark has `words`. */
function drawn(page, words) {
  const isThere = (words) => document.querySelector("#status").textContent.includes(words)
    && !document.querySelector("#working").classList.contains("on");
  return page.waitForFunction(isThere, words, PATIENCE);
}

/** Waits until a result is shown whose settings, in the address, have `words`. */
function settled(page, words) {
  const isThere = (words) => location.search.includes(words) && !document.querySelector("#working").classList.contains("on");
  return page.waitForFunction(isThere, words, PATIENCE);
}

async function slide(page, slider, value) {
  await page.evaluate(([slider, value]) => {
    const input = document.querySelector(slider);
    input.value = value;
    input.dispatchEvent(new Event("input"));
  }, [slider, value]);
}

async function stylise({ page, look }, isShort) {
  await page.goto(`${base}/?seed=3`);
  await drawn(page, "seed 3");
  await look("drawing");
  await slide(page, "#exaggerate", "1");
  await drawn(page, "Exaggeration");
  if (!isShort) {
    await page.click("#strip");
    const count = await page.locator("#technique option").count();
    await page.waitForFunction((count) => document.querySelectorAll("#tries button").length > count, count, PATIENCE);
    await drawn(page, "woodcut");
    await look("strip");
    await choose(page, look);
    await page.click("#auto");
    await page.waitForFunction(() => location.search.includes("exaggerate=auto"), null, PATIENCE);
    await slide(page, "#exaggerate", "0.3");
    await settled(page, "exaggerate=0.3");
    await page.click("#walk");
    await drawn(page, "% of the way");
    await look("walk");
    await page.selectOption("#model", "portrait");
    await drawn(page, "portrait");
    await page.click("#adjust");
    await look("points");
    await page.locator(".marker").nth(30).focus();
    await page.keyboard.press("ArrowLeft");
    await page.click("#points-draw");
    await drawn(page, "portrait");
    await dragPoints(page, look);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
    if (!download.suggestedFilename().endsWith(".png")) faults.push(`downloads ${download.suggestedFilename()}`);
    await bring(page, look);
    await page.setInputFiles("#file", { name: "plain.svg.png", mimeType: "image/png", buffer: plainPng() });
    await page.waitForSelector("#guide:not([hidden])", PATIENCE);
    await look("no-face");
  }
  await page.click("#language");
  await look("chinese");
  expected = ["415"];
  await page.setInputFiles("#file", { name: "letter.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await page.waitForSelector("#problem:not([hidden])", PATIENCE);
  const said = await page.textContent("#problem");
  if (!/图片/.test(said)) faults.push(`the error is not Chinese: ${said}`);
  await look("chinese-error");
  expected = [];
  await page.click("#language");
}

/** A technique by its name, a large drawing, and the whole picture. */
async function choose(page, look) {
  await slide(page, "#exaggerate", "0");
  await page.selectOption("#technique", "charcoal");
  await settled(page, "style=charcoal");
  await drawn(page, "charcoal");
  const side = () => page.evaluate(() => Math.max(document.querySelector("#after").naturalWidth, document.querySelector("#after").naturalHeight));
  const own = await side();
  const [, larger] = await page.locator("#size option").evaluateAll((options) => options.map(({ value }) => value));
  if (larger) {
    await page.selectOption("#size", larger);
    await settled(page, `size=${larger}`);
    if ((await side()) !== Number(larger)) faults.push(`a drawing of ${larger} pixels has ${await side()}`);
    await look("large");
    await page.selectOption("#size", "");
    await page.waitForFunction(() => !location.search.includes("size="), null, PATIENCE);
    await settled(page, "style=charcoal");
  }
  await page.check('input[name="view"][value="whole"]', { force: true });
  await settled(page, "whole=1");
  if ((await side()) === own) faults.push("the whole picture is as large as the face");
  await look("whole");
  await page.check('input[name="view"][value="picture"]', { force: true });
  await page.waitForFunction(() => !location.search.includes("whole="), null, PATIENCE);
  await settled(page, "style=charcoal");
  await look("in-picture");
  await page.check('input[name="view"][value="face"]', { force: true });
  await page.selectOption("#model", "sketch");
  await drawn(page, "sketch, seed");
  if (await page.locator("#technique-field").isVisible()) faults.push("sketch knows no techniques");
  await page.selectOption("#model", "portrait");
  await drawn(page, "portrait, seed");
}

/** The picture that is shown as the result, as text. */
function shown(page) {
  return page.evaluate(async () => {
    const bytes = new Uint8Array(await (await fetch(document.querySelector("#after").src)).arrayBuffer());
    return `${bytes.length} ${bytes.reduce((sum, byte) => (sum * 31 + byte) % 1e9, 7)}`;
  });
}

/** Drags a marker by pixels of the screen. */
async function drag(page, marker, across, down) {
  await marker.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await marker.boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width / 2 + across, y + height / 2 + down, { steps: 5 });
  await page.mouse.up();
}

/** Points that are dragged change the drawing, and the exaggeration where the crop stays as it is. */
async function dragPoints(page, look) {
  await slide(page, "#exaggerate", "1.4");
  await settled(page, "exaggerate=1.4");
  const before = await shown(page);
  await page.click("#adjust");
  // The chin is none of the five points that the face is aligned by.
  const chin = page.locator(".marker").nth(8);
  const place = await chin.getAttribute("aria-label");
  await drag(page, chin, 0, 40);
  if ((await chin.getAttribute("aria-label")) === place) faults.push("the chin cannot be dragged");
  await look("dragged");
  await page.click("#points-draw");
  await drawn(page, "Exaggeration");
  await settled(page, "exaggerate=1.4");
  if ((await shown(page)) === before) faults.push("a dragged chin changes no exaggeration");
  await look("exaggerated");
  await slide(page, "#exaggerate", "0");
  await page.waitForFunction(() => !document.querySelector("#status").textContent.includes("Exaggeration"), null, PATIENCE);
}

/** A picture that is dropped, one that is pasted, one by the camera. */
async function bring(page, look) {
  const give = (kind, name) => page.evaluate(async ([kind, name]) => {
    const data = new DataTransfer();
    data.items.add(new File([await (await fetch("/portrait")).blob()], name, { type: "image/jpeg" }));
    if (kind === "paste") return window.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, cancelable: true }));
    return document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }, [kind, name]);
  await give("dragover", "dropped.jpg");
  await page.waitForSelector("#dropzone:not([hidden])");
  await look("drop");
  for (const [kind, name] of [["drop", "dropped.jpg"], ["paste", "pasted.jpg"]]) {
    await page.evaluate(() => {
      document.querySelector("#status").textContent = "";
    });
    await give(kind, name);
    await drawn(page, "seed");
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
    if (!download.suggestedFilename().startsWith(kind === "drop" ? "dropped" : "pasted")) faults.push(`${kind}: ${download.suggestedFilename()}`);
  }
  if (!(await page.locator("#dropzone").isHidden())) faults.push("the place to drop stays");
  await page.click("#camera");
  await page.waitForFunction(() => document.querySelector("#camera-dialog video").videoWidth > 0, null, PATIENCE);
  await look("camera");
  await page.click('#camera-dialog [value="take"]');
  // The camera of the test shows no face.
  await page.waitForSelector("#guide:not([hidden])", PATIENCE);
}

/** A picture of one pixel. */
function plainPng() {
  return Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
}

async function datasets({ page, look }) {
  await page.goto(`${base}/datasets`);
  await page.waitForSelector(".tile img", PATIENCE);
  await look("datasets");
  await page.locator(".tile").first().click();
  await page.waitForSelector("#detail[open]");
  await look("picture");
  await page.fill("#note", "looked at");
  const point = page.locator(".point").first();
  if (await point.count()) {
    await page.waitForFunction(() => document.querySelector("#stage img").complete);
    const place = await point.getAttribute("aria-label");
    await drag(page, point, 12, 9);
    if ((await point.getAttribute("aria-label")) === place) faults.push("landmarks cannot be dragged");
  }
  await page.click("#save");
  await page.waitForFunction(() => document.querySelector("#saved").textContent !== "");
  await page.keyboard.press("Escape");
  for (const name of await page.locator("#dataset option").allTextContents()) {
    await page.selectOption("#dataset", name);
    await page.waitForFunction((name) => new URLSearchParams(location.search).get("dataset") === name, name);
    if (await page.locator("#sensitivity").isEnabled()) {
      await page.click("#sensitivity");
      await page.waitForSelector("#table[open] svg");
      await look("sensitivity");
      await page.keyboard.press("Escape");
    }
  }
}

async function runs({ page, look }) {
  await page.goto(`${base}/runs`);
  await page.waitForSelector(".charts svg", PATIENCE);
  for (const box of await page.locator("#runs input").all()) await box.check();
  await look("runs");
  if (await page.locator("#samples-box").isHidden()) return;
  const steps = Number(await page.getAttribute("#sample-step", "max"));
  const seen = new Set();
  for (let index = 0; index <= steps; index += 1) {
    await slide(page, "#sample-step", String(index));
    await page.waitForFunction(() => document.querySelector("#sample").complete && document.querySelector("#sample").naturalWidth > 0);
    seen.add(`${await page.getAttribute("#sample", "src")} ${await page.textContent("#sample-value")}`);
  }
  if (seen.size !== steps + 1) faults.push(`the slider over ${steps + 1} steps shows ${seen.size} grids`);
  await page.locator("#sample").scrollIntoViewIfNeeded();
  await look("samples");
}

/** A drawing that is kept is in the gallery until it is deleted. */
async function gallery({ page, look }) {
  await page.goto(`${base}/?seed=5`);
  await drawn(page, "seed 5");
  await page.click("#keep");
  await page.waitForFunction(() => document.querySelector("#status").textContent.includes("Kept"), null, PATIENCE);
  await page.goto(`${base}/gallery`);
  await page.waitForFunction(() => document.querySelector("#kept img")?.naturalWidth > 0, null, PATIENCE);
  const count = await page.locator("#kept li").count();
  await look("gallery");
  await page.locator("#kept button").first().click();
  await page.waitForFunction((count) => document.querySelectorAll("#kept li").length === count - 1, count, PATIENCE);
}

/** The dialog that asks for a token: a wrong one is refused, the right one opens the page. */
async function token({ page, look }, address) {
  expected = ["401"];
  await page.goto(`${address}/`);
  await page.waitForSelector("dialog.token[open]", PATIENCE);
  await page.fill("dialog.token input", "not the token at all");
  await page.click("dialog.token button");
  await page.waitForFunction(() => document.querySelector("dialog.token [role=alert]").textContent !== "");
  await look("token");
  await page.fill("dialog.token input", process.env.TOKEN);
  await page.click("dialog.token button");
  await page.waitForSelector("dialog.token", { state: "detached" });
  await drawn(page, "seed");
  expected = [];
}

/** Times to the first paint, in milliseconds, each in a context that has seen nothing yet. */
async function firstPaint(browser, path, count = 15) {
  const times = [];
  for (let index = 0; index < count; index += 1) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(base + path, { waitUntil: "load" });
    await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
    times.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
    await context.close();
  }
  return times.sort((a, b) => a - b);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
});
const { models } = await (await fetch(`${base}/api/models`)).json();
const pages = await (await fetch(`${base}/limits.js`)).text();
console.log(`${models.length} models, ${pages.match(/PAGES.*/)[0]}`);
const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ["light", "dark"]) {
    const opened = await open(browser, `${size}-${colorScheme}`, { viewport, colorScheme, hasTouch: size === "phone" });
    await stylise(opened, colorScheme === "dark");
    if (pages.includes('"datasets"')) await datasets(opened);
    if (pages.includes('"runs"')) await runs(opened);
    if (pages.includes('"gallery"')) await gallery(opened);
    await opened.context.close();
    console.log(`${size}, ${colorScheme}: ${faults.length} faults so far`);
  }
}
if (process.env.TOKEN_SERVER) {
  const opened = await open(browser, "token", { viewport: sizes.phone }, process.env.TOKEN_SERVER);
  await token(opened, process.env.TOKEN_SERVER);
  await opened.context.close();
}
for (const path of ["/", ...JSON.parse(pages.match(/PAGES = (.*);/)[1]).map((page) => `/${page}`)]) {
  const times = await firstPaint(browser, path);
  const [best, median, most] = [times[0], times[times.length >> 1], times.at(-1)].map(Math.round);
  console.log(`first paint of ${path}: ${best} ms at best, ${median} in the median, ${most} at most, of ${times.length}`);
  if (best > 300) faults.push(`first paint of ${path}: ${best} ms at best`);
}
await browser.close();
faults.forEach((fault) => console.error(fault));
process.exit(faults.length ? 1 : 0);
