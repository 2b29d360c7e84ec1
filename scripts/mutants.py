#!/usr/bin/env python3
"""Changes the program in one place at a time and looks whether a test notices.

    cargo install cargo-mutants
    scripts/mutants.py --tree COPY --results mutants.jsonl [--seed 15] [--only face,cli]

`cargo mutants` lists what can be changed, and a sample of each room is drawn with the seed: a large room (the renderer of synthetic
people) does not crowd out the others. All changes of the sample are built into one program, each behind a switch (`scripts/mutants`):
building each by itself would take days. The tests then run once for each change, with its number in PORTRAITIST_MUTANT. A change is
caught if a test fails or the tests take longer than --limit seconds. Changes that do not compile, or that lie in `const`, do not count:
others are drawn in their place. COPY is a copy of this repository that nobody works in. Results are appended, a line each; a second call
goes on where the first ended.
"""

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

# Room: how many, which files, and the tests that it is measured by: programs and the names that they are given, quick ones first.
# A test program is named by its package and, of tests in a folder of their own, by the name of that.
FACE, NN, KERNELS, CLI = ("crates/face", "lib"), ("crates/nn", "lib"), ("crates/kernels", "lib"), ("crates/cli", "bin")
ROOMS = {
    "weights": (25, ["crates/nn/src/weights/"], [(NN, ["weights"]), (("crates/nn", "nn"), ["weights", "older_names", "recognition", "golden"])]),
    "metrics": (25, ["crates/nn/src/metrics/"], [(NN, ["metrics"]), (("crates/nn", "nn"), ["metrics", "evaluation", "generation"])]),
    "face": (60, ["crates/face/src/"], [(FACE, []), (("crates/face", "face"), [])]),
    "kernels": (25, ["crates/kernels/src/"], [(KERNELS, [])]),
    "cli": (15, ["crates/cli/src/"], [(CLI, []), (("crates/cli", "program"), [])]),
}
ROOTS = {"face": "crates/face/src/lib.rs", "nn": "crates/nn/src/lib.rs", "kernels": "crates/kernels/src/lib.rs", "cli": "crates/cli/src/main.rs"}
# Of one machine only, or tests themselves.
LEFT_OUT = ["/simd/arm", "/simd/avx", "/simd/x86", "/tests", "/benches", "/mimalloc"]
SWITCH = '''
/// Whether this change is the one that is tried.
#[allow(missing_docs, unreachable_pub, dead_code)]
pub fn mutant_is(number: u32) -> bool {
    static CHOSEN: std::sync::LazyLock<u32> =
        std::sync::LazyLock::new(|| std::env::var("PORTRAITIST_MUTANT").ok().and_then(|text| text.parse().ok()).unwrap_or(0));
    *CHOSEN == number
}
'''


def call(words, tree, **more):
    return subprocess.run(words, cwd=tree, env=dict(os.environ, CARGO_INCREMENTAL="1"), text=True, errors="replace", capture_output=True, **more)


def listed(tree):
    call(["git", "checkout", "--quiet", "--", "crates"], tree, check=True)
    words = ["cargo", "mutants", "--list", "--json"]
    for package in ["portraitist-face", "portraitist-nn", "portraitist-kernels", "portraitist"]:
        words += ["-p", package]
    return json.loads(call(words, tree, check=True).stdout)


def drawn(found, seed, rooms):
    """For each room all its changes, in an order that the seed fixes; each with a number."""
    order = {}
    for room in rooms:
        of = [mutant for mutant in found if any(mutant["file"].startswith(folder) for folder in ROOMS[room][1])]
        of = sorted((mutant for mutant in of if not any(part in mutant["file"] for part in LEFT_OUT)), key=lambda mutant: mutant["name"])
        random.Random(f"{seed} {room}").shuffle(of)
        order[room] = of
    for number, mutant in enumerate((mutant for of in order.values() for mutant in of), 1):
        mutant["switch"] = number
    return order


def instrument(tree, tool, chosen):
    call(["git", "checkout", "--quiet", "--", "crates"], tree, check=True)
    switches = json.loads(subprocess.run([tool, tree], input=json.dumps(chosen), text=True, capture_output=True, check=True).stdout)
    for root in ROOTS.values():
        with open(os.path.join(tree, root), "a") as source:
            source.write(SWITCH)
    return set(switches)


def uncompiled(tree, chosen):
    """Switches in lines that the compiler complains about."""
    said = call(["cargo", "check", "--release", "--workspace", "--message-format", "short"], tree)
    if said.returncode == 0:
        return set()
    by_file = {}
    for mutant in chosen:
        by_file.setdefault(mutant["file"], []).append(mutant)
    bad = set()
    for path, line in re.findall(r"^(crates/\S+?\.rs):(\d+):\d+: error", said.stderr, re.M):
        text = open(os.path.join(tree, path)).read().split("\n")
        for back in range(int(line) - 1, max(-1, int(line) - 400), -1):
            numbers = re.findall(r"mutant_is\((\d+)\)", text[back])
            if numbers:
                bad.add(int(numbers[-1]))
                break
    if not bad:
        sys.exit(said.stderr[-3000:])
    return bad


def prepare(tree, tool, order):
    """Puts as many changes of each room into the source as are wanted, and builds the tests."""
    left_out = set()
    while True:
        chosen = [mutant for room, of in order.items() for mutant in [m for m in of if m["switch"] not in left_out][: ROOMS[room][0]]]
        missing = {mutant["switch"] for mutant in chosen} - instrument(tree, tool, chosen)
        bad = missing or uncompiled(tree, chosen)
        print(f"{len(chosen)} changes, {len(bad)} of them replaced by others", file=sys.stderr, flush=True)
        if not bad:
            return chosen
        left_out |= bad


def programs(tree, rooms):
    """The test programs of each room. All are built in one call: alone, a package has other features, and all that it needs is built again."""
    said = call(["cargo", "test", "--release", "--workspace", "--no-run", "--message-format", "json"], tree)
    if said.returncode != 0:
        sys.exit(said.stderr[-3000:])
    found = {}
    for row in (json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")):
        if row.get("executable") and row["profile"]["test"]:
            folder, kind = os.path.relpath(os.path.dirname(row["manifest_path"]), tree), row["target"]["kind"][0]
            found[folder, row["target"]["name"] if kind == "test" else kind] = row["executable"]
    return {room: [(found[named], filters, os.path.join(tree, named[0])) for named, filters in ROOMS[room][2]] for room in rooms}


def failure(said):
    """The first test that a test program says has failed."""
    # The test program writes through the same descriptor: reading must not move its place in the file.
    text = os.pread(said.fileno(), os.fstat(said.fileno()).st_size, 0).decode(errors="replace")
    found = re.search(r"^test (\S+) .*FAILED$", text, re.M)
    return found and found[1]


def outcome(tests, number, limit):
    """What becomes of the tests with a change switched on; 0 switches none on."""
    for program, filters, folder in tests:
        environment = dict(os.environ, PORTRAITIST_MUTANT=str(number), CARGO_MANIFEST_DIR=folder)
        with tempfile.TemporaryFile("w+", errors="replace") as said:
            process = subprocess.Popen([program, *filters], cwd=folder, env=environment, stdout=said, stderr=subprocess.DEVNULL, start_new_session=True)
            ends, failed = time.time() + limit, None
            while process.poll() is None and time.time() < ends and not failed:
                time.sleep(0.05)
                failed = failure(said)
            over = process.poll() is None and not failed
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            failed = failed or failure(said)
        if failed:
            return "caught by " + failed
        if over:
            return "caught: takes too long"
        if process.returncode != 0:
            return f"caught: ends with {process.returncode}"
    return "missed"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tree", required=True)
    arguments.add_argument("--results", required=True)
    arguments.add_argument("--tool", help="scripts/mutants, built; by default it is built")
    arguments.add_argument("--seed", type=int, default=15)
    arguments.add_argument("--only", default=",".join(ROOMS))
    arguments.add_argument("--limit", type=int, default=600)
    given = arguments.parse_args()
    rooms, tool = given.only.split(","), given.tool
    if not tool:
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mutants")
        call(["cargo", "build", "--release"], folder, check=True)
        tool = os.path.join(folder, "target/release/switchable-mutants")
    chosen = prepare(given.tree, tool, drawn(listed(given.tree), given.seed, rooms))
    tests = programs(given.tree, rooms)
    room_of = lambda mutant: next(room for room in rooms if any(mutant["file"].startswith(folder) for folder in ROOMS[room][1]))
    done = {row["name"]: row for row in map(json.loads, open(given.results))} if os.path.exists(given.results) else {}
    for room in rooms:
        if not any(row["room"] == room for row in done.values()):
            began, without = time.time(), outcome(tests[room], 0, 3600)
            print(f"{room}: without a change {without} after {time.time() - began:.0f} s", file=sys.stderr, flush=True)
            if without != "missed":
                sys.exit("the tests fail without a change")
        for mutant in (mutant for mutant in chosen if room_of(mutant) == room and mutant["name"] not in done):
            began = time.time()
            row = {"room": room, "name": mutant["name"], "outcome": outcome(tests[room], mutant["switch"], given.limit)}
            row["seconds"] = round(time.time() - began, 1)
            done[mutant["name"]] = row
            with open(given.results, "a") as results:
                results.write(json.dumps(row) + "\n")
        of = [done[mutant["name"]] for mutant in chosen if room_of(mutant) == room]
        caught = [row for row in of if row["outcome"].startswith("caught")]
        print(f"{room}: {len(caught)} of {len(of)} caught", file=sys.stderr, flush=True)
        for row in of:
            if row not in caught:
                print(f"  missed: {row['name']}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
