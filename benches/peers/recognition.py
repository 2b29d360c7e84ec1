"""Times SphereFace-20's embeddings: four stages of 3x3 convolutions with PReLU, then a linear layer. f32, eager, no gradient.

    python recognition.py [--threads N]

Restated from Liu et al. 2017 (arXiv 1704.08063, table 2): each stage begins with a convolution that halves the feature map, residual
blocks of two convolutions follow; no normalisation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from timing import Case, arguments, measure, run_cases

CASES = {
    "recognize 112x96 batch 1": Case(112, 96, 1, 64),
    "recognize 112x96 batch 32": Case(112, 96, 32, 64),
}

# Channels and residual blocks of each stage.
STAGES = ((64, 1), (128, 2), (256, 4), (512, 1))
EMBEDDING = 512


def activated(channels_in: int, channels_out: int, stride: int) -> nn.Sequential:
    """A convolution and its activation."""
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, stride, padding=1), nn.PReLU(channels_out))


class Residual(nn.Module):
    """Shapes: [n, c, h, w] -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(activated(channels, channels, 1), activated(channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


class SphereFace20(nn.Module):
    """Shapes: [n, 3, 112, 96] -> [n, 512]."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels_in = 3
        for channels, blocks in STAGES:
            layers.append(activated(channels_in, channels, 2))
            layers.extend(Residual(channels) for _ in range(blocks))
            channels_in = channels
        self.stages = nn.Sequential(*layers)
        self.embedding = nn.Linear(channels_in * 7 * 6, EMBEDDING)

    def forward(self, crops: Tensor) -> Tensor:
        return self.embedding(self.stages(crops).flatten(1))


def time_embeddings(name: str, case: Case, runs: int, warmups: int) -> dict[str, object]:
    """Random crops and weights."""
    network = SphereFace20().eval()
    crops = torch.rand(case.batch, 3, case.height, case.width) * 2 - 1

    def work() -> Tensor:
        with torch.inference_mode():
            return network(crops)

    return measure(name, work, runs, warmups)


if __name__ == "__main__":
    run_cases(time_embeddings, CASES, arguments(__doc__, runs=10))
