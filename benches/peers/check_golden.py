"""Checks these networks against the reference data under GOLDEN/translator and prints the worst deviations.

python check_golden.py GOLDEN_DIR
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from checkpoints import load_config, load_picture, load_translator
from training import Translator, discriminator_step, generator_step, make_optimisers
from vgg import Vgg16


class Report:
    """Prints one line per check and remembers whether any failed."""

    def __init__(self) -> None:
        self.failed = False

    def add(self, name: str, worst: float, limit: float) -> None:
        good = worst <= limit
        self.failed |= not good
        print(f"{'ok  ' if good else 'FAIL'} {name}: {worst:.3g} (limit {limit:g})", flush=True)


def worst_difference(x: Tensor, y: Tensor) -> float:
    """Largest absolute difference, infinite where a value is not a number; the shapes must be equal."""
    if x.shape != y.shape:
        raise ValueError(f"shapes differ: {tuple(x.shape)} and {tuple(y.shape)}")
    difference = (x.detach().double() - y.double()).abs()
    return torch.nan_to_num(difference, nan=float("inf")).max().item()


def worst_relative(got: dict[str, float], expected: dict[str, float]) -> float:
    """Largest relative difference of the losses in `got`, infinite where one is not a number."""
    worst = 0.0
    for name, value in got.items():
        difference = abs(value - expected[name]) / max(abs(expected[name]), 1e-6)
        worst = max(worst, difference if math.isfinite(difference) else math.inf)
    return worst


def single_outputs(folder: Path, x_a: Tensor, x_b: Tensor, s_a: Tensor, s_b: Tensor) -> dict[str, Tensor]:
    """Each network called once after loading; the names are those of `outputs_single.safetensors`."""
    t = load_translator(folder)
    outputs: dict[str, Tensor] = {}
    with torch.no_grad():
        content_a, style_a = t.gen_a.encode(x_a)
        content_b, style_b = t.gen_b.encode(x_b)
        outputs |= {"fresh.gen_a.encode.content": content_a, "fresh.gen_a.encode.style": style_a}
        outputs |= {"fresh.gen_b.encode.content": content_b, "fresh.gen_b.encode.style": style_b}
        outputs["fresh.x_ab"] = t.gen_b.decode(content_a, s_b)
        outputs["fresh.x_ba"] = t.gen_a.decode(content_b, s_a)
        outputs["fresh.x_a_recon"] = load_translator(folder).gen_a.decode(content_a, style_a)
        outputs["second_call.gen_a.encode.content"] = t.gen_a.encode(x_a)[0]
        for call in ("fresh", "second_call"):
            for name, discriminator, images in (("dis_a.x_a", t.dis_a, x_a), ("dis_b.x_b", t.dis_b, x_b)):
                scales = discriminator(images)
                outputs |= {f"{call}.{name}.scale{i}": scale for i, scale in enumerate(scales)}
    return outputs


def check_single(folder: Path, report: Report) -> None:
    """outputs_single: every value after a fresh load."""
    inputs = load_file(folder / "inputs.safetensors")
    expected = load_file(folder / "outputs_single.safetensors")
    batch = [inputs[name] for name in ("x_a", "x_b", "s_a", "s_b")]
    got = single_outputs(folder, *batch)
    t = load_translator(folder)
    with torch.no_grad():
        for i in range(inputs["x_a"].shape[0]):
            content, _ = t.gen_a.encode(inputs["x_a"][i : i + 1])
            got[f"one_by_one.x_ab.{i}"] = t.gen_b.decode(content, inputs["s_b"][i : i + 1])
    for name, value in expected.items():
        limit = 1e-3 if name.endswith("content") else 2e-4
        report.add(f"{folder.name} {name}", worst_difference(got[name], value), limit)


def check_sequence(folder: Path, report: Report) -> None:
    """outputs_sequence: one generator step's values and the spectral-norm vectors behind it."""
    inputs = load_file(folder / "inputs.safetensors")
    expected = load_file(folder / "outputs_sequence.safetensors")
    t = load_translator(folder)
    with torch.no_grad():
        got = t.generator_codes(*[inputs[name] for name in ("x_a", "x_b", "s_a", "s_b")])
    vectors = {f"u_after.{k}": v for k, v in t.state_dict().items() if k.endswith("weight_u") and k.startswith("gen")}
    got.update(vectors)
    worst: dict[str, float] = {}
    for key, value in expected.items():
        kind = "u_after" if key.startswith("u_after") else "pictures and codes"
        worst[kind] = max(worst.get(kind, 0.0), worst_difference(got[key], value))
    for kind, difference in worst.items():
        report.add(f"{folder.name} sequence {kind}", difference, 1e-3)


def check_losses(folder: Path, report: Report) -> None:
    """losses.json, gradients.safetensors: each GAN type from the initial state."""
    inputs = load_file(folder / "inputs.safetensors")
    gradients = load_file(folder / "gradients.safetensors")
    expected = json.loads((folder / "losses.json").read_text())
    limit = 5e-2 if folder.name == "satnet" else 1e-3
    for gan_type, losses in expected.items():
        noise = inputs["noise"][0]
        got, grads = evaluate_losses(folder, gan_type, inputs["x_a"], inputs["x_b"], noise)
        difference = worst_relative(got, losses["dis"] | losses["gen"])
        report.add(f"{folder.name} losses {gan_type} (relative)", difference, 2e-5)
        worst, worst_zero = 0.0, 0.0
        for key, value in gradients.items():
            kind, name = key.split(".", 1)
            if kind != gan_type:
                continue
            largest = value.abs().max().item()
            difference = worst_difference(grads[name], value)
            if largest < 1e-5:
                worst_zero = max(worst_zero, difference)
            else:
                worst = max(worst, difference / largest)
        report.add(f"{folder.name} gradients {gan_type} (of largest element)", worst, limit)
        report.add(f"{folder.name} gradients {gan_type} that are zero (absolute)", worst_zero, 1e-5)


def evaluate_losses(
    folder: Path, gan_type: str, x_a: Tensor, x_b: Tensor, noise: Tensor
) -> tuple[dict[str, float], dict[str, Tensor]]:
    """Losses of both steps and the gradients of their own networks, each from the initial state."""
    values: dict[str, float] = {}
    grads: dict[str, Tensor] = {}
    for part in ("dis", "gen"):
        t = load_translator(folder)
        t.config["dis"]["gan_type"] = gan_type
        if part == "dis":
            losses = t.discriminator_losses(x_a, x_b, noise[0], noise[1])
        else:
            losses = t.generator_losses(x_a, x_b, noise[2], noise[3])
        losses[f"loss_{part}_total"].backward()
        values.update({name: loss.item() for name, loss in losses.items()})
        grads.update({n: p.grad for n, p in t.named_parameters() if p.grad is not None and n.startswith(part)})
    return values, grads


def check_training(folder: Path, report: Report, iterations: int) -> None:
    """training_log.json, and the state after one iteration."""
    inputs = load_file(folder / "inputs.safetensors")
    log = json.loads((folder / "training_log.json").read_text())["float32"]
    t = load_translator(folder)
    discriminator, generator = make_optimisers(t)
    for entry in log[:iterations]:
        for optimiser, name in ((discriminator, "lr_dis"), (generator, "lr_gen")):
            for group in optimiser.param_groups:
                group["lr"] = entry[name]
        n = inputs["noise"][entry["iteration"] - 1]
        losses = discriminator_step(t, discriminator, inputs["x_a"], inputs["x_b"], n[0], n[1])
        losses |= generator_step(t, generator, inputs["x_a"], inputs["x_b"], n[2], n[3])
        worst = worst_relative({k: v.item() for k, v in losses.items()}, entry)
        limit = 1e-2 if folder.name == "satnet" else 1e-3
        report.add(f"{folder.name} training losses {entry['iteration']} (relative)", worst, limit)
        if entry["iteration"] == 1 and (folder / "gen_00000001.pt").exists():
            check_state(folder, t, entry, report)


def check_state(folder: Path, t: Translator, entry: dict[str, float], report: Report) -> None:
    """Every tensor after one iteration, in units of the learning rate."""
    after = load_translator(folder, 1).state_dict()
    far, count, largest = 0, 0, 0.0
    for name, value in t.state_dict().items():
        rate = entry["lr_dis"] if name.startswith("dis") else entry["lr_gen"]
        difference = (value - after[name]).abs() / rate
        far += int((difference > 0.05).sum())
        count += difference.numel()
        largest = max(largest, difference.max().item())
    report.add(f"{folder.name} state after 1: elements beyond 0.05 lr (fraction)", far / count, 0.002)
    report.add(f"{folder.name} state after 1: worst element in lr", largest, 2.1)


def check_images(golden: Path, report: Report) -> None:
    """translator/images: picture files in, [-1, 1] out."""
    folder = golden / "images"
    weights = golden / "satnet"
    expected = load_file(folder / "expected.safetensors")
    for direction, sources, target in (("a2b", "a", "b"), ("b2a", "b", "a")):
        styles = torch.from_numpy(np.load(folder / f"styles_{target}.npy")).float()
        worst = 0.0
        grey = 0
        for i in range(3):
            t = load_translator(weights)
            source = getattr(t, f"gen_{sources}")
            with torch.no_grad():
                content, _ = source.encode(load_picture(folder / f"{sources}_{i}.png", 3))
                picture = getattr(t, f"gen_{target}").decode(content, styles[i].view(1, -1, 1, 1))[0]
            worst = max(worst, worst_difference(picture, expected[f"fresh.{direction}.{i}"]))
            rounded = torch.floor(((picture + 1) * 127.5 + 0.5).clamp(0, 255))
            stored = (load_picture(folder / f"expected_{direction}_{i}.png", 3)[0] + 1) * 127.5
            grey = max(grey, int((rounded - stored.round()).abs().max()))
        report.add(f"images fresh.{direction}", worst, 2e-4)
        report.add(f"images {direction} in grey levels", grey, 1)
    t = load_translator(weights)
    with torch.no_grad():
        content, _ = t.gen_a.encode(load_picture(folder / "a_0.png", 3))
        _, style = t.gen_b.encode(load_picture(folder / "b_0.png", 3))
        picture = load_translator(weights).gen_b.decode(content, style)[0]
    key = "fresh.guided.a0_style_of_b0"
    report.add(f"images {key}", worst_difference(picture, expected[key]), 2e-4)


def formula_values(name: str, shape: torch.Size, bound: float) -> Tensor:
    """Values between -bound and bound from the reference data's formula."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) % 2**32
    x = np.arange(math.prod(shape), dtype=np.uint64)
    x = (x * 2654435761 + seed) % 2**32
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x = ((x ^ (x >> np.uint64(shift))) * np.uint64(factor)) % 2**32
    unit = (x ^ (x >> np.uint64(16))) / 2**32
    return torch.from_numpy((-bound + 2 * bound * unit).astype(np.float32)).view(shape)


def check_vgg(folder: Path, report: Report) -> None:
    """vgg: the features of the first image, against their largest value."""
    network = Vgg16()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            bound = 0.05 if name.endswith("bias") else math.sqrt(6 / parameter[0].numel())
            parameter.copy_(formula_values(f"golden-A/vgg16/{name}", parameter.shape, bound))
        stored = load_file(folder / "vgg.safetensors")
        expected = stored["relu5_3_x_first_image"]
        got = network(stored["x"][:1].float() / 127.5 - 1)
    report.add("vgg relu5_3, relative", worst_difference(got, expected) / expected.max().item(), 1e-5)


def check_keys(folder: Path, report: Report) -> None:
    """Same names, shapes and order as the stored files."""
    t = Translator(load_config(folder))
    wrong = 0
    for part in ("gen", "dis"):
        stored = torch.load(folder / f"{part}_00000000.pt", weights_only=True)
        for domain in ("a", "b"):
            ours = [(k, v.shape) for k, v in getattr(t, f"{part}_{domain}").state_dict().items()]
            wrong += ours != [(k, v.shape) for k, v in stored[domain].items()]
    report.add(f"{folder.name} state dicts with other names, shapes or order", wrong, 0)


def main() -> None:
    """Runs every check; exit status 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("golden", type=Path, help="folder that holds translator/")
    arguments = parser.parse_args()
    golden = arguments.golden / "translator"
    report = Report()
    for name in ("satnet", "tiny", "munit"):
        check_keys(golden / name, report)
        check_single(golden / name, report)
        check_sequence(golden / name, report)
        check_losses(golden / name, report)
        check_training(golden / name, report, iterations=5)
    check_images(golden, report)
    check_vgg(golden / "vgg", report)
    raise SystemExit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
