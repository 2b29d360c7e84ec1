// The token of a server that is reached from other computers: asked for once, then a cookie stands for it.

import { t } from "./words.js";

/** The response of `request()`; when the token is missing, asks for it and tries again. */
export async function withToken(request) {
  for (;;) {
    const response = await request();
    if (response.status !== 401) return response;
    await ask();
  }
}

let asking = null;

/** Several requests that need the token at the same time ask once. */
function ask() {
  asking ??= askOnce().finally(() => {
    asking = null;
  });
  return asking;
}

function askOnce() {
  const dialog = document.createElement("dialog");
  dialog.className = "token";
  const form = document.createElement("form");
  form.method = "dialog";
  const label = document.createElement("label");
  label.textContent = t("token_wanted");
  const input = document.createElement("input");
  Object.assign(input, { type: "password", required: true, autocomplete: "current-password" });
  label.append(input);
  const wrong = document.createElement("p");
  wrong.setAttribute("role", "alert");
  const button = document.createElement("button");
  button.className = "primary";
  button.textContent = t("token_send");
  form.append(label, wrong, button);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const headers = { Authorization: `Bearer ${input.value.trim()}` };
      const response = await fetch("/api/session", { method: "POST", headers }).catch(() => null);
      if (response?.ok) {
        dialog.close();
        dialog.remove();
        return resolve();
      }
      wrong.textContent = t(response?.status === 429 ? "token_later" : "token_wrong");
      input.select();
    });
  });
}
