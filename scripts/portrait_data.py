#!/usr/bin/env python3
"""Prepares the photos of the data set `faces` (pictures, labels.csv, landmarks.npz) for the built-in model `portrait`.

Usage: portrait_data.py FACES OUT

Writes OUT/photos.txt, a picture a line, a tab, the person: each colour photo with at least 42 pixels between the outer corners of the eyes
as it is, and once more (OUT/plain) with what lies behind the sitter faded to a plain light tone; the segmentation is MediaPipe's. A drawing on
blank paper then belongs to a photo before a plain wall, and a drawn background to a photo that has one. Go on with `dataset prepare` and
`dataset draw`, as docs/models/portrait.md says. Needs numpy, opencv-python-headless and mediapipe 0.10.14.
"""

import hashlib
import sys
from pathlib import Path

import cv2
import mediapipe
import numpy

from engraving_data import blurred, chosen


def plain(picture, mesh, segmentation, name):
    """The picture with its background faded to a tone that the name decides."""
    mask = segmentation.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)).segmentation_mask
    eyes = max(8.0, float(numpy.hypot(*(mesh[33] - mesh[263]))))
    mask = numpy.clip((mask - 0.45) / 0.4, 0, 1)
    face = numpy.zeros(picture.shape[:2], numpy.uint8)
    cv2.fillConvexPoly(face, cv2.convexHull(numpy.round(mesh).astype(numpy.int32)), 255)
    face = blurred(face.astype(numpy.float32) / 255, 0.03 * eyes)
    mask = blurred(numpy.maximum(mask, face).astype(numpy.float32), 0.01 * eyes)[..., None]
    chance = hashlib.sha256(name.encode()).digest()
    light, warmth = 175 + chance[0] / 255 * 75, (chance[1] / 255 - 0.4) * 14
    tone = numpy.array([light - warmth, light - 0.2 * warmth, light + 0.8 * warmth], numpy.float32)
    return numpy.clip(picture * mask + tone * (1 - mask) + 0.5, 0, 255).astype(numpy.uint8)


def main(faces, out):
    points = numpy.load(faces / "landmarks.npz")
    meshes = {str(name): mesh for name, mesh in zip(points["files"], points["mesh"])}
    segmentation = mediapipe.solutions.selfie_segmentation.SelfieSegmentation(model_selection=0)
    (out / "plain").mkdir(parents=True, exist_ok=True)
    lines = []
    for row, kind in chosen(faces):
        if kind != "photos":
            continue
        file = row["file"]
        name = "plain/" + "_".join(Path(file).with_suffix(".png").parts[1:])
        cv2.imwrite(str(out / name), plain(cv2.imread(str(faces / file)), meshes[file], segmentation, name))
        lines += [f"{(faces / file).resolve()}\t{row['person']}\n", f"{(out / name).resolve()}\t{row['person']}\n"]
    (out / "photos.txt").write_text("".join(lines))
    print(f"{len(lines)} photos")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
