#!/usr/bin/env python3
"""Lets the file system fail once at every place, and looks what becomes of it.

    scripts/check-faults.py [PROGRAM] [--every N]

Runs a small training, a `dataset prepare` and a `translate` under `strace -e inject`. In each run one call fails once: the first, the second,
… of the calls that write, rename, sync, or open a file to write, with ENOSPC, EIO, EINTR and EPERM in turn. Then:

- either the program ends well (a call that need not succeed), or with 1 and an error that names a file of the run, without a panic;
- every file with its final name is whole: one that a run without faults wrote, byte for byte (logs: whole lines);
- the same call again, with `--resume` where there is one, ends in the same bytes as a run that nothing happened to.

`--every N` takes every Nth place only.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

CALLS = {"write": "write,pwrite64,writev", "rename": "rename,renameat,renameat2,link,linkat", "fsync": "fsync,fdatasync", "open": "open,openat"}
ERRORS = ["ENOSPC", "EIO", "EINTR", "EPERM"]
# Times, and what holds them: they differ from run to run. A lock and a journal go before the end.
LOGS = re.compile(r"log\.jsonl$|events\.out|\.lock$|\.csv$|\.prepared\.json$|journal")
RUN = """name = "tiny"
seed = 3
steps = 4
ema_decay = 0.9
[data]
drawings = "drawing"
photos = "photo"
workers = 1
[picture]
width = 32
height = 32
resize = 34
[generator]
dim = 4
mlp_dim = 8
style_dim = 4
num_residual = 1
[discriminator]
dim = 8
num_layers = 2
num_scales = 2
[record]
log_every = 1
sample_every = 2
num_samples = 1
checkpoint_every = 2
keep_checkpoints = 0
"""


class Case:
    def __init__(self, name, words, again, out):
        self.name, self.words, self.again, self.out = name, words, again, out


CASES = [
    Case("train", ["train", "run.toml", "--out", "OUT"], ["--resume"], "runs"),
    Case("prepare", ["dataset", "prepare", "people", "OUT"], [], "prepared"),
    Case("translate", ["translate", "photo", "-o", "OUT", "--float"], ["--resume"], "drawings"),
]


def files(folder):
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            found[os.path.relpath(path, folder)] = open(path, "rb").read()
    return found


def digest(bytes):
    return hashlib.sha256(bytes).hexdigest()


class Place:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.run(["-q", "dataset", "synth", "people", "--identities", "2", "--photos", "2", "--drawings", "2", "--size", "96"])
        for kind, letter in [("photo", "P"), ("drawing", "C")]:
            os.mkdir(self.at(kind))
            pictures = sorted(os.path.join(root, name) for root, _, names in os.walk(self.at("people/OriginalImages")) for name in names if name.startswith(letter))
            for number, picture in enumerate(pictures):
                shutil.copy(picture, self.at(f"{kind}/{number}.jpg"))
        open(self.at("run.toml"), "w").write(RUN)

    def at(self, name):
        return os.path.join(self.folder, name)

    def run(self, words, inject=None, trace=None):
        command = [self.program, *words]
        if inject or trace:
            filter = ["-e", "trace=" + (trace or inject[0])]
            if inject:
                filter += ["-e", f"inject={inject[0]}:error={inject[1]}:when={inject[2]}"]
            command = ["strace", "-f", "-y", "-qq", "-o", self.at("trace.txt"), *filter, *command]
        environment = dict(os.environ, RAYON_NUM_THREADS="1")
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, errors="replace", timeout=300)

    def words(self, case):
        return [word.replace("OUT", case.out) for word in case.words]

    def clean(self, case):
        shutil.rmtree(self.at(case.out), ignore_errors=True)

    def places(self, case, calls):
        """The numbers of those calls, among all of their kind in a thread, that are about files of the run."""
        self.clean(case)
        self.run(self.words(case), trace=calls)
        counts, wanted = {}, set()
        for line in open(self.at("trace.txt"), errors="replace"):
            match = re.match(r"(\d+)\s+(\w+)\((.*)", line)
            if not match or match[2] not in calls.split(","):
                continue
            thread = match[1]
            counts[thread] = counts.get(thread, 0) + 1
            is_write = "open" not in match[2] or "O_CREAT" in match[3] or "O_WRONLY" in match[3] or "O_RDWR" in match[3]
            if is_write and case.out in match[3]:
                # strace counts for each thread apart.
                wanted.add(counts[thread])
        return sorted(wanted)


def is_known(name, bytes, expected):
    if name in expected and digest(bytes) == digest(expected[name]):
        return True
    if LOGS.search(name) or any(part.startswith(".") for part in name.split(os.sep)):
        return True
    # A picture that could not be read is reported, and missing from the lists: their lines are whole.
    lines = set(expected.get(name, b"").splitlines(keepends=True))
    return "Filenames" in name and lines.issuperset(bytes.splitlines(keepends=True))


def attempt(place, case, calls, error, number, expected):
    """What is wrong; nothing if all is well."""
    place.clean(case)
    answer = place.run(place.words(case), inject=(calls, error, number))
    wrong = []
    if answer.returncode not in (0, 1) or "panicked" in answer.stderr:
        wrong.append(f"ends with {answer.returncode}: {answer.stderr[-300:]}")
    injected = [line for line in open(place.at("trace.txt"), errors="replace") if "INJECTED" in line]
    # In another thread the same call may have been the message itself.
    is_said = not any(re.search(r"write\([12]<", line) for line in injected)
    if answer.returncode == 1 and is_said:
        # A message whose own newline was not written stands in the same line.
        errors = ["error: " + part for part in answer.stderr.split("error: ")[1:]]
        if not errors or not any(name in errors[0] for name in [case.out, "photo", "drawing", "people", "run.toml"]):
            wrong.append(f"the error names no file: {errors or answer.stderr[-300:]}")
    for name, bytes in files(place.at(case.out)).items():
        if not is_known(name, bytes, expected):
            wrong.append(f"half-written or unknown: {name} ({len(bytes)} bytes)")
    if answer.returncode != 0:
        is_begun = case.name != "train" or os.path.exists(place.at("runs/00001-tiny/run.toml"))
        if not is_begun:
            place.clean(case)
        again = place.run(place.words(case) + (case.again if is_begun else []))
        if again.returncode != 0:
            wrong.append(f"does not go on: {again.stderr[-300:]}")
    found = files(place.at(case.out))
    for name, bytes in expected.items():
        if not LOGS.search(name) and found.get(name) != bytes:
            wrong.append(f"ends otherwise: {name} is {'another' if name in found else 'missing'}")
    left = [name for name in found if os.path.basename(name).startswith((".portraitist", ".checkpoint")) or "/.checkpoint-" in name]
    if left:
        wrong.append(f"left behind: {left[:3]}")
    return answer.returncode, wrong


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", nargs="?", default="target/release/portraitist")
    arguments.add_argument("--every", type=int, default=1)
    arguments.add_argument("--only", default="train,prepare,translate")
    given = arguments.parse_args()
    if not shutil.which("strace"):
        print("skipped: strace is not installed")
        return 0
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        place = Place(os.path.abspath(given.program), folder)
        for case in CASES:
            if case.name not in given.only.split(","):
                continue
            place.clean(case)
            place.run(place.words(case))
            expected = files(place.at(case.out))
            for kind, calls in CALLS.items():
                places = place.places(case, calls)[:: given.every]
                ended = {0: 0, 1: 0}
                for index, number in enumerate(places):
                    for error in ERRORS:
                        code, wrong = attempt(place, case, calls, error, number, expected)
                        ended[code] = ended.get(code, 0) + 1
                        for sentence in wrong:
                            failures += 1
                            print(f"{case.name}, {kind} {number} fails with {error}: {sentence}", flush=True)
                print(f"{case.name}: {kind} fails at {len(places)} places with {len(ERRORS)} errors each: {ended.get(1, 0)} told, {ended.get(0, 0)} without harm", flush=True)
    print(f"{failures} things wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
