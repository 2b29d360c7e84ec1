#!/usr/bin/env python3
"""Are faces of every skin tone found and landmarked alike? docs/models/face-mesh.md holds the table.

    portraitist detect PICTURES --json > detected.json
    landmark_parity.py PICTURES detected.json TRUTH [--only TEXT]

TRUTH is a table of points (`file,x0,y0,...` of 17 or 68 points, files below PICTURES), the folder `FacialPoints` of a WebCaricature dataset
(PICTURES is its `OriginalImages`), or the landmarks.npz of the data set `faces` (PICTURES is that data set). The lightness of the skin is the
median L* (CIE 1976) of both cheeks, measured at the true points; people are parted into thirds by it. Error: mean distance in percent of the
distance of the outer eye corners. Needs numpy and pillow.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np
from PIL import Image

# Outer eye corners and corners of the mouth by the number of points.
CORNERS = {17: (8, 11, 14, 16), 68: (36, 45, 48, 54), 468: (33, 263, 61, 291)}


def truths(path, pictures):
    """Picture and points."""
    if path.is_dir():
        for file in sorted(path.rglob("*.txt")):
            values = [float(value) for value in file.read_text().replace(",", " ").split()]
            picture = pictures / file.relative_to(path).with_suffix(".jpg")
            picture = picture if picture.exists() else picture.with_suffix(".png")
            yield picture, np.array(values).reshape(-1, 2)
    elif path.suffix == ".npz":
        data = np.load(path)
        for file, mesh in zip(data["files"], data["mesh"]):
            yield pictures / str(file), mesh
    else:
        for name, *values in csv.reader(open(path, newline="")):
            if name != "file":
                yield pictures / name, np.array([float(value) for value in values]).reshape(-1, 2)


def lightness(picture, points):
    """L* of the cheeks: halfway between eye and corner of the mouth, a little outwards."""
    image = np.asarray(Image.open(picture).convert("RGB"), dtype=float) / 255
    left, right, mouth_left, mouth_right = (points[index] for index in CORNERS[len(points)])
    eyes = np.linalg.norm(right - left)
    values = []
    for eye, mouth in [(left, mouth_left), (right, mouth_right)]:
        x, y = (eye + mouth) / 2
        r = max(1, round(0.06 * eyes))
        patch = image[max(0, round(y) - r) : round(y) + r + 1, max(0, round(x) - r) : round(x) + r + 1].reshape(-1, 3)
        linear = np.where(patch <= 0.04045, patch / 12.92, ((patch + 0.055) / 1.055) ** 2.4)
        light = linear @ [0.2126, 0.7152, 0.0722]
        values.append(np.where(light > 0.008856, 116 * np.cbrt(light) - 16, 903.3 * light))
    return float(np.median(np.concatenate(values)))


def error(face, points):
    """Mean distance of a found face's points in percent of the true distance of the eyes."""
    found = np.array(face[f"points{len(points)}"])
    left, right, *_ = (points[index] for index in CORNERS[len(points)])
    return 100 * np.linalg.norm(found - points, axis=1).mean() / np.linalg.norm(right - left)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("pictures", type=Path)
    arguments.add_argument("detected")
    arguments.add_argument("truth", type=Path)
    arguments.add_argument("--only", default="", help="pictures whose path has this text")
    given = arguments.parse_args()
    detected = {Path(row["input"]).resolve(): row["faces"] for row in json.load(open(given.detected))["pictures"]}
    rows = []
    for picture, points in truths(given.truth, given.pictures):
        if given.only in str(picture) and picture.resolve() in detected:
            errors = [error(face, points) for face in detected[picture.resolve()]]
            best = min(errors, default=None)
            # A face somewhere else in the picture is not this one.
            rows.append((lightness(picture, points), best if best is not None and best < 20 else None))
    rows.sort(key=lambda row: row[0])
    for name, third in zip(["darkest third", "middle third", "lightest third"], np.array_split(np.array(rows, dtype=object), 3)):
        errors = [row[1] for row in third if row[1] is not None]
        print(
            f"{name}: L* {third[0][0]:.0f} to {third[-1][0]:.0f}, found {len(errors)} of {len(third)}, "
            f"error mean {np.mean(errors):.2f} %, median {np.median(errors):.2f} %"
        )


if __name__ == "__main__":
    main()
