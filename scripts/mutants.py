#!/usr/bin/env python3
"""Changes the program in one place at a time and looks whether a test notices.

    cargo install cargo-mutants
    scripts/mutants.py --tree /path/to/a/copy --results mutants.jsonl [--seed 15] [--only face,cli]

`cargo mutants` lists what can be changed; a sample of each room is drawn with the seed, so that a large room (the renderer of
synthetic people) does not crowd out the others. Each change is made in the tree given, which must be a copy of this repository that nobody
works in, and undone afterwards. A change is caught if it does not compile, a test fails, or the tests take longer than --limit
seconds. Results are appended, a line each; a second call goes on where the first ended.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time

# Room: how many, which files, and the tests that it is measured by, the quick ones first.
ROOMS = {
    "face": (60, ["crates/face/src/"], [["-p", "portraitist-face", "--lib", "--tests"]]),
    "metrics": (
        25,
        ["crates/nn/src/metrics/"],
        [["-p", "portraitist-nn", "--lib", "--", "metrics"], ["-p", "portraitist-nn", "--test", "nn", "--", "metrics", "evaluation", "recognition"]],
    ),
    "weights": (
        25,
        ["crates/nn/src/weights/"],
        [["-p", "portraitist-nn", "--lib", "--", "weights"], ["-p", "portraitist-nn", "--test", "nn", "--", "weights", "older_names", "recognition", "golden"]],
    ),
    "kernels": (25, ["crates/kernels/src/"], [["-p", "portraitist-kernels", "--lib"]]),
    "cli": (25, ["crates/cli/src/"], [["-p", "portraitist", "--bins"], ["-p", "portraitist", "--test", "program"]]),
}
# Not portable, or tests themselves.
LEFT_OUT = ["/simd/arm", "/simd/avx", "/simd/x86", "/tests", "/benches"]


def drawn(tree, seed, rooms):
    """The sample of every room, in an order that the seed fixes."""
    packages = ["portraitist-face", "portraitist-nn", "portraitist-kernels", "portraitist"]
    words = ["cargo", "mutants", "--list", "--json", "--diff"]
    for package in packages:
        words += ["-p", package]
    listed = json.loads(subprocess.run(words, cwd=tree, check=True, capture_output=True).stdout)
    sample = []
    for room, (count, folders, _) in ROOMS.items():
        found = [mutant for mutant in listed if any(mutant["file"].startswith(folder) for folder in folders)]
        found = [mutant for mutant in found if not any(part in mutant["file"] for part in LEFT_OUT)]
        found.sort(key=lambda mutant: mutant["name"])
        chosen = random.Random(f"{seed} {room}").sample(found, min(count, len(found)))
        if room in rooms:
            sample += [(room, mutant) for mutant in chosen]
    return sample


def run(words, tree, limit):
    """Runs cargo; gives its exit code (None: it took too long) and the end of what it said."""
    environment = dict(os.environ, CARGO_INCREMENTAL="1")
    process = subprocess.Popen(
        words, cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True
    )
    try:
        said, _ = process.communicate(timeout=limit)
        return process.returncode, said
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None, ""


def outcome(mutant, room, tree, limit):
    """What became of a change."""
    lines = mutant["diff"].splitlines(keepends=True)
    # The second line tells what is changed where `git apply` wants a path.
    patch = "".join([lines[0], "+++ " + mutant["file"] + "\n", *lines[2:]])
    applied = subprocess.run(["git", "apply", "-p0", "-"], cwd=tree, input=patch, text=True, capture_output=True)
    if applied.returncode != 0:
        return "not applied: " + applied.stderr.strip()
    try:
        for words in ROOMS[room][2]:
            before, _, behind = " ".join(words).partition(" -- ")
            build = ["cargo", "test", "--release", "--quiet", *before.split()]
            code, said = run([*build, "--no-run"], tree, 3600)
            if code != 0:
                return "caught: does not compile" if "error" in said else "failed to build"
            code, said = run([*build, "--", *behind.split()], tree, limit)
            if code is None:
                return "caught: takes too long"
            if code != 0:
                failed = [line.split()[1] for line in said.splitlines() if line.startswith("test ") and "FAILED" in line]
                failed += [line.strip() for line in said.splitlines() if line.startswith("    ") and "::" in line and " " not in line.strip()]
                return "caught: " + ", ".join(dict.fromkeys(failed[:3]))
        return "missed"
    finally:
        subprocess.run(["git", "checkout", "--quiet", "--", "crates"], cwd=tree, check=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tree", required=True)
    arguments.add_argument("--results", required=True)
    arguments.add_argument("--seed", type=int, default=15)
    arguments.add_argument("--only", default=",".join(ROOMS))
    arguments.add_argument("--limit", type=int, default=900)
    given = arguments.parse_args()
    done = {}
    if os.path.exists(given.results):
        done = {row["name"]: row for row in map(json.loads, open(given.results))}
    sample = drawn(given.tree, given.seed, given.only.split(","))
    for room, mutant in sample:
        if mutant["name"] not in done:
            began = time.time()
            row = {"room": room, "name": mutant["name"], "outcome": outcome(mutant, room, given.tree, given.limit)}
            row["seconds"] = round(time.time() - began, 1)
            done[mutant["name"]] = row
            with open(given.results, "a") as results:
                results.write(json.dumps(row) + "\n")
    rows = [done[mutant["name"]] for _, mutant in sample]
    for room in given.only.split(","):
        of = [row for row in rows if row["room"] == room and row["outcome"] != "caught: does not compile"]
        caught = [row for row in of if row["outcome"].startswith("caught")]
        print(f"{room}: {len(caught)} of {len(of)} caught", file=sys.stderr)
        for row in of:
            if not row["outcome"].startswith("caught"):
                print(f"  {row['outcome']}: {row['name']}", file=sys.stderr)


if __name__ == "__main__":
    main()
