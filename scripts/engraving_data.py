#!/usr/bin/env python3
"""Prepares the data set `faces` (pictures, labels.csv, landmarks.npz) for `portraitist train configs/engraving.toml`.

Usage: engraving_data.py FACES OUT [--plain] [--large]

Writes OUT/{train,test}-{drawings,photos}, heads in the frame `portrait`, 136x170 pixels, and a list beside each: a picture a line, a tab,
the person. Drawings are those by people's hands with at least 36 pixels between the outer corners of the eyes, photos the colour ones
with at least 42. The test part is an eighth of the people, by a hash of their number, as in landmark_data.py. What lies behind the sitter of a
photo fades to a plain light tone, so that studio walls and flags do not come back in photos made of drawings; the segmentation is
MediaPipe's. --plain leaves it, --large makes 256x320. Needs numpy, opencv-python-headless and mediapipe 0.10.14.
"""

import csv
import hashlib
import sys
from pathlib import Path

import cv2
import mediapipe
import numpy

# The frame `portrait`: eyes, nose, corners of the mouth in 256x320.
FRAME = [(97.5508, 150.1637), (157.4541, 149.8324), (127.6928, 184.2322), (103.0838, 219.3013), (152.6908, 219.027)]
EYES = [[33, 160, 158, 133, 153, 144], [362, 385, 387, 263, 373, 380]]
NOSE, MOUTH = 4, [61, 291]
# How much of the background is left.
KEPT, KEPT_OF_GENERATED = 0.05, 0.6


def is_held_out(person):
    return hashlib.sha256(person.encode()).digest()[0] % 8 == 0


def similarity(points, targets):
    """The similarity transform that takes points next to targets, and its scale."""
    centre, target_centre = points.mean(0), targets.mean(0)
    x, y = points - centre, targets - target_centre
    size = (x**2).sum()
    cosine, sine = (x * y).sum() / size, (x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0]).sum() / size
    matrix = numpy.array([[cosine, -sine], [sine, cosine]])
    return numpy.column_stack([matrix, target_centre - matrix @ centre]), numpy.hypot(cosine, sine)


def warp(picture, matrix, scale, size, border):
    """Cut out at several times the size, then averaged."""
    factor = 3 if scale < 1 else 2
    enlarged = matrix * factor
    enlarged[:, 2] += (factor - 1) / 2
    large = [side * factor for side in size]
    cut = cv2.warpAffine(picture, enlarged, large, flags=cv2.INTER_CUBIC, borderMode=border)
    return cv2.resize(cut, size, interpolation=cv2.INTER_AREA).astype(numpy.float32)


def blurred(plane, sigma):
    return cv2.GaussianBlur(plane, (0, 0), sigma)


class Heads:
    def __init__(self, faces, size, plain):
        self.faces, self.size, self.plain = faces, size, plain
        points = numpy.load(faces / "landmarks.npz")
        self.meshes = {str(name): mesh for name, mesh in zip(points["files"], points["mesh"])}
        self.targets = numpy.array(FRAME) * (size[0] / 256)
        self.segmentation = mediapipe.solutions.selfie_segmentation.SelfieSegmentation(model_selection=0)

    def sitter(self, head, mesh):
        """How much each pixel belongs to the sitter: the segmentation, and always the face."""
        mask = self.segmentation.process(cv2.cvtColor(head.astype(numpy.uint8), cv2.COLOR_BGR2RGB)).segmentation_mask
        mask = cv2.erode(numpy.clip((mask - 0.45) / 0.4, 0, 1), numpy.ones((3, 3)))
        face = numpy.zeros(head.shape[:2], numpy.uint8)
        cv2.fillConvexPoly(face, cv2.convexHull(numpy.round(mesh).astype(numpy.int32)), 255)
        face = blurred(cv2.dilate(face, numpy.ones((9, 9))).astype(numpy.float32) / 255, 2)
        return blurred(numpy.maximum(mask, face).astype(numpy.float32), 0.8)

    def cut(self, row):
        picture, mesh = cv2.imread(str(self.faces / row["file"])), self.meshes[row["file"]]
        five = numpy.array([mesh[EYES[0]].mean(0), mesh[EYES[1]].mean(0), mesh[NOSE], *mesh[MOUTH]])
        matrix, scale = similarity(five, self.targets)
        head = warp(picture, matrix, scale, self.size, cv2.BORDER_REPLICATE)
        # 1 where there is a picture, softly 0 beyond its border.
        inside = warp(numpy.full(picture.shape[:2], 255, numpy.uint8), matrix, scale, self.size, cv2.BORDER_CONSTANT) / 255
        inside = numpy.clip(blurred(cv2.erode(inside, numpy.ones((7, 7))), 2.5), 0, 1)
        sitter, kept = numpy.ones_like(inside), 1.0
        if row["domain"] == "photo":
            chance = hashlib.sha256((row["person"] + row["file"]).encode()).digest()
            light, warmth = 175 + chance[0] / 255 * 70, (chance[1] / 255 - 0.4) * 14
            tone = numpy.array([light - warmth, light - 0.2 * warmth, light + 0.8 * warmth], numpy.float32)
            if not self.plain:
                kept = KEPT_OF_GENERATED if row["source"] == "faker" else KEPT
                sitter = self.sitter(head, numpy.column_stack([mesh, numpy.ones(len(mesh))]) @ matrix.T)
        else:
            # The paper.
            tone = numpy.percentile(head[inside > 0.9], 92, axis=0).astype(numpy.float32)
        share = (inside * (kept + (1 - kept) * sitter))[..., None]
        return numpy.clip(head * share + tone * (1 - share) + 0.5, 0, 255).astype(numpy.uint8)


def chosen(faces):
    """The rows of labels.csv that are taken, and of which domain they are."""

    def is_coloured(file):
        picture = cv2.imread(str(faces / file)).astype(numpy.float32)
        colour = picture - picture.mean(2, keepdims=True)
        # A tint of all of a grey picture is no colour.
        return abs(colour - colour.mean((0, 1))).mean() > 4

    for row in csv.DictReader(open(faces / "labels.csv", newline="")):
        file, eyes = row["file"], float(row["eye_distance"] or 0)
        if row["mesh_found"] != "yes" or row["landmarks_ok"] == "no" or row["same_picture_as"]:
            continue
        if file.startswith("drawings/engravings/") and eyes >= 36:
            yield row, "drawings"
        elif file.startswith("photos/") and eyes >= 42 and is_coloured(file):
            yield row, "photos"


def prepare(faces, out, options):
    size = [256, 320] if "--large" in options else [136, 170]
    heads, lists = Heads(faces, size, "--plain" in options), {}
    for row, kind in chosen(faces):
        part = f"{'test' if is_held_out(row['person']) else 'train'}-{kind}"
        name = "_".join(Path(row["file"]).with_suffix(".png").parts[1:])
        if kind == "drawings":
            name = name.replace("engravings", row["technique"], 1)
        (out / part).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(out / part / name), heads.cut(row))
        lists.setdefault(part, []).append(f"{part}/{name}\t{row['person']}\n")
    for part, lines in lists.items():
        (out / f"{part}.txt").write_text("".join(sorted(lines)))
        print(f"{part}: {len(lines)}")


if __name__ == "__main__":
    if len(sys.argv) < 3 or set(sys.argv[3:]) - {"--plain", "--large"}:
        sys.exit(__doc__)
    prepare(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
