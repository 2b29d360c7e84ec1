// The page's words in English and Chinese.

import { EN } from "./words-en.js";
import { ZH } from "./words-zh.js";

const KEY = "portraitist-language";
const languages = { en: EN, zh: ZH };

function first() {
  const kept = localStorage.getItem(KEY);
  if (kept in languages) return kept;
  return navigator.languages.some((language, index) => index === 0 && language.toLowerCase().startsWith("zh")) ? "zh" : "en";
}

let language = first();

/** Whether the page speaks Chinese. */
export function isChinese() {
  return language === "zh";
}

/** Whether there are words for a key. */
export function has(key) {
  return key in EN;
}

/** The words of a key, with `{name}` replaced by values. */
export function t(key, values = {}) {
  const text = languages[language][key] ?? EN[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

/** A time in the largest unit that fits, such as "3 days". */
export function duration(seconds) {
  const [unit, length] = [["day", 86400], ["hour", 3600], ["minute", 60]].find(([, length]) => seconds >= length) ?? ["second", 1];
  return new Intl.NumberFormat(isChinese() ? "zh-Hans" : "en", { style: "unit", unit, unitDisplay: "long" }).format(Math.round(seconds / length));
}

/** Puts words where the page's markup names them: data-t for the text, data-label for aria-label. */
export function translatePage() {
  document.documentElement.lang = isChinese() ? "zh-Hans" : "en";
  document.querySelectorAll("[data-t]").forEach((element) => {
    element.textContent = t(element.dataset.t);
  });
  document.querySelectorAll("[data-label]").forEach((element) => {
    element.setAttribute("aria-label", t(element.dataset.label));
  });
}

/** Makes a button change the language; `onChange` is called after it. */
export function languageButton(button, onChange) {
  const show = () => {
    button.textContent = isChinese() ? "English" : "中文";
    button.lang = isChinese() ? "en" : "zh-Hans";
  };
  button.addEventListener("click", () => {
    language = isChinese() ? "en" : "zh";
    localStorage.setItem(KEY, language);
    translatePage();
    show();
    onChange();
  });
  translatePage();
  show();
}
