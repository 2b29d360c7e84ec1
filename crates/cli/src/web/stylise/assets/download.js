// A result as a file.

/** Saves a picture as PNG. */
export async function download(picture, name) {
  const link = document.createElement("a");
  link.href = await asPng(picture);
  link.download = name;
  link.click();
}

/** The address of a picture as PNG. */
async function asPng({ url, type }) {
  if (type === "image/png") return url;
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: image.naturalWidth, height: image.naturalHeight });
  canvas.getContext("2d").drawImage(image, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return URL.createObjectURL(blob);
}
