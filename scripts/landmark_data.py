#!/usr/bin/env python3
"""Prepares the data set `faces` (pictures, labels.csv, landmarks.npz) for `portraitist landmarks train`.

Usage: landmark_data.py FACES OUT

Writes OUT/{train,held-out}/{photos,drawings}, pictures of at most 400 pixels' side, and OUT/{train,held-out}-{photos,drawings}.csv:
a row a picture, its file below the folder and the 468 points of its face (pixel centres are whole numbers). Held out is an eighth of
the people, by a hash of their number. `list OUT FOLDER COPIES` writes OUT/FOLDER.csv for pictures that `render_drawings` drew
of train/photos or held-out/photos. Needs numpy and pillow.
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


if __name__ == "__main__":
    if len(sys.argv) == 3:
        prepare(Path(sys.argv[1]), Path(sys.argv[2]))
    elif len(sys.argv) == 5 and sys.argv[1] == "list":
        list_drawn(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    else:
        sys.exit(__doc__)
