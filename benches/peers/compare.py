"""Runs `portraitist translate` on every picture of a reference and reports the worst differences in grey levels.

    python compare.py REFERENCE_DIR --program PATH [--floats] [--only TEXT] [--json]

REFERENCE_DIR is what make_reference.py wrote. Each folder is translated with its gen_*.pt and with the result of
`portraitist weights convert`; one picture per call, several pictures in one call, and with another picture's style.
Exit status 1 if a difference exceeds one grey level or a call fails.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

WEIGHTS = "gen_00000007.pt"
TARGET_NAMES = {"a": "drawing", "b": "photo"}
GREY_LIMIT = 1
FLOAT_LIMIT = 1e-3


@dataclass(frozen=True)
class Call:
    """One run of the program: inputs, style, and the expected file (without suffix) of each input."""

    kind: str
    target: str
    inputs: tuple[Path, ...]
    style: Path
    expected: tuple[Path, ...]


@dataclass
class Outcome:
    """What was found for one folder, one form of its weights and one kind of call."""

    folder: str
    weights: str
    kind: str
    pictures: int = 0
    worst_grey: int = 0
    differing_share: float = 0.0
    worst_float: float | None = None
    failures: int = 0

    def good(self) -> bool:
        """Whether everything ran and lies within the limits."""
        close = self.worst_float is None or self.worst_float <= FLOAT_LIMIT
        return self.failures == 0 and self.pictures > 0 and self.worst_grey <= GREY_LIMIT and close


class ProgramError(Exception):
    """The program failed or did not print what it should."""


def run_program(program: Path, words: list[str]) -> dict[str, Any]:
    """Runs the program with `--json` and gives the object it printed."""
    done = subprocess.run([str(program), *words, "--json"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ProgramError(f"exit status {done.returncode}: {done.stderr.strip()[-500:]}")
    try:
        printed = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise ProgramError(f"stdout is not one JSON object ({error}): {done.stdout[:200]!r}") from error
    if not isinstance(printed, dict):
        raise ProgramError(f"stdout is not one JSON object: {done.stdout[:200]!r}")
    return printed


def output_files(printed: dict[str, Any], inputs: tuple[Path, ...]) -> list[Path]:
    """The output of every input, in the order of the inputs."""
    if printed.get("failed"):
        raise ProgramError(f"failed: {printed['failed']}")
    try:
        by_name = {Path(entry["input"]).name: Path(entry["output"]) for entry in printed["outputs"]}
        return [by_name[file.name] for file in inputs]
    except (KeyError, TypeError) as error:
        raise ProgramError(f"`outputs` lacks {error}: {str(printed)[:300]}") from error


def read_pixels(file: Path) -> np.ndarray:
    """8-bit picture as [h, w, 3]; grey pictures are copied to three channels."""
    with Image.open(file) as picture:
        return np.array(picture.convert("RGB")).astype(np.int16)


def compare_pictures(got: Path, expected: Path, outcome: Outcome) -> None:
    """Adds one picture's differences to the outcome."""
    ours, theirs = read_pixels(got), read_pixels(expected.with_suffix(".png"))
    if ours.shape != theirs.shape:
        raise ProgramError(f"{got.name} is {ours.shape}, expected {theirs.shape}")
    difference = np.abs(ours - theirs)
    outcome.pictures += 1
    outcome.worst_grey = max(outcome.worst_grey, int(difference.max()))
    outcome.differing_share = max(outcome.differing_share, float((difference > 0).mean()))


def compare_floats(got: Path, expected: Path, outcome: Outcome) -> None:
    """The same for the .npy files beside the pictures; one channel may come as three."""
    ours, theirs = np.load(got.with_suffix(".npy")), np.load(expected.with_suffix(".npy"))
    if ours.shape[1:] != theirs.shape[1:] or ours.shape[0] not in (3, theirs.shape[0]):
        raise ProgramError(f"{got.with_suffix('.npy').name} is {ours.shape}, expected {theirs.shape}")
    worst = float(np.abs(ours - theirs).max())
    if not np.isfinite(worst):
        raise ProgramError(f"{got.with_suffix('.npy').name} holds values that are not finite")
    outcome.worst_float = max(outcome.worst_float or 0.0, worst)


def calls_of(folder: Path, scratch: Path) -> Iterator[Call]:
    """Every call for one folder; single styles are written to `scratch`."""
    for source, target in (("a", "b"), ("b", "a")):
        styles = np.load(folder / f"styles_{target}.npy").astype(np.float32)
        inputs = tuple(folder / f"{source}_{i}.png" for i in range(len(styles)))
        style_files = []
        for i, style in enumerate(styles):
            style_files.append(scratch / f"style_{target}_{i}.npy")
            np.save(style_files[i], style)
        way = f"{source}2{target}"
        for i, file in enumerate(inputs):
            yield Call("single", target, (file,), style_files[i], (folder / f"{way}_{i}",))
        together = tuple(folder / f"together_{way}_{i}" for i in range(len(inputs)))
        yield Call("together", target, inputs, style_files[0], together)
        yield Call("guided", target, inputs[:1], folder / f"{target}_0.png", (folder / f"guided_{way}_0",))


def run_call(program: Path, model: Path, call: Call, floats: bool, outcome: Outcome) -> None:
    """Translates and compares; a failure is printed and counted."""
    with tempfile.TemporaryDirectory() as out:
        words = ["translate", *map(str, call.inputs), "-o", out, "--model", str(model), "--aligned"]
        words += ["--style", str(call.style), "--to", TARGET_NAMES[call.target]]
        words += ["--float"] if floats else []
        try:
            files = output_files(run_program(program, words), call.inputs)
            for got, expected in zip(files, call.expected, strict=True):
                compare_pictures(got, expected, outcome)
                if floats:
                    compare_floats(got, expected, outcome)
        except (ProgramError, OSError, ValueError) as error:
            outcome.failures += 1
            print(f"{outcome.folder} {outcome.weights} {call.kind} {call.expected[0].name}: {error}", file=sys.stderr)


def compare_folder(program: Path, folder: Path, floats: bool) -> list[Outcome]:
    """All kinds of calls with the original file and with its converted form."""
    outcomes: dict[tuple[str, str], Outcome] = {}
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        models = {"original": folder / WEIGHTS}
        converted = scratch / "converted.safetensors"
        try:
            run_program(program, ["weights", "convert", str(folder / WEIGHTS), str(converted)])
            models["converted"] = converted
        except (ProgramError, OSError) as error:
            outcomes["converted", "convert"] = Outcome(folder.name, "converted", "convert", failures=1)
            print(f"{folder.name} weights convert: {error}", file=sys.stderr)
        for weights, model in models.items():
            for call in calls_of(folder, scratch):
                key = (weights, call.kind)
                outcome = outcomes.setdefault(key, Outcome(folder.name, weights, call.kind))
                run_call(program, model, call, floats, outcome)
    return list(outcomes.values())


def print_outcome(o: Outcome) -> None:
    """One line per folder, form of the weights and kind of call."""
    floats = "" if o.worst_float is None else f", float {o.worst_float:.2e}"
    failures = f", {o.failures} failed calls" if o.failures else ""
    share = f"{100 * o.differing_share:.2f}% of the worst picture's values differ"
    verdict = "ok  " if o.good() else "FAIL"
    name = f"{o.folder} {o.weights} {o.kind}"
    print(f"{verdict} {name}: {o.pictures} pictures, worst {o.worst_grey} grey levels ({share}){floats}{failures}")


def print_summary(outcomes: list[Outcome]) -> None:
    """The worst of all."""
    pictures = sum(o.pictures for o in outcomes)
    worst = max((o.worst_grey for o in outcomes), default=0)
    failures = sum(o.failures for o in outcomes)
    print(f"{pictures} pictures, worst difference {worst} grey levels, {failures} failed calls")


def main() -> None:
    """Compares every folder; exit status 1 if one is not good."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference", type=Path, metavar="REFERENCE_DIR")
    parser.add_argument("--program", type=Path, required=True, metavar="PATH", help="the portraitist program")
    parser.add_argument("--floats", action="store_true", help="also compare the .npy files of `--float`")
    parser.add_argument("--only", default="", metavar="TEXT", help="only folders whose name contains TEXT")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
    options = parser.parse_args()
    folders = sorted(f.parent for f in options.reference.glob("*/config.yaml") if options.only in f.parent.name)
    if not folders:
        parser.error(f"{options.reference} holds no folder with a config.yaml to compare")
    outcomes: list[Outcome] = []
    for folder in folders:
        found = compare_folder(options.program.resolve(), folder.resolve(), options.floats)
        outcomes += found
        for outcome in [] if options.json else found:
            print_outcome(outcome)
        sys.stdout.flush()
    if options.json:
        print(json.dumps({"results": [vars(o) | {"good": o.good()} for o in outcomes]}))
    else:
        print_summary(outcomes)
    raise SystemExit(0 if all(o.good() for o in outcomes) else 1)


if __name__ == "__main__":
    main()
