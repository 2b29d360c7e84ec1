"""Pictures and folders for the check of the server."""

import json
import os
import struct
import zlib

# Landmarks of a face in the middle of 480x556 pixels.
FACE = "240 80\n90 260\n240 500\n390 260\n140 220\n210 215\n270 215\n340 220\n150 250\n205 252\n275 252\n330 250\n240 330\n240 380\n180 400\n" \
       "240 440\n300 400\n"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, more=b"", colour=b"\x5a\x78\x96"):
    """A picture of one colour; `more` are chunks before the pixels."""
    packer = zlib.compressobj(1)
    row = b"\0" + colour * width
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def make_folders(folder, photo, pictures):
    """A dataset of many pictures, one of large pictures, and a run."""
    (folder / "face.txt").write_text(FACE)
    for number in range(pictures):
        place = folder / "sets/people" / f"person {number // 40:03}"
        if number % 40 == 0:
            place.mkdir(parents=True)
            # Hard links work within a file system only.
            (place / "photo").write_bytes(photo.read_bytes())
        os.link(place / "photo", place / f"{number % 40:02}.jpg")
        os.link(folder / "face.txt", place / f"{number % 40:02}.txt")
        if number % 40 == 39 or number == pictures - 1:
            (place / "photo").unlink()
    large = folder / "sets/large/somebody"
    large.mkdir(parents=True)
    for number in range(4):
        (large / f"{number}.png").write_bytes(png(1400, 1400, colour=bytes([90, 120, 40 * number])))
        (large / f"{number}.txt").write_text(FACE)
    run = folder / "runs/00001-a"
    run.mkdir(parents=True)
    (run / "run.toml").write_text("steps = 20000\n")
    lines = (json.dumps({"step": step, "generator.total": 1 / (1 + step)}) for step in range(20_000))
    (run / "log.jsonl").write_text("\n".join(lines) + "\n")
