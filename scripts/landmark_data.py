#!/usr/bin/env python3
"""Prepares the data set `faces` (pictures, labels.csv, landmarks.npz) for `portraitist landmarks train`.

Usage: landmark_data.py FACES OUT | list OUT FOLDER COPIES | london FACES DETECTED.json

Writes OUT/{train,held-out}/{photos,drawings}, pictures of at most 400 pixels' side, and OUT/{train,held-out}-{photos,drawings}.csv:
a row a picture, its file below the folder and the 468 points of its face (pixel centres are whole numbers). Held out is an eighth of
the people, by a hash of their number. `list OUT FOLDER COPIES` writes OUT/FOLDER.csv for pictures that `render_drawings` drew
of train/photos or held-out/photos. `london` compares what `portraitist detect FACES/photos/london --json` found with the points that people
placed (FACES/london_points.csv). Needs numpy and pillow.
"""

import csv
import hashlib
import sys
from pathlib import Path

LARGEST_SIDE = 400


def is_held_out(person):
    return hashlib.sha256(person.encode()).digest()[0] % 8 == 0


def prepare(faces, out):
    import numpy
    from PIL import Image

    points = numpy.load(faces / "landmarks.npz")
    of_file = {str(name): mesh for name, mesh in zip(points["files"], points["mesh"])}
    rows = {}
    for row in csv.DictReader(open(faces / "labels.csv", newline="")):
        if row["landmarks_ok"] == "no" or row["same_picture_as"] or row["mesh_found"] != "yes":
            continue
        part = "held-out" if is_held_out(row["person"]) else "train"
        kind = "photos" if row["domain"] == "photo" else "drawings"
        picture = Image.open(faces / row["file"]).convert("RGB")
        scale = min(1.0, LARGEST_SIDE / max(picture.size))
        size = [max(1, round(side * scale)) for side in picture.size]
        mesh = of_file[row["file"]] + 0.5
        mesh = mesh * [size[0] / picture.size[0], size[1] / picture.size[1]] - 0.5
        name = Path(row["file"]).relative_to(Path(row["file"]).parts[0]).with_suffix(".png")
        target = out / part / kind / name
        target.parent.mkdir(parents=True, exist_ok=True)
        picture.resize(size, Image.LANCZOS).save(target)
        rows.setdefault(f"{part}-{kind}", []).append([name.as_posix(), *(f"{value:.2f}" for value in mesh.ravel())])
    for name, lines in rows.items():
        with open(out / f"{name}.csv", "w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(sorted(lines))


def list_drawn(out, folder, copies):
    """The points of pictures that were drawn `copies` times each of the photos of the same part."""
    source = "held-out-photos" if folder.startswith("held-out") else "train-photos"
    with open(out / f"{source}.csv", newline="") as file, open(out / f"{folder}.csv", "w", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        for name, *values in csv.reader(file):
            for copy in range(copies):
                drawn = name.removesuffix(".png") + (f"_{copy}" if copies > 1 else "") + ".png"
                if (out / folder / drawn).exists():
                    writer.writerow([drawn, *values])


# Of iBUG's 68 points those that the London set has too: its number, or two numbers between which the point lies.
LONDON = {8: 129, 17: 71, 18: 72, 19: 73, 20: 74, 21: 75, 22: 78, 23: 79, 24: 80, 25: 81, 26: 82, 33: 55, 36: 18, 39: 22, 42: 23, 45: 27}
LONDON |= {48: 87, 51: 90, 54: 93, 57: 106}
# Pupils, bottom of the nose (no tip was placed), corners of the mouth.
LONDON_FIVE = {0: 0, 1: 1, 3: 87, 4: 93}


def london(faces, detected):
    """Errors of detected points in percent of the distance of the outer eye corners, beside those of the data set's own mesh."""
    import json

    import numpy

    placed = {}
    for row in csv.DictReader(open(faces / "london_points.csv", newline="")):
        placed.setdefault(Path(row["file"]).name, {})[int(row["point"])] = (float(row["x"]), float(row["y"]))
    teacher = {}
    for row in csv.DictReader(open(faces / "landmarks68.csv", newline="")):
        teacher[Path(row["file"]).name] = numpy.array([float(value) for value in list(row.values())[1:]]).reshape(68, 2)
    pictures = json.load(open(detected))["pictures"]
    pictures = [picture for picture in pictures if Path(picture["input"]).name in placed]
    found = [picture for picture in pictures if picture["faces"]]
    errors, five, teachers, kept = [], [], [], []
    for picture in found:
        name, face = Path(picture["input"]).name, picture["faces"][0]
        hand = {number: numpy.array(point) for number, point in placed[name].items()}
        eyes = numpy.linalg.norm(hand[18] - hand[27])
        away = lambda points, number, other: numpy.linalg.norm(numpy.array(points[number]) - hand[other]) / eyes
        of68 = [away(face["points68"], number, other) for number, other in LONDON.items()]
        errors.append(of68)
        kept.append([error * eyes <= face["errors68"][number] for error, number in zip(of68, LONDON)])
        five.append([away(face["points5"], number, other) for number, other in LONDON_FIVE.items()])
        teachers.append([away(teacher[name], number, other) for number, other in LONDON.items()])
    print(f"found {len(found)} of {len(pictures)}")
    for name, values in [("five points", five), (f"{len(LONDON)} of the 68 points", errors), ("the same of the data set's mesh", teachers)]:
        print(f"{name}: mean {100 * numpy.mean(values):.2f} %, 95th percentile {100 * numpy.percentile(values, 95):.2f} %")
    print(f"within errors68: {100 * numpy.mean(kept):.1f} %")
    for number, values in zip(LONDON, 100 * numpy.mean(errors, axis=0)):
        print(f"  point {number}: {values:.1f} %")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        prepare(Path(sys.argv[1]), Path(sys.argv[2]))
    elif len(sys.argv) == 5 and sys.argv[1] == "list":
        list_drawn(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    elif len(sys.argv) == 4 and sys.argv[1] == "london":
        london(Path(sys.argv[2]), sys.argv[3])
    else:
        sys.exit(__doc__)
