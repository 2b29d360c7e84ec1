"""Writes random translators in the original's file format, with pictures and what they must become.

    python make_reference.py OUT_DIR [--seed N]

Each folder of OUT_DIR holds
- `config.yaml`, `gen_00000007.pt` ({'a': state dict, 'b': state dict});
- `a_<i>.png`, `b_<i>.png`: aligned inputs, the first of the configured crop size, the others of other sizes;
- `styles_a.npy`, `styles_b.npy`: [pictures, style_dim];
- `a2b_<i>.png`, `.npy`: a_<i> with styles_b[i], and the same for `b2a`; .npy is [channels, h, w] float32 in [-1, 1];
- `together_a2b_<i>.*`: a_<i> with styles_b[0], whatever picture was before it;
- `guided_a2b_0.*`: a_0 with the style of b_0.
Every expected picture comes from weights loaded anew. `reference.json` lists the folders.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image, ImageDraw
from torch import Tensor

from checkpoints import load_picture, load_translator, save_picture
from networks import Generator, generator_config

ITERATION = 7
# Largest allowed float32 rounding error of an expected picture, measured against float64: a tenth of a grey level.
ROUNDING_LIMIT = 0.1 / 127.5


@dataclass(frozen=True)
class Plan:
    """One translator; `sizes` are (height, width), the first is the configured crop."""

    name: str
    original_format: bool
    dim: int
    n_downsample: int
    n_res: int
    style_dim: int
    mlp_dim: int
    activ: str
    pad_type: str
    sizes: tuple[tuple[int, int], ...]
    channels_a: int = 3
    channels_b: int = 3


PLANS = (
    Plan("original-dim8-relu-reflect", True, 8, 2, 1, 3, 16, "relu", "reflect", ((64, 56), (48, 80), (20, 16))),
    Plan("original-dim12-lrelu-zero", True, 12, 1, 2, 5, 24, "lrelu", "zero", ((56, 48), (44, 60), (28, 100))),
    Plan("original-dim10-tanh-replicate", True, 10, 1, 1, 4, 13, "tanh", "replicate", ((48, 48), (36, 52), (60, 20))),
    Plan("original-dim24-relu-three-halvings", True, 24, 3, 3, 16, 64, "relu", "reflect", ((96, 80), (64, 128), (40, 32))),
    Plan("original-dim16-prelu-reflect", True, 16, 2, 4, 8, 40, "prelu", "reflect", ((64, 56), (92, 36), (32, 32))),
    Plan("original-dim64-relu-reflect", True, 64, 2, 2, 8, 256, "relu", "reflect", ((112, 96), (128, 112), (60, 76))),
    Plan("original-dim16-grey-drawings", True, 16, 2, 1, 8, 32, "relu", "reflect", ((64, 56), (40, 72)), channels_a=1),
    Plan("munit-dim8-lrelu-zero", False, 8, 2, 3, 8, 16, "lrelu", "zero", ((64, 64), (48, 72), (20, 16))),
    Plan("munit-dim24-selu-replicate", False, 24, 1, 4, 6, 48, "selu", "replicate", ((64, 56), (36, 92), (24, 20))),
    Plan("munit-dim12-prelu-three-halvings", False, 12, 3, 2, 12, 32, "prelu", "reflect", ((64, 64), (96, 72))),
    Plan("munit-dim64-relu-reflect", False, 64, 2, 1, 8, 64, "relu", "reflect", ((64, 64), (96, 80))),
)


def original_config(plan: Plan) -> dict[str, Any]:
    """The configuration with the keys that the original (or MUNIT) writes."""
    config: dict[str, Any] = {
        "image_save_iter": 10000,
        "image_display_iter": 100,
        "display_size": 4,
        "snapshot_save_iter": 10000,
        "log_iter": 50,
        "max_iter": 20,
        "batch_size": 1,
        "weight_decay": 0.0001,
        "init": "kaiming",
        "gan_w": 1,
        "recon_x_w": 10,
        "recon_s_w": 1,
        "recon_c_w": 1,
        "recon_x_cyc_w": 10,
        "vgg_w": 0,
    }
    if plan.original_format:
        config |= {"beta1": 0.0, "beta2": 0.9, "lr_d": 0.0004, "lr_g": 0.0001, "lr_policy": "linear", "decay_step": 2}
        config |= {"sph_w": 0, "sup_w": 0, "clear_mode": True}
    else:
        config |= {"beta1": 0.5, "beta2": 0.999, "lr": 0.0001, "lr_policy": "step", "step_size": 100, "gamma": 0.5}
    height, width = plan.sizes[0]
    config["gen"] = {
        "dim": plan.dim,
        "mlp_dim": plan.mlp_dim,
        "style_dim": plan.style_dim,
        "activ": plan.activ,
        "n_downsample": plan.n_downsample,
        "n_res": plan.n_res,
        "pad_type": plan.pad_type,
    }
    config["dis"] = {
        "dim": plan.dim,
        "norm": "sn" if plan.original_format else "none",
        "activ": "lrelu",
        "n_layer": 3,
        "gan_type": "hinge" if plan.original_format else "lsgan",
        "num_scales": 2,
        "pad_type": plan.pad_type,
    }
    config |= {
        "input_dim_a": plan.channels_a,
        "input_dim_b": plan.channels_b,
        "num_workers": 0,
        "new_size": min(height, width),
        "crop_image_height": height,
        "crop_image_width": width,
        "data_root": "./dataset",
    }
    return config


def fill(generator: Generator, random: torch.Generator) -> None:
    """Random values in place of the initial ones, so that no parameter is left without effect."""
    with torch.no_grad():
        for name, value in generator.named_parameters():
            last = name.rsplit(".", 1)[1]
            noise = torch.randn(value.shape, generator=random)
            if last in ("weight_u", "weight_v"):
                value.copy_(noise / noise.norm())
            elif name.endswith("norm.gamma"):
                value.copy_(0.6 + 0.2 * noise)
            elif last == "gamma":
                value.copy_(0.5 + 0.1 * noise)
            elif last in ("bias", "beta"):
                value.copy_(0.1 * noise)
            elif "activation" in name:
                value.copy_(0.25 + 0.05 * noise)
            else:
                value.copy_(noise * (2.0 / value[0].numel()) ** 0.5)


def random_picture(height: int, width: int, channels: int, random: np.random.Generator) -> np.ndarray:
    """Smooth colours with a few ellipses and lines: 8-bit [h, w, 3], or [h, w] for one channel."""
    small = random.integers(0, 256, (5, 4, 3), dtype=np.uint8)
    picture = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(6):
        xs = np.sort(random.integers(0, width, 2)).tolist()
        ys = np.sort(random.integers(0, height, 2)).tolist()
        colour = tuple(random.integers(0, 256, 3).tolist())
        draw.ellipse((xs[0], ys[0], xs[1], ys[1]), outline=colour)
        draw.line((xs[0], ys[1], xs[1], ys[0]), fill=colour)
    pixels = np.array(picture)
    grain = random.integers(-12, 13, pixels.shape)
    pixels = np.clip(pixels + grain, 0, 255).astype(np.uint8)
    return pixels if channels == 3 else pixels[:, :, 0].copy()


def other(domain: str) -> str:
    """The domain that `domain` is translated to."""
    return "b" if domain == "a" else "a"


def translate(folder: Path, source: str, picture: Tensor, style: Tensor, double: bool) -> Tensor:
    """Loads the weights anew and translates [1, channels, h, w] with a style [style_dim] -> [channels, h, w]."""
    t = load_translator(folder, ITERATION)
    if double:
        t, picture, style = t.double(), picture.double(), style.double()
    with torch.no_grad():
        content, _ = getattr(t, f"gen_{source}").encode(picture)
        return getattr(t, f"gen_{other(source)}").decode(content, style.view(1, -1, 1, 1))[0]


def write_expected(folder: Path, name: str, source: str, picture: Tensor, style: Tensor) -> tuple[float, float]:
    """Writes NAME.png and NAME.npy; gives the rounding error and the share of saturated values."""
    result = translate(folder, source, picture, style, double=False)
    exact = translate(folder, source, picture, style, double=True)
    save_picture(result, folder / f"{name}.png")
    np.save(folder / f"{name}.npy", result.numpy())
    error = (result.double() - exact).abs().max().item()
    if error > ROUNDING_LIMIT:
        raise RuntimeError(f"{folder.name}/{name}: float32 is {error:.2e} away from float64; choose another seed")
    return error, (result.abs() > 0.99).float().mean().item()


def make_folder(folder: Path, plan: Plan, seed: int) -> dict[str, Any]:
    """Writes one translator's folder and gives its entry of `reference.json`."""
    folder.mkdir(parents=True)
    config = original_config(plan)
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    random = torch.Generator().manual_seed(seed)
    state = {}
    for domain in ("a", "b"):
        generator = Generator(generator_config(config, domain))
        fill(generator, random)
        state[domain] = generator.state_dict()
    torch.save(state, folder / f"gen_{ITERATION:08d}.pt")

    pixels_random = np.random.default_rng(seed)
    styles = {d: torch.randn(len(plan.sizes), plan.style_dim, generator=random) for d in ("a", "b")}
    pictures: dict[str, list[Tensor]] = {}
    for domain in ("a", "b"):
        channels = config[f"input_dim_{domain}"]
        np.save(folder / f"styles_{domain}.npy", styles[domain].numpy())
        for i, (height, width) in enumerate(plan.sizes):
            pixels = random_picture(height, width, channels, pixels_random)
            Image.fromarray(pixels).save(folder / f"{domain}_{i}.png")
        pictures[domain] = [load_picture(folder / f"{domain}_{i}.png", channels) for i in range(len(plan.sizes))]

    measured = []
    for source in ("a", "b"):
        target = other(source)
        for i, picture in enumerate(pictures[source]):
            name = f"{source}2{target}_{i}"
            measured.append(write_expected(folder, name, source, picture, styles[target][i]))
            measured.append(write_expected(folder, f"together_{name}", source, picture, styles[target][0]))
        with torch.no_grad():
            style = getattr(load_translator(folder, ITERATION), f"gen_{target}").enc_style(pictures[target][0])
        name = f"guided_{source}2{target}_0"
        measured.append(write_expected(folder, name, source, pictures[source][0], style.view(-1)))
    return {
        "folder": folder.name,
        "pictures": len(plan.sizes),
        "worst_rounding_error": max(error for error, _ in measured),
        "saturated_share": sum(share for _, share in measured) / len(measured),
    }


def main() -> None:
    """Writes every plan's folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT_DIR", help="must not exist yet")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    options = parser.parse_args()
    options.out.mkdir(parents=True)
    torch.set_num_threads(1)
    entries = []
    for number, plan in enumerate(PLANS):
        entries.append(make_folder(options.out / plan.name, plan, options.seed * 1000 + number))
        print(json.dumps(entries[-1]), flush=True)
    (options.out / "reference.json").write_text(json.dumps({"seed": options.seed, "folders": entries}, indent=1) + "\n")


if __name__ == "__main__":
    main()
