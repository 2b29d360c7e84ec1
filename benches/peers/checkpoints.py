"""Files of the original's format: config.yaml, gen_*.pt, dis_*.pt, pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image
from torch import Tensor

from training import Translator


def load_config(folder: Path) -> dict[str, Any]:
    """The parsed `config.yaml` of a checkpoint folder."""
    return yaml.safe_load((folder / "config.yaml").read_text())


def load_translator(folder: Path, iteration: int = 0) -> Translator:
    """Networks and configuration; discriminators are filled only where their file exists."""
    translator = Translator(load_config(folder))
    for part in ("gen", "dis"):
        file = folder / f"{part}_{iteration:08d}.pt"
        if part == "gen" or file.exists():
            state = torch.load(file, weights_only=True)
            getattr(translator, f"{part}_a").load_state_dict(state["a"])
            getattr(translator, f"{part}_b").load_state_dict(state["b"])
    return translator


def load_picture(file: Path, channels: int) -> Tensor:
    """A picture as [1, channels, h, w], RGB or grey, in [-1, 1]."""
    with Image.open(file) as picture:
        pixels = np.array(picture.convert("RGB" if channels == 3 else "L"))
    planes = torch.from_numpy(pixels).view(*pixels.shape[:2], -1).permute(2, 0, 1)
    return ((planes.float() / 255 - 0.5) / 0.5).unsqueeze(0)


def to_bytes(picture: Tensor) -> np.ndarray:
    """[channels, h, w] in [-1, 1] -> 8-bit [h, w, channels], rounded half up."""
    levels = torch.floor(((picture + 1) * 127.5 + 0.5).clamp(0, 255))
    return levels.to(torch.uint8).permute(1, 2, 0).contiguous().numpy()


def save_picture(picture: Tensor, file: Path) -> None:
    """Writes [channels, h, w] in [-1, 1] as an 8-bit PNG."""
    pixels = to_bytes(picture)
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(file)
