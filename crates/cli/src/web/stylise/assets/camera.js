// Takes a picture with the camera.

import { t } from "./words.js";

/** Whether the browser has a camera to offer. */
export function hasCamera() {
  return Boolean(navigator.mediaDevices?.getUserMedia);
}

/** Opens `dialog` with the camera's picture; resolves to a JPEG, or null when it is closed. */
export async function takePhoto(dialog) {
  const video = dialog.querySelector("video");
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 } } });
  video.srcObject = stream;
  dialog.showModal();
  await video.play().catch(() => {});
  const taken = await new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "take"), { once: true });
  });
  const file = taken && video.videoWidth ? await still(video) : null;
  stream.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
  dialog.returnValue = "";
  return file;
}

function still(video) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => {
    canvas.toBlob((blob) => resolve(blob && new File([blob], `${t("camera_name")}.jpg`, { type: blob.type })), "image/jpeg", 0.95);
  });
}
