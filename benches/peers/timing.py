"""Shared by the timing scripts: cases in processes of their own, median times, peak memory."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Case:
    """One size to time; a large one is there for its memory and runs only when `--only` names it."""

    height: int
    width: int
    batch: int
    dim: int
    large: bool = False


def original_config(case: Case) -> dict[str, Any]:
    """The original's training configuration at this size, without the recogniser's loss."""
    return {
        "weight_decay": 0.0001,
        "beta1": 0.0,
        "beta2": 0.9,
        "lr_d": 0.0004,
        "lr_g": 0.0001,
        "gan_w": 1,
        "recon_x_w": 10,
        "recon_s_w": 1,
        "recon_c_w": 1,
        "recon_x_cyc_w": 10,
        "gen": {
            "dim": case.dim,
            "mlp_dim": 256,
            "style_dim": 8,
            "activ": "relu",
            "n_downsample": 2,
            "n_res": 4,
            "pad_type": "reflect",
        },
        "dis": {
            "dim": case.dim,
            "norm": "sn",
            "activ": "lrelu",
            "n_layer": 4,
            "gan_type": "hinge",
            "num_scales": 3,
            "pad_type": "reflect",
        },
        "input_dim_a": 3,
        "input_dim_b": 3,
    }


def peak_rss_mb() -> float:
    """Largest resident memory of this process so far, in MiB."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            lines = [line for line in status if line.startswith("VmHWM:")]
        return int(lines[0].split()[1]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str, work: Callable[[], object], runs: int, warmups: int) -> dict[str, object]:
    """Times `work` and gives one entry of `results`."""
    for _ in range(warmups):
        work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return {
        "name": name,
        "median_ms": round(statistics.median(times), 3),
        "min_ms": round(min(times), 3),
        "max_ms": round(max(times), 3),
        "peak_rss_mb": round(peak_rss_mb(), 1),
        "runs": runs,
    }


def arguments(description: str | None, runs: int) -> argparse.Namespace:
    """The options that every timing script has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--runs", type=int, default=runs, metavar="N", help=f"timed runs per case (default {runs})")
    parser.add_argument("--warmups", type=int, default=1, metavar="N", help="untimed runs before (default 1)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases whose name contains TEXT")
    return parser.parse_args()


def run_case(
    time_case: Callable[[str, Case, int, int], dict[str, object]], name: str, case: Case, options: argparse.Namespace
) -> dict[str, object]:
    """Runs in the case's own process, so that its peak memory is its own."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    return time_case(name, case, options.runs, options.warmups)


def run_cases(
    time_case: Callable[[str, Case, int, int], dict[str, object]], cases: dict[str, Case], options: argparse.Namespace
) -> None:
    """Times the chosen cases one after the other and prints the JSON object."""
    results = []
    spawn = multiprocessing.get_context("spawn")
    for name, case in cases.items():
        if options.only in name and (not case.large or f"{case.height}x{case.width}" in options.only):
            with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
                results.append(pool.submit(run_case, time_case, name, case, options).result())
    capability = torch.backends.cpu.get_cpu_capability()
    about = {"threads": options.threads, "torch": torch.__version__, "cpu_capability": capability}
    print(json.dumps({"results": results} | about))
