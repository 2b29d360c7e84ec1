#!/usr/bin/env python3
"""What `portraitist serve` does under load and under attack, on loopback, with a bound of its memory.

    scripts/check-load.py target/release/portraitist [--only NAME ...] [--pictures 12000]

Starts the server with --memory 512M, --datasets (a folder made here, with hard links to one photo) and --runs. Each part prints what was
measured; what is not as it should be is a fault, and any fault ends the script with 1. Nothing but Python's own library is needed.
"""

import argparse
import asyncio
import json
import os
import random
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))
from load import hostile  # noqa: E402
from load.client import Client  # noqa: E402
from load.pictures import make_folders, png  # noqa: E402

PHOTO = Path(__file__).parent.parent / "crates/face/assets/portrait.jpg"
PROMISE_MIB = 512
MODELS = ("sketch", "portrait")


class Server:
    """The program, and the largest memory that it had."""

    def __init__(self, program, folder):
        arguments = ["serve", "--addr", "127.0.0.1:0", "--json", "--memory", f"{PROMISE_MIB}M"]
        arguments += ["--datasets", folder / "sets", "--runs", folder / "runs", "--data", folder / "data"]
        self.process = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.address = json.loads(self.process.stdout.readline())["address"].removeprefix("http://").rstrip("/")
        self.peak_files = 0
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        while self.process.poll() is None:
            try:
                self.peak_files = max(self.peak_files, len(os.listdir(f"/proc/{self.process.pid}/fd")))
            except OSError:
                return
            time.sleep(0.1)

    def mib(self, field):
        """VmRSS: resident memory; VmHWM: the most so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024


class Check:
    """A run of all parts."""

    def __init__(self, server, pictures):
        self.server, self.pictures = server, pictures
        self.client = Client(server.address)
        self.photo = PHOTO.read_bytes()
        self.faults = []

    def say(self, text):
        print(f"{text}  [{self.server.mib('VmRSS'):.0f} MiB, at most {self.server.mib('VmHWM'):.0f}]", flush=True)

    def expect(self, is_so, text):
        if not is_so:
            self.faults.append(text)
            print(f"  FAULT: {text}", flush=True)

    async def translate(self, query="seed=1", body=None, headers=(), timeout=120):
        return await self.client.ask("POST", f"/api/translate?{query}", body or self.photo, headers, timeout)

    async def rest(self, below, patience=30):
        """Waits until memory has gone back, and says how much is taken then."""
        end = time.monotonic() + patience
        while self.server.mib("VmRSS") > below and time.monotonic() < end:
            await asyncio.sleep(0.5)
        return self.server.mib("VmRSS")

    async def warm(self):
        """Both models are loaded and have drawn once: what a server that was used takes at rest."""
        for model in MODELS:
            answer = await self.translate(f"model={model}")
            self.expect(answer.status == 200, f"a drawing by {model}: {answer.status}")
        await asyncio.sleep(6)
        self.start = self.server.mib("VmRSS")
        self.say("warm")

    async def four_clients(self, seconds=30):
        """Four clients, each asking again as soon as it was answered."""
        async def work_seconds():
            text = (await self.client.ask("GET", "/metrics")).body.decode()
            return sum(float(value) for value in re.findall(r"portraitist_work_seconds_sum\S* (\S+)", text))

        answers, end = [], time.monotonic() + seconds
        before, began = await work_seconds(), time.monotonic()

        async def one(number):
            while time.monotonic() < end:
                answers.append(await self.translate(f"seed={number}{len(answers)}&in_picture=false"))
        await asyncio.gather(*[one(number) for number in range(1, 5)])
        wall = time.monotonic() - began
        busy = (await work_seconds() - before) / wall
        failed = [answer.status for answer in answers if answer.status != 200]
        self.say(f"4 clients, {wall:.0f} s: {len(answers)} drawings, the model was busy {busy:.1%} of the time, {len(failed)} failed")
        self.expect(busy >= 0.9 and not failed, f"4 clients: busy {busy:.1%}, failed {failed}")

    async def crowd(self, count=200):
        """Two hundred clients at once."""
        began = time.monotonic()
        answers = await asyncio.gather(*[self.translate(f"seed={number}") for number in range(count)])
        statuses = tally(answer.status for answer in answers)
        busy = [answer for answer in answers if answer.status == 503]
        self.say(f"{count} clients at once: {statuses}, the last answer after {time.monotonic() - began:.1f} s")
        self.expect(set(statuses) <= {200, 503}, f"{count} clients: {statuses}")
        self.expect(all("retry-after" in answer.headers for answer in busy), "503 without Retry-After")

    async def silent(self, count=2000):
        """Sockets that say nothing, and uploads of a byte a second."""
        host, port = self.server.address.split(":")
        sockets, slow = [], []
        for _ in range(count):
            try:
                sockets.append(await asyncio.open_connection(host, int(port)))
            except OSError:
                await asyncio.sleep(0.01)

        async def trickle():
            head = f"POST /api/translate HTTP/1.1\r\nHost: {self.server.address}\r\nContent-Length: 100000\r\n\r\n"
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                writer.write(head.encode())
                for byte in self.photo[:60]:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(1)
            except OSError:
                pass
            writer.close()
        slow = [asyncio.create_task(trickle()) for _ in range(4)]
        await asyncio.sleep(1)
        pages = [await self.client.ask("GET", "/", timeout=10) for _ in range(100)]
        drawing = await self.translate()
        for task in slow:
            task.cancel()
        for _, writer in sockets:
            writer.close()
        worst = max(page.seconds for page in pages)
        self.say(f"{len(sockets)} silent connections, 4 uploads of a byte a second: the page in {worst * 1000:.0f} ms at worst, "
                 f"a drawing in {drawing.seconds:.1f} s, {self.server.peak_files} files open at most")
        self.expect(all(page.status == 200 for page in pages) and drawing.status == 200, "silent connections keep others out")
        self.expect(worst < 1, f"silent connections: the page took {worst:.2f} s")

    async def streams(self, count=1000):
        """A thousand requests for events within two seconds. (All at once, this side would leave sockets silent before it gets to them.)"""
        wanted = [("Accept", "text/event-stream")]

        async def one(number):
            await asyncio.sleep(number * 2 / count)
            return await self.translate(headers=wanted, timeout=180)
        answers = await asyncio.gather(*[one(number) for number in range(count)])
        done = sum(answer.status == 200 and b"event: done" in answer.body for answer in answers)
        statuses = tally(answer.status for answer in answers)
        self.say(f"{count} event streams: {statuses}, {done} with a drawing")
        self.expect(done == statuses.get(200, 0) > 0, f"event streams without their end: {statuses}, {done} done")
        self.expect(set(statuses) <= {200, 503}, f"event streams: {statuses}")

    async def datasets(self, count=10_000):
        """A dataset of many pictures: its list, then its thumbnails, as six connections of a browser ask for them."""
        first = await self.client.ask("GET", "/api/datasets/people")
        again = await self.client.ask("GET", "/api/datasets/people")
        rows = [row["id"] for row in json.loads(first.body)["pictures"]]
        self.expect(len(rows) == self.pictures and first.seconds < 1, f"{len(rows)} pictures opened in {first.seconds:.2f} s")
        self.say(f"{len(rows)} pictures: listed in {first.seconds * 1000:.0f} ms, again in {again.seconds * 1000:.0f} ms")
        chance = random.Random(1)
        for name in ("thumbnails, most made for the first time", "the same, made before"):
            addresses = ["/datasets", "/api/datasets"] * (count // 100)
            addresses += [f"/api/datasets/people/{chance.choice(rows)}/thumb" for _ in range(count - len(addresses))]
            chance.shuffle(addresses)
            await self.ask_all(name, addresses)
            chance = random.Random(1)

    async def ask_all(self, name, addresses):
        waiting, answers = list(reversed(addresses)), []

        async def connection():
            async with self.client.connection() as kept:
                while waiting:
                    answers.append(await kept.ask("GET", waiting.pop()))
        began = time.monotonic()
        await asyncio.gather(*[connection() for _ in range(6)])
        times = sorted(answer.seconds * 1000 for answer in answers)
        p95 = times[int(0.95 * len(times))]
        self.say(f"{len(times)} requests ({name}): median {statistics.median(times):.1f} ms, p95 {p95:.1f} ms, "
                 f"most {times[-1]:.0f} ms, {len(times) / (time.monotonic() - began):.0f} a second")
        self.expect(all(answer.status == 200 for answer in answers), f"{name}: {tally(answer.status for answer in answers)}")
        self.expect(p95 <= 50, f"{name}: p95 {p95:.1f} ms")

    async def large(self):
        """The largest pictures that are admitted, drawn while the viewer shows and checks such pictures."""
        limits = json.loads((await self.client.ask("GET", "/api/models")).body)
        side = int(limits["max_pixels"] ** 0.5)
        body = png(side, side)
        shown = json.loads((await self.client.ask("GET", "/api/datasets/large")).body)["pictures"]
        places = [f"/api/datasets/large/{row['id']}/{kind}" for row in shown for kind in ("original", "thumb")]
        points = ",".join(str(side * share / 10) for share in (4, 4, 6, 4, 5, 5, 4.2, 6, 5.8, 6))
        draw = [f"model={model}&points={points}" for model in MODELS] + [f"exaggerate=1&points={points}"]
        answers = await asyncio.gather(
            *[self.translate(query, body) for query in draw],
            *[self.client.ask("GET", place, timeout=120) for place in places],
            self.client.ask("GET", "/api/datasets/large/problems", timeout=120))
        statuses = tally(answer.status for answer in answers)
        self.say(f"pictures of {side}x{side} drawn, shown and checked at the same time: {statuses}")
        self.expect(set(statuses) <= {200, 422, 503} and statuses.get(200, 0) > len(shown), f"large pictures: {statuses}")

    async def slow_readers(self, count=60):
        """Clients that ask for the largest drawings that are admitted and read them slowly."""
        limits = json.loads((await self.client.ask("GET", "/api/models")).body)
        shape = limits["models"][0]["width"] / limits["models"][0]["height"]
        # The photo has fewer pixels than the megapixel beside which so many are drawn.
        size = min(1600, int((limits["max_drawn_pixels"] / shape) ** 0.5))
        async def one(number):
            return await self.client.ask_slowly("POST", f"/api/translate?size={size}&seed={number}", self.photo)
        statuses = tally(await asyncio.gather(*[one(number) for number in range(count)]))
        answer = await self.translate()
        self.say(f"{count} clients that read drawings of {size} pixels slowly: {statuses}; then a drawing: {answer.status}")
        self.expect(set(statuses) <= {200, 503} and answer.status in (200, 503), f"slow readers: {statuses}, {answer.status}")

    async def attacks(self):
        """Requests that no client should send."""
        for name, expected, request in hostile.requests(self.server.address, self.photo):
            found = await self.client.raw(request, timeout=40)
            self.expect(found in expected, f"{name}: expected one of {expected}, found {found}")
        health = await self.client.ask("GET", "/healthz")
        answer = await self.translate()
        self.say(f"{len(hostile.NAMES)} attacks; then the server is there ({health.status}) and draws ({answer.status})")
        self.expect((health.status, answer.status) == (200, 200), "the server is not itself after the attacks")

    async def end(self):
        """Memory at the end, and the end."""
        rest = await self.rest(self.start + 64)
        peak = self.server.mib("VmHWM")
        self.say(f"at rest {rest:.0f} MiB, {rest - self.start:+.0f} MiB from the start")
        self.expect(rest <= self.start + 64, f"memory does not go back: {self.start:.0f} MiB, then {rest:.0f} MiB")
        self.expect(peak <= PROMISE_MIB, f"memory: {peak:.0f} MiB of {PROMISE_MIB}")
        self.server.process.send_signal(signal.SIGTERM)
        code = self.server.process.wait(timeout=40)
        self.expect(code == 143, f"ended with {code}")


def tally(values):
    counts = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return dict(sorted(counts.items(), key=str))


PARTS = ["four_clients", "crowd", "silent", "streams", "datasets", "large", "slow_readers", "attacks"]


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--pictures", type=int, default=12_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_folders(Path(folder), PHOTO, arguments.pictures)
        check = Check(Server(arguments.program, Path(folder)), arguments.pictures)
        # This side may open more files; the server has the usual number.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 10_000), most))
        try:
            await check.warm()
            for part in arguments.only:
                await getattr(check, part)()
            await check.end()
        finally:
            check.server.process.kill()
    print(f"{len(check.faults)} faults")
    sys.exit(1 if check.faults else 0)


asyncio.run(main())
