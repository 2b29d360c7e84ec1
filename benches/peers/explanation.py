"""Compares `portraitist evaluate pictures --explain` and the mode original-2018 with PyTorch, step by step.

    python explanation.py PROGRAM [--real DIR --fake DIR] [--pictures N] [--batch N]

Each step changes one thing: the resizing (clean-fid's), the normalisation, the clipping and JPEG of generated pictures (Pillow's), the
network (torchvision's in place of pytorch-fid's), the last partial batch. The distance after each is computed here with the peers'
resizing, networks and Fréchet distance, with the same formula weights. Without folders, N pictures of each kind are drawn. Exit status 1
if a distance differs by more than 1e-3 of itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
import torchvision
from cleanfid.resize import build_resizer
from generation import TOLERANCE, draw, formula, program, write_weights
from PIL import Image
from pytorch_fid import inception
from pytorch_fid.fid_score import calculate_frechet_distance


@dataclass(frozen=True)
class Way:
    """How features are made."""

    resizing: str
    normalisation: str
    saved: bool = False
    network: str = "fid"
    whole_batches: bool = False


PYTORCH_FID = Way("torch", "symmetric")
CLEAN = Way("clean", "tensorflow")
ORIGINAL = Way("torch", "torchvision", True, "torchvision", True)
CAUSES = {
    "resizing": ["resizing"],
    "normalisation": ["normalisation"],
    "clipping and JPEG of generated pictures": ["saved"],
    "network and weights": ["network"],
    "last partial batch": ["whole_batches"],
}


class Peer:
    def __init__(self, fid_weights: Path, torchvision_weights: Path, batch: int):
        inception.load_state_dict_from_url = lambda *_, **__: torch.load(fid_weights)
        fid = inception.InceptionV3([3], resize_input=False, normalize_input=False).eval()
        # Its own classifier goes, so that features come out; the auxiliary one is not used in evaluation.
        other = torchvision.models.inception_v3(weights=None, init_weights=False, aux_logits=False, transform_input=True)
        other.load_state_dict(torch.load(torchvision_weights))
        other.fc = torch.nn.Identity()
        other.eval()
        self.networks = {"fid": lambda x: fid(x)[0].flatten(1), "torchvision": other}
        self.clean = build_resizer("clean")
        self.batch = batch

    def planes(self, picture: Image.Image, way: Way) -> torch.Tensor:
        pixels = np.asarray(picture.convert("RGB"))
        if way.resizing == "clean":
            levels = torch.from_numpy(self.clean(pixels).transpose(2, 0, 1))
        else:
            shares = torch.from_numpy(pixels.transpose(2, 0, 1).copy()).float()[None] / 255
            levels = 255 * torch.nn.functional.interpolate(shares, (299, 299), mode="bilinear", align_corners=False)[0]
        if way.normalisation == "tensorflow":
            return (levels - 128) / 128
        if way.normalisation == "symmetric":
            return 2 * levels / 255 - 1
        if way.network == "torchvision":
            return levels / 255  # the network's own `transform_input` does the rest
        return torchvision.models.Inception3._transform_input(TRANSFORMING, levels[None] / 255)[0]

    def statistics(self, folder: Path, way: Way, is_generated: bool) -> tuple[np.ndarray, np.ndarray]:
        paths = sorted(folder.iterdir())
        if way.whole_batches:
            batch = min(self.batch, len(paths))
            paths = paths[: len(paths) // batch * batch]
        rows = []
        for path in paths:
            picture = Image.open(path)
            if way.saved and is_generated:
                picture = saved_as_original(picture)
            planes = self.planes(picture, way)[None]
            rows.append(self.networks[way.network](planes)[0].double().numpy())
        features = np.stack(rows)
        return features.mean(axis=0), np.cov(features, rowvar=False)


class TRANSFORMING:
    """What `Inception3._transform_input` asks of a network."""

    transform_input = True


def saved_as_original(picture: Image.Image) -> Image.Image:
    """A generated picture of [-1, 1] that is written as one of [0, 1], as a JPEG of Pillow's usual quality."""
    values = np.asarray(picture.convert("RGB")).astype(np.float32) / 127.5 - 1
    clipped = Image.fromarray((values.clip(0, 1) * 255 + 0.5).astype(np.uint8))
    file = BytesIO()
    clipped.save(file, "JPEG")
    return Image.open(BytesIO(file.getvalue()))


def ways(first: Way, last: Way) -> list[tuple[str, Way]]:
    now, found = first, [("", first)]
    for cause, fields in CAUSES.items():
        changed = replace(now, **{field: getattr(last, field) for field in fields})
        if changed != now:
            found.append((cause, changed))
        now = changed
    return found


def compare(binary: str, place: Path, folders: list[Path], batch: int) -> bool:
    fid_weights, torchvision_weights = place / "fid.pth", place / "torchvision.pth"
    write_weights(fid_weights)
    state = torch.load(fid_weights)
    state |= {name: formula(name, (1000, *state[name].shape[1:])) for name in ("fc.weight", "fc.bias")}
    torch.save(state, torchvision_weights)
    peer, holds = Peer(fid_weights, torchvision_weights, batch), True
    known: dict[Way, float] = {}
    print(f"{'way':<52} {'portraitist':>14} {'peer':>14} {'difference':>11}")
    for name, first, last in [("clean", PYTORCH_FID, CLEAN), ("original-2018", PYTORCH_FID, ORIGINAL)]:
        words = [binary, "evaluate", "pictures", *map(str, folders), "--json", "--quiet", "--explain"]
        words += ["--mode", f"pytorch-fid,{name}", "--batch", str(batch)]
        words += ["--weights", str(fid_weights), "--weights", str(torchvision_weights)]
        found = program(words)["explanation"]
        steps = ways(first, last)
        own = [found["from"]["fid"], *(step["fid"] for step in found["steps"])]
        if [step["cause"] for step in found["steps"]] != [cause for cause, _ in steps[1:]]:
            sys.exit(f"other causes: {found['steps']}")
        for (cause, way), value in zip(steps, own):
            if way not in known:
                pair = [peer.statistics(folder, way, number == 1) for number, folder in enumerate(folders)]
                known[way] = float(calculate_frechet_distance(*pair[0], *pair[1]))
            difference = abs(value - known[way]) / max(abs(known[way]), 1e-12)
            holds &= difference <= TOLERANCE
            label = f"to {name}: {cause}" if cause else "pytorch-fid"
            print(f"{label:<52} {value:>14.8f} {known[way]:>14.8f} {difference:>11.1e}", flush=True)
    words = [binary, "evaluate", "pictures", *map(str, folders), "--json", "--quiet", "--mode", "original-2018,clean"]
    words += ["--batch", str(batch), "--weights", str(fid_weights), "--weights", str(torchvision_weights)]
    for found in program(words)["comparisons"]:
        expected = known[ORIGINAL if found["mode"] == "original-2018" else CLEAN]
        difference = abs(found["fid"] - expected) / max(abs(expected), 1e-12)
        holds &= difference <= TOLERANCE
        print(f"{'--mode ' + found['mode']:<52} {found['fid']:>14.8f} {expected:>14.8f} {difference:>11.1e}")
    return holds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--real", type=Path)
    parser.add_argument("--fake", type=Path)
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--batch", type=int, default=8)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, torch.inference_mode():
        place = Path(name)
        folders = [given.real or place / "real", given.fake or place / "fake"]
        for seed, folder in enumerate(folders):
            if folder.parent == place:
                draw(folder, given.pictures, seed, None)
        holds = compare(given.program, place, folders, given.batch)
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
