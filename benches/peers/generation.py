"""Compares `portraitist evaluate` with pytorch-fid 0.3 and torch-fidelity: the same folders, the same weights.

    python generation.py PROGRAM [--real DIR --fake DIR] [--pictures N] [--speed [--no-values] [--threads N]]

Without folders, N pictures of each kind are drawn, of mixed sizes. The weights follow the formula of the reference data, so that no
download is needed; they are written as a `.pth` file that all three programs read. Exit status 1 if a value differs by more than
1e-3 of itself. With --speed, the programs take turns and their pictures per second, seconds of CPU time per picture, their largest
memory, and the time of the Fréchet distance from statistics are printed too; with --no-values nothing else. On a busy machine compare
the CPU times with --threads 1: threads that wait for each other count, too.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

TOLERANCE = 1e-3


def formula(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """The reference data's weights for a parameter."""
    hash_ = 0x811C9DC5
    for byte in f"golden-A/inception/{name}".encode():
        hash_ = (hash_ ^ byte) * 0x01000193 % 2**32
    fan_in = float(np.prod(shape[1:])) if len(shape) > 1 else 1.0
    if name.endswith(("bn.weight", "running_var")):
        low, high = 0.8, 1.2
    elif name.endswith(("bn.bias", "running_mean")) or name == "fc.bias":
        low, high = -0.1, 0.1
    else:
        low, high = -((6 / fan_in) ** 0.5), (6 / fan_in) ** 0.5
    x = (np.arange(int(np.prod(shape)), dtype=np.uint64) * 2654435761 + hash_) % 2**32
    x ^= x >> 16
    x = x * 0x85EBCA6B % 2**32
    x ^= x >> 13
    x = x * 0xC2B2AE35 % 2**32
    x ^= x >> 16
    values = low + (high - low) * (x.astype(np.float64) / 2**32)
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def write_weights(path: Path) -> None:
    import torchvision

    network = torchvision.models.inception_v3(num_classes=1008, aux_logits=False, weights=None, init_weights=False)
    state = network.state_dict()
    for name, value in state.items():
        if not name.endswith("num_batches_tracked"):
            state[name] = formula(name, tuple(value.shape))
    torch.save(state, path)


def draw(folder: Path, count: int, seed: int, sizes: tuple[int, int] | None) -> None:
    """Smooth noise and shapes; the two kinds differ in their shapes."""
    random = np.random.default_rng(seed)
    folder.mkdir()
    for index in range(count):
        width, height = sizes or (int(random.integers(60, 400)), int(random.integers(60, 400)))
        noise = random.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        picture = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
        pen = ImageDraw.Draw(picture)
        for _ in range(3 + 4 * (seed % 2)):
            corners = sorted(random.integers(0, width, 2)), sorted(random.integers(0, height, 2))
            box = [corners[0][0], corners[1][0], corners[0][1] + 1, corners[1][1] + 1]
            colour = tuple(int(value) for value in random.integers(0, 256, 3))
            (pen.ellipse if seed % 2 else pen.rectangle)(box, fill=colour)
        picture.save(folder / f"{index:05}.png")


def program(words: list[str]) -> dict:
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        sys.exit(f"{' '.join(words)}\n{answer.stderr}")
    return json.loads(answer.stdout)


def pytorch_fid(weights: Path, folders: list[Path]) -> float:
    from pytorch_fid import fid_score, inception

    inception.load_state_dict_from_url = lambda *_, **__: torch.load(weights)
    with torch.inference_mode():
        paths = [str(folder) for folder in folders]
        # One at a time: batches would need pictures of one size.
        return float(fid_score.calculate_fid_given_paths(paths, 1, "cpu", 2048, num_workers=0))


def torch_fidelity(weights: Path, folders: list[Path], subset_size: int) -> dict[str, float]:
    import torch_fidelity as fidelity

    shared = dict(
        cuda=False, verbose=False, cache=False, feature_extractor_weights_path=str(weights), kid_subset_size=subset_size,
        batch_size=1, samples_find_deep=True,
    )
    real, fake = (str(folder) for folder in folders)
    # KID draws subsets of the first set first, as the program draws the real ones; for precision the first set is the generated one.
    kernel = fidelity.calculate_metrics(input1=real, input2=fake, fid=True, kid=True, **shared)
    neighbours = fidelity.calculate_metrics(
        input1=fake, input2=real, prc=True, feature_extractor="inception-v3-compat", feature_layer_prc="2048", **shared
    )
    return {
        "FID": kernel["frechet_inception_distance"],
        "KID, mean of subsets": kernel["kernel_inception_distance_mean"],
        "KID, std of subsets": kernel["kernel_inception_distance_std"],
        "precision": neighbours["precision"],
        "recall": neighbours["recall"],
    }


def compare(binary: str, weights: Path, folders: list[Path]) -> bool:
    least = min(len(list(folder.iterdir())) for folder in folders)
    size = min(1000, least // 2)
    words = [binary, "evaluate", "pictures", *map(str, folders), "--weights", str(weights), "--json", "--quiet"]
    words += ["--kid-subset-size", str(size), "--mode", "pytorch-fid,torch-fidelity"]
    ours = {found["mode"]: found for found in program(words)["comparisons"]}
    fidelity, today = ours["torch-fidelity"], ours["pytorch-fid"]
    found = {
        "FID": fidelity["fid"],
        "KID, mean of subsets": fidelity["kid_subsets"]["mean"],
        "KID, std of subsets": fidelity["kid_std"],
        "precision": fidelity["precision"],
        "recall": fidelity["recall"],
    }
    theirs = torch_fidelity(weights, folders, size)
    rows = [("pytorch-fid", "FID", today["fid"], pytorch_fid(weights, folders))]
    rows += [("torch-fidelity", name, found[name], theirs[name]) for name in found]
    holds = True
    print(f"{'peer':<16} {'measure':<22} {'portraitist':>14} {'peer':>14} {'difference':>11}")
    for peer, name, own, other in rows:
        difference = abs(own - other) / max(abs(other), 1e-12)
        holds &= difference <= TOLERANCE
        print(f"{peer:<16} {name:<22} {own:>14.8f} {other:>14.8f} {difference:>11.1e}")
    return holds


def timed(words: list[str], threads: int) -> tuple[float, float, float]:
    """Seconds, those of CPU time, and the largest memory in MiB."""
    began = time.perf_counter()
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    peak = 0.0
    # ru_maxrss of a child counts what this process had when it began the child: the kernel's own record of the program is read instead.
    while (done := os.wait4(process.pid, os.WNOHANG))[0] == 0:
        peak = max(peak, high_water(process.pid))
        time.sleep(0.01)
    _, status, usage = done
    if status != 0:
        sys.exit(f"{' '.join(words)} failed")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, peak


def high_water(pid: int) -> float:
    """The largest resident memory of a program so far, in MiB; 0 when it has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(found[0]) / 1024 if found else 0.0


def speed(binary: str, weights: Path, folder: Path, place: Path, threads: int) -> None:
    """Features of a folder in turn: the time of half the pictures is taken off, so that starting and reading weights cost nothing."""
    pictures = sorted(folder.iterdir())
    half = place / "half"
    half.mkdir()
    for picture in pictures[: len(pictures) // 2]:
        (half / picture.name).symlink_to(picture.resolve())
    timings: dict[str, list[tuple[float, float]]] = {"portraitist": [], "pytorch-fid": []}
    memory: dict[str, float] = {}
    count = len(pictures) - len(pictures) // 2
    for turn in range(3):
        for name in timings:
            took = []
            for number, part in enumerate([folder, half]):
                stats = str(place / f"{name}-{turn}-{number}.npz")
                if name == "portraitist":
                    words = [binary, "evaluate", "pictures", str(part), "--save-stats", stats, "--weights", str(weights)]
                    words += ["--threads", str(threads)]
                else:
                    words = [sys.executable, __file__, "--peer-statistics", str(part), stats, str(weights)]
                *seconds, peak = timed(words, threads)
                took.append(seconds)
                memory[name] = max(memory.get(name, 0.0), peak)
            rate, cpu = count / (took[0][0] - took[1][0]), (took[0][1] - took[1][1]) / count
            timings[name].append((rate, cpu))
            print(f"{name:<16} {rate:>8.2f} pictures/s  {1000 * cpu:>6.1f} ms of CPU time a picture", flush=True)
    for name, found in timings.items():
        rate, cpu = (float(np.median([turn[part] for turn in found])) for part in range(2))
        print(f"{name:<16} {rate:>8.2f} pictures/s  {1000 * cpu:>6.1f} ms of CPU time  {memory[name]:>6.0f} MiB   (medians)")


def square_roots(binary: str, place: Path) -> None:
    """The distance of two sets' statistics of 2,048 features, full rank."""
    from pytorch_fid.fid_score import calculate_frechet_distance

    random = np.random.default_rng(1)
    paths, statistics = [], []
    for index in range(2):
        rows = random.standard_normal((3000, 2048)) * (1 + index * 0.1)
        statistics += [rows.mean(axis=0), np.cov(rows, rowvar=False)]
        paths.append(str(place / f"statistics-{index}.npz"))
        np.savez(paths[-1], mu=statistics[-2], sigma=statistics[-1])
    began = time.perf_counter()
    other = float(calculate_frechet_distance(*statistics))
    scipy_seconds = time.perf_counter() - began
    began = time.perf_counter()
    own = program([binary, "evaluate", "features", *paths, "--json", "--quiet"])["fid"]
    own_seconds = time.perf_counter() - began
    print(f"from statistics  portraitist {own_seconds:.1f} s (reading the files included), scipy {scipy_seconds:.1f} s; {own:.9f} and {other:.9f}")


def peer_statistics(folder: str, output: str, weights: str) -> None:
    from pytorch_fid import fid_score, inception

    inception.load_state_dict_from_url = lambda *_, **__: torch.load(weights)
    with torch.inference_mode():
        fid_score.save_fid_stats([folder, output], 50, "cpu", 2048, num_workers=0)


def main() -> None:
    if sys.argv[1:2] == ["--peer-statistics"]:
        peer_statistics(*sys.argv[2:5])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--real", type=Path)
    parser.add_argument("--fake", type=Path)
    parser.add_argument("--pictures", type=int, default=120)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--no-values", action="store_true")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    torch.set_num_threads(os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        weights = place / "weights.pth"
        write_weights(weights)
        folders = [given.real or place / "real", given.fake or place / "fake"]
        for seed, folder in enumerate(folders):
            if folder.parent == place:
                draw(folder, given.pictures, seed, None)
        holds = given.no_values or compare(given.program, weights, folders)
        if given.speed:
            draw(place / "equal", given.pictures, 2, (256, 256))
            speed(given.program, weights, place / "equal", place, given.threads)
            if not given.no_values:
                square_roots(given.program, place)
    print(f"torch {torch.__version__}, {os.cpu_count()} cores, own peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
