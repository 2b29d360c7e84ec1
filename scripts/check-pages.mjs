#!/usr/bin/env node
// Goes through the pages of a running server in headless Chromium, at the sizes of a desktop and of a phone, light and dark: every story
// works, axe-core finds nothing serious, nothing is written to the console, nothing is asked of other hosts, nothing scrolls sideways.
//
//   npm install --prefix /tmp/pages playwright-core axe-core
//   portraitist serve --datasets DIR --runs DIR --data DIR
//   scripts/check-pages.mjs http://127.0.0.1:7878 /tmp/pages [FOLDER FOR SCREENSHOTS]
//
// CHROMIUM names the browser, by default /usr/bin/chromium.

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

/** A page whose faults are collected under a name. */
async function open(browser, name, options) {
  // axe is put into the page as a script, which the page's own policy forbids.
  const context = await browser.newContext({ ...options, bypassCSP: true, permissions: ["camera"] });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`${name}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`${name}: ${error}`));
  page.on("request", (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(`${base}/`)) faults.push(`${name}: asks for ${request.url()}`);
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
    await page.waitForFunction(() => document.querySelectorAll("#tries button").length >= 7, null, PATIENCE);
    await drawn(page, "seed");
    await look("strip");
    await page.click("#auto");
    await page.waitForFunction(() => location.search.includes("exaggerate=auto"), null, PATIENCE);
    await slide(page, "#exaggerate", "0");
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
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
    if (!download.suggestedFilename().endsWith(".png")) faults.push(`downloads ${download.suggestedFilename()}`);
    await page.setInputFiles("#file", { name: "plain.svg.png", mimeType: "image/png", buffer: plainPng() });
    await page.waitForSelector("#guide:not([hidden])", PATIENCE);
    await look("no-face");
  }
  await page.click("#language");
  await look("chinese");
  await page.click("#language");
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
  await page.click("#save");
  await page.waitForFunction(() => document.querySelector("#saved").textContent !== "");
  await page.keyboard.press("Escape");
}

async function runs({ page, look }) {
  await page.goto(`${base}/runs`);
  await page.waitForSelector(".charts svg", PATIENCE);
  for (const box of await page.locator("#runs input").all()) await box.check();
  await look("runs");
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
    await opened.context.close();
    console.log(`${size}, ${colorScheme}: ${faults.length} faults so far`);
  }
}
await browser.close();
faults.forEach((fault) => console.error(fault));
process.exit(faults.length ? 1 : 0);
