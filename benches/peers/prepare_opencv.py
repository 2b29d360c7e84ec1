"""The peer of `portraitist dataset prepare`: one Python process that aligns a dataset with OpenCV.

    python prepare_opencv.py make DIR --pictures 12000     draws a dataset in WebCaricature's layout, 400x500 JPEG
    python prepare_opencv.py run SRC DST                   aligns it: the loop that is timed
    python prepare_opencv.py compare SRC DIR PORTRAITIST   times both in turn, in one run, and compares their crops

For each picture the loop reads the 17 landmarks, fits the similarity transform to the 200x232 template (least squares from template to
source, plain and mirrored, the better one), filters by landmark positions and distance, decodes the JPEG, warps it bilinearly and writes
a PNG, as `portraitist dataset prepare` does with its default recipe. Landmark arithmetic is numpy in closed form, not the slower
general solver; OpenCV keeps its default settings (its own threads, libjpeg-turbo, PNG compression level 1 with run-length strategy).
"""

import argparse
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import time

import cv2
import numpy as np

TEMPLATE = 2 * (np.array([[30.2946, 51.6963], [65.5318, 51.5014], [48.0252, 71.7366], [33.5493, 92.3655], [62.7299, 92.2041]]) + 2)
WIDTH, HEIGHT = 200, 232
RATE = 0.10
# Landmarks of an upright face in template pixels: hairline, ears and chin, brows, eyes, nose, mouth.
FACE = np.array([
    [100, 19], [23, 116], [100, 226], [177, 115], [43, 84], [86, 80], [113, 80], [157, 84], [52, 106], [77, 107], [122, 107], [148, 106],
    [100, 147], [100, 173], [71, 188], [100, 203], [129, 188],
], dtype=float)


def make(folder, pictures, seed=1):
    """Draws faces with grain and soft texture; 24 drawings and 24 photos a person."""
    random = np.random.default_rng(seed)
    texture = [cv2.GaussianBlur(random.normal(0, 1, (500, 400, 3)), (0, 0), sigma) for sigma in (3, 11, 31)]
    texture = [layer / layer.std() for layer in texture]
    people = math.ceil(pictures / 48)
    made = 0
    for person in range(people):
        name = f"Person {person:04d}"
        for part in ("OriginalImages", "FacialPoints", "Filenames"):
            os.makedirs(f"{folder}/{part}/{name}", exist_ok=True)
        skin = random.uniform(90, 220, 3)
        lists = {"C": [], "P": []}
        for number in range(min(48, pictures - made)):
            stem = f"{'CP'[number % 2]}{number // 2 + 1:05d}"
            draw(folder, name, stem, skin, texture, random)
            lists[stem[0]].append(stem)
            made += 1
        for letter, stems in lists.items():
            with open(f"{folder}/Filenames/{name}/file_{letter.lower()}.txt", "w") as file:
                file.writelines(f"{stem}.jpg\n" for stem in stems)


def draw(folder, name, stem, skin, texture, random):
    angle, scale = random.uniform(-0.35, 0.35), random.uniform(1.0, 1.7)
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    middle = np.array([200, 250]) + random.uniform(-25, 25, 2)
    points = (FACE - [100, 120] + random.normal(0, 1.5, FACE.shape)) @ turn.T + middle
    picture = np.empty((500, 400, 3))
    picture[:] = random.uniform(30, 230, 3)
    cv2.ellipse(picture, tuple(map(int, middle)), (int(80 * scale), int(108 * scale)), math.degrees(angle), 0, 360, skin.tolist(), -1, cv2.LINE_AA)
    for a, b in ((4, 5), (6, 7), (8, 9), (10, 11), (14, 15), (15, 16), (14, 13), (13, 16), (12, 13)):
        cv2.line(picture, tuple(map(int, points[a])), tuple(map(int, points[b])), random.uniform(0, 80, 3).tolist(), 5, cv2.LINE_AA)
    for layer, strength in zip(texture, (6, 12, 20)):
        picture += strength * np.roll(layer, tuple(random.integers(0, 400, 2)), axis=(0, 1))
    picture += random.normal(0, 3, (500, 400, 1))
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    cv2.imwrite(f"{folder}/OriginalImages/{name}/{stem}.jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    with open(f"{folder}/FacialPoints/{name}/{stem}.txt", "w") as file:
        file.writelines(f"{x:.3f} {y:.3f}\n" for x, y in points)


def read_landmarks(path):
    with open(path) as file:
        return np.array([[float(word) for word in line.split()] for line in file])


def five_points(marks):
    return np.array([(marks[8] + marks[9]) / 2, (marks[10] + marks[11]) / 2, marks[12], marks[14], marks[16]])


def fit(source, target):
    """The inverse of the least-squares similarity from `target` to `source`, as a 2x3 matrix."""
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    s, t = source - source_mean, target - target_mean
    spread = (t * t).sum()
    a = (t * s).sum() / spread
    b = (t[:, 0] * s[:, 1] - t[:, 1] * s[:, 0]).sum() / spread
    square = a * a + b * b
    linear = np.array([[a, b], [-b, a]]) / square
    return np.column_stack([linear, target_mean - linear @ source_mean])


def reflective_fit(source, target):
    plain = fit(source, target)
    mirrored = fit(source, target * [-1, 1]) * [[-1], [1]]
    error = lambda matrix: np.linalg.norm(source @ matrix[:, :2].T + matrix[:, 2] - target)
    return mirrored if error(mirrored) < error(plain) else plain


def is_kept(p):
    """The original's position rules and the distance share."""
    x, y = p[:, 0], p[:, 1]
    if not (y[0] <= y[:4].min() and x[1] <= x[:4].min() and y[2] >= y[:4].max() and x[3] >= x[:4].max()):
        return False
    if not (x[4] < x[5] < x[6] < x[7] and x[8] < x[9] < x[10] < x[11]):
        return False
    middle = (x[12], x[13], x[15])
    if not (x[14] < min(middle) < max(middle) < x[16] and y[12] < y[13:17].min() and x[1] < x[12:16].min() < x[3]):
        return False
    if not (y[0] < y[4:8].min() < y[4:8].max() < y[8:12].min() < y[8:12].max() < y[12:16].min() < y[12:16].max() < y[2]):
        return False
    five = five_points(p)
    if (five < 0).any() or (five >= [WIDTH, HEIGHT]).any():
        return False
    return bool((((five - TEMPLATE) ** 2).sum(axis=1) * np.pi <= WIDTH * HEIGHT * RATE).all())


def run(source, destination):
    """The loop."""
    kept = 0
    for name in sorted(os.listdir(f"{source}/Filenames")):
        folder = f"{destination}/{name}"
        os.makedirs(folder, exist_ok=True)
        for kind in "cp":
            with open(f"{source}/Filenames/{name}/file_{kind}.txt") as file:
                stems = [os.path.splitext(line.strip())[0] for line in file if line.strip()]
            for stem in stems:
                marks = read_landmarks(f"{source}/FacialPoints/{name}/{stem}.txt")
                matrix = reflective_fit(five_points(marks), TEMPLATE)
                if not is_kept(marks @ matrix[:, :2].T + matrix[:, 2]):
                    continue
                picture = cv2.imread(f"{source}/OriginalImages/{name}/{stem}.jpg", cv2.IMREAD_COLOR)
                cv2.imwrite(f"{folder}/{stem}.png", cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT)))
                kept += 1
    return kept


def time_child(command, env=None):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu


def compare(source, folder, program, rounds):
    """Peer, ours, in turn; then the crops side by side."""
    rows = []
    for _ in range(rounds):
        row = {}
        for name in ("peer", "ours"):
            shutil.rmtree(f"{folder}/{name}", ignore_errors=True)
            peer = [sys.executable, __file__, "run", source, f"{folder}/peer"]
            ours = [program, "dataset", "prepare", source, f"{folder}/ours", "--quiet"]
            seconds, cpu = time_child(peer if name == "peer" else ours)
            row[name] = {"seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2)}
        row["ratio"] = round(row["peer"]["seconds"] / row["ours"]["seconds"], 2)
        rows.append(row)
        print(json.dumps(row), flush=True)
    crops = sorted(os.path.join(root, file) for root, _, files in os.walk(f"{folder}/peer") for file in files)
    sizes, shares = np.zeros(2), []
    for index, crop in enumerate(crops):
        own = crop.replace(f"{folder}/peer", f"{folder}/ours/crops")
        sizes += os.path.getsize(crop), os.path.getsize(own)
        if index % 50 == 0:
            shares.append((np.abs(cv2.imread(crop).astype(int) - cv2.imread(own)) > 1).mean())
    print(json.dumps({
        "pictures": len(crops), "median_ratio": sorted(row["ratio"] for row in rows)[len(rows) // 2],
        "bytes_per_crop": (sizes / len(crops)).round().tolist(), "share_of_values_off_by_more_than_1": float(np.max(shares)),
    }))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("make")
    command.add_argument("folder")
    command.add_argument("--pictures", type=int, default=12000)
    command = commands.add_parser("run")
    command.add_argument("source")
    command.add_argument("destination")
    command = commands.add_parser("compare")
    command.add_argument("source")
    command.add_argument("folder")
    command.add_argument("program")
    command.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.command == "make":
        make(arguments.folder, arguments.pictures)
    elif arguments.command == "run":
        start = time.perf_counter()
        kept = run(arguments.source, arguments.destination)
        seconds = time.perf_counter() - start
        print(json.dumps({"kept": kept, "seconds": round(seconds, 2)}))
    else:
        compare(arguments.source, arguments.folder, arguments.program, arguments.rounds)


if __name__ == "__main__":
    main()
