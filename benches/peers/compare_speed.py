"""Times the program and PyTorch in turn at the same sizes, and prints medians and ratios as a Markdown table.

    python compare_speed.py PROGRAM [--rounds N] [--threads N] [--only TEXT] [--avx2] [--output FILE]

Each round runs every case once with `PROGRAM bench` and once with this folder's script for it, each in fresh processes, so that
what else happens on the machine meets both alike. A case's figure is the median over rounds of each round's median; the
ratio is PyTorch's time by the program's (more than 1: the program is faster) and its range that of the single rounds. Memory is
the largest resident memory of a case's process, the program's by PyTorch's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
SCRIPTS = {"translate": "translate.py", "train": "train_step.py", "vgg": "vgg.py", "recognize": "recognition.py"}
CASES = (
    "translate 128x112 dim 32",
    "translate 224x192 dim 64",
    "translate 256x256 dim 64",
    "train 64x64 batch 4 dim 16",
    "train 128x112 batch 1 dim 32",
    "train 224x192 batch 1 dim 64",
    "vgg 224x224 batch 1",
    "vgg 224x224 batch 8",
    "recognize 112x96 batch 1",
    "recognize 112x96 batch 32",
)
LARGE_CASES = ("translate 512x512 dim 64", "translate 1024x1024 dim 64")
# The peer keeps self-attention's matrix of positions by positions: 16 GiB for each copy of it.
WITHOUT_PEER = frozenset({"translate 1024x1024 dim 64"})
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "PORTRAITIST_ISA": "avx2"}


@dataclass
class Comparison:
    """The rounds of one case; the entries are those of `results`."""

    name: str
    ours: list[dict[str, Any]] = field(default_factory=list)
    peer: list[dict[str, Any]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Medians and ratios; `None` where there is no peer."""
        ours_ms = statistics.median(r["median_ms"] for r in self.ours)
        memories = [r["peak_rss_mb"] for r in self.ours if r["peak_rss_mb"] is not None]
        summary: dict[str, Any] = {
            "name": self.name,
            "rounds": len(self.ours),
            "ours_ms": round(ours_ms, 3),
            "ours_peak_rss_mb": max(memories, default=None),
            "gflop": self.ours[0].get("gflop"),
            "gflops_per_second": round(self.ours[0]["gflop"] / ours_ms * 1000, 1) if "gflop" in self.ours[0] else None,
            "ours": self.ours,
            "peer": self.peer,
        }
        ratio = dict.fromkeys(("peer_ms", "ratio", "least_ratio", "most_ratio", "peer_peak_rss_mb", "memory_ratio"))
        if self.peer:
            peer_ms = statistics.median(r["median_ms"] for r in self.peer)
            ratios = [p["median_ms"] / o["median_ms"] for o, p in zip(self.ours, self.peer, strict=True)]
            peak = max(r["peak_rss_mb"] for r in self.peer)
            ratio |= {"peer_ms": round(peer_ms, 3), "ratio": round(peer_ms / ours_ms, 3), "peer_peak_rss_mb": peak}
            ratio |= {"least_ratio": round(min(ratios), 3), "most_ratio": round(max(ratios), 3)}
            ratio["memory_ratio"] = round(max(memories) / peak, 3) if memories else None
        return summary | ratio


def run(words: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Runs a program that prints one JSON object and gives the object."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | environment)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)}: exit status {done.returncode}: {done.stderr.strip()[-500:]}")
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise SystemExit(f"{' '.join(words)}: printed no JSON object ({error})") from error


def only_result(answer: dict[str, Any], name: str) -> dict[str, Any]:
    """The one entry of `results`, which must be the case asked for."""
    names = [result["name"] for result in answer["results"]]
    if names != [name]:
        raise SystemExit(f"expected the case {name!r}, found {names}")
    return answer["results"][0]


def compare(name: str, options: argparse.Namespace, about: dict[str, Any]) -> Comparison:
    """Runs one case A B A B ..., and adds to `about` what the programs say of themselves."""
    environment = AVX2 if options.avx2 else {}
    shared = ["--threads", str(options.threads), "--warmups", str(options.warmups), "--only", name]
    shared += ["--runs", str(options.runs)] if options.runs else []
    script = str(FOLDER / SCRIPTS[name.split()[0]])
    comparison = Comparison(name)
    for index in range(options.rounds):
        print(f"{name}, round {index + 1} of {options.rounds}", file=sys.stderr, flush=True)
        ours = run([str(options.program), "bench", "--json", *shared], environment)
        if options.avx2 and ours["isa"] != "avx2":
            raise SystemExit(f"the program ran with {ours['isa']} instead of avx2")
        about |= {"version": ours.get("version"), "isa": ours["isa"]}
        comparison.ours.append(only_result(ours, name))
        if name not in WITHOUT_PEER:
            peer = run([sys.executable, script, *shared], environment)
            about |= {"torch": peer["torch"], "cpu_capability": peer["cpu_capability"]}
            comparison.peer.append(only_result(peer, name))
    return comparison


def cell(value: float | None, form: str) -> str:
    """A number as text, or a dash."""
    return "–" if value is None else format(value, form)


def table(summaries: list[dict[str, Any]]) -> str:
    """The results in Markdown."""
    lines = [
        "| case | ours, ms | PyTorch, ms | times as fast | rounds' range | ours, MiB | PyTorch, MiB | memory | GFLOP/s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for s in summaries:
        span = "–" if s["ratio"] is None else f"{s['least_ratio']:.2f}–{s['most_ratio']:.2f}"
        cells = [s["name"], f"{s['ours_ms']:.1f}", cell(s["peer_ms"], ".1f"), cell(s["ratio"], ".2f"), span]
        cells += [cell(s["ours_peak_rss_mb"], ".0f"), cell(s["peer_peak_rss_mb"], ".0f")]
        cells += [cell(s["memory_ratio"], ".2f"), cell(s["gflops_per_second"], ".0f")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write(path: Path, report: dict[str, Any]) -> None:
    """Writes aside, then renames."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".tmp", delete=False) as file:
        json.dump(report, file, indent=1)
    Path(file.name).replace(path)


def main() -> None:
    """Compares the chosen cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path, metavar="PROGRAM", help="the portraitist program")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="A B pairs per case (default 3)")
    parser.add_argument("--runs", type=int, metavar="N", help="timed runs a round (default 10, of training 5)")
    parser.add_argument("--warmups", type=int, default=1, metavar="N", help="untimed runs before (default 1)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads of both (default 2)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases whose name contains TEXT")
    parser.add_argument("--large", action="store_true", help="also 512x512 and 1024x1024")
    parser.add_argument("--avx2", action="store_true", help="limit both to AVX2")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write every result as JSON")
    options = parser.parse_args()
    options.program = options.program.resolve()
    if not options.program.is_file():
        parser.error(f"{options.program} is no file")
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    names = [name for name in CASES + (LARGE_CASES if options.large else ()) if options.only in name]
    if not names:
        parser.error(f"no case has {options.only!r} in its name; there are: {', '.join(CASES + LARGE_CASES)}")
    about: dict[str, Any] = {"threads": options.threads, "avx2": options.avx2}
    summaries = [compare(name, options, about).summary() for name in names]
    print(table(summaries))
    print("\n" + ", ".join(f"{key} {value}" for key, value in about.items()))
    if options.output:
        write(options.output, {"results": summaries} | about)


if __name__ == "__main__":
    main()
