"""Learns the shape space that `crates/face/src/shape` uses: mean face, directions, reliabilities. docs/models/face-shape.md.

    portraitist detect PHOTOS --json > faces.json
    python scripts/learn_face_shape.py faces.json crates/face/assets/face-shape.bin

A picture's person is what `--person` finds in its path. People with several pictures tell what of the spread belongs to the person.
Needs numpy. Only sums over all faces are written, nothing of a single one.
"""

import argparse
import json
import re
import struct
from collections import defaultdict

import numpy as np

LEFT, RIGHT = 33, 263  # outer corners of the eyes
NOSE_BASE, MOUTH = 2, (61, 291)


def read_faces(path, person, max_yaw, min_eyes):
    """Meshes `[n, 468, 3]` in units of the eye distance, and each one's person."""
    meshes, people = [], []
    for picture in json.load(open(path))["pictures"]:
        found = re.search(person, picture["input"])
        if not found or not picture["faces"]:
            continue
        face = picture["faces"][0]
        mesh = np.column_stack([face["points468"], face["depths468"]]).astype(float)
        eyes = np.linalg.norm(mesh[LEFT] - mesh[RIGHT])
        if abs(face["pose"]["yaw"]) <= max_yaw and eyes >= min_eyes and face["score"] >= 0.7:
            meshes.append(mesh / eyes)
            people.append(found.group(1))
    return np.array(meshes), np.array(people)


def fit(points, places, weights):
    """The similarity from points to places, applied backwards to places."""
    w = weights / weights.sum()
    p0, q0 = w @ points, w @ places
    p, q = points - p0, places - q0
    u, s, vt = np.linalg.svd((q * w[:, None]).T @ p)
    d = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ d @ vt
    scale = np.trace(d @ np.diag(s)) / np.sum(w[:, None] * p * p)
    return (places - q0) @ rotation / scale + p0


def mirror_map(mean):
    """For each vertex the one on the other side, found in the mean face; and that it is one."""
    flipped = mean * [-1, 1, 1]
    nearest = np.argmin(((mean[:, None] - flipped[None]) ** 2).sum(-1), axis=1)
    assert (nearest[nearest] == np.arange(len(mean))).all(), "the mean face has no symmetric mesh"
    return nearest


def mirrored(shapes, other):
    return shapes[..., other, :] * np.array([-1, 1, 1])


def align(meshes, rounds=6):
    """All faces in the frame of their mean, which is symmetric, and the mirror map."""
    mean = meshes[np.argmin(np.abs(meshes[:, LEFT, 2] - meshes[:, RIGHT, 2]))]
    for step in range(rounds):
        mean = mean - (mean[LEFT] + mean[RIGHT]) / 2
        across = mean[RIGHT] - mean[LEFT]
        down = (mean[MOUTH[0]] + mean[MOUTH[1]]) / 2
        x = across / np.linalg.norm(across)
        y = down - down @ x * x
        y /= np.linalg.norm(y)
        mean = mean @ np.column_stack([x, y, np.cross(x, y)]) / np.linalg.norm(across)
        if step > 1:
            other = mirror_map(mean)
            mean = (mean + mirrored(mean, other)) / 2
        weights = np.where(mean[:, 1] < mean[NOSE_BASE, 1], 1.0, 0.1)
        faces = np.array([fit(mean, mesh, weights) for mesh in meshes])
        mean = faces.mean(0)
    mean = (mean + mirrored(mean, other)) / 2
    return faces, mean, other, weights


def learn(meshes, people, count):
    faces, mean, other, weights = align(meshes)
    differences = faces - mean
    differences = ((differences + mirrored(differences, other)) / 2).reshape(len(faces), -1)
    by_person = defaultdict(list)
    for index, person in enumerate(people):
        by_person[person].append(index)
    # Every person counts once for the spread; pictures of a person against their mean tell what is not the person's.
    share = np.array([1 / len(by_person[person]) for person in people])
    covariance = (differences * share[:, None]).T @ differences / share.sum()
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    print(f"{len(faces)} faces of {len(by_person)} people; {count} directions hold {values.sum() / np.trace(covariance):.1%} of the spread")
    white = differences @ vectors / np.sqrt(values)
    several = [group for group in by_person.values() if len(group) > 1]
    within = sum((white[group] - white[group].mean(0)).T @ (white[group] - white[group].mean(0)) for group in several)
    within /= sum(len(group) - 1 for group in several)
    within_values, turn = np.linalg.eigh(within)
    reliability = np.clip(1 - within_values, 0, 1)
    print(f"{len(several)} people with several pictures; reliabilities", np.round(reliability, 2))
    directions = (vectors * np.sqrt(values)) @ turn
    return mean, directions.T.reshape(count, -1, 3), reliability, weights


def quantised(array):
    scale = max(np.abs(array).max(), 1e-9) / 32767
    return struct.pack("<f", scale) + np.round(array / scale).astype("<i2").tobytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces")
    parser.add_argument("out")
    parser.add_argument("--person", default=r"/([a-z]\d+)[^/]*(?:/[^/]*)?$", help="group 1 of this in a picture's path")
    parser.add_argument("--count", type=int, default=30, help="directions")
    parser.add_argument("--max-yaw", type=float, default=35)
    parser.add_argument("--min-eyes", type=float, default=28, help="pixels between the outer corners of the eyes")
    arguments = parser.parse_args()
    meshes, people = read_faces(arguments.faces, arguments.person, arguments.max_yaw, arguments.min_eyes)
    mean, directions, reliability, weights = learn(meshes, people, arguments.count)
    with open(arguments.out, "wb") as file:
        file.write(b"PFS1" + struct.pack("<HH", mean.shape[0], len(directions)))
        file.write(struct.pack(f"<{len(reliability)}f", *reliability))
        for array in [mean, *directions, weights]:
            file.write(quantised(array))


if __name__ == "__main__":
    main()
