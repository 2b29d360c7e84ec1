"""Times VGG16's features at relu5_3: pictures to BGR grey levels, then thirteen convolutions. f32, eager, no gradient.

    python vgg.py [--threads N]

Restated from Simonyan and Zisserman 2014 (arXiv 1409.1556) and from the reference data's description: as in MUNIT there are
pools behind the first three stages only, so that the features have an eighth of the picture's size.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from timing import Case, arguments, measure, run_cases

CASES = {
    "vgg 224x224 batch 1": Case(224, 224, 1, 64),
    "vgg 224x224 batch 8": Case(224, 224, 8, 64),
}

# Channels, convolutions, and whether a pool follows.
STAGES = ((64, 2, True), (128, 2, True), (256, 3, True), (512, 3, False), (512, 3, False))
CHANNEL_MEANS = (103.939, 116.779, 123.680)


class Vgg16(nn.Module):
    """Shapes: [n, 3, h, w], RGB in [-1, 1] -> [n, 512, h / 8, w / 8]."""

    means: Tensor

    def __init__(self) -> None:
        super().__init__()
        channels_in = 3
        for stage, (channels, count, _) in enumerate(STAGES, start=1):
            for index in range(1, count + 1):
                setattr(self, f"conv{stage}_{index}", nn.Conv2d(channels_in, channels, 3, padding=1))
                channels_in = channels
        self.register_buffer("means", torch.tensor(CHANNEL_MEANS).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        x = (images.flip(1) + 1) * 127.5 - self.means
        for stage, (_, count, pooled) in enumerate(STAGES, start=1):
            for index in range(1, count + 1):
                x = F.relu(getattr(self, f"conv{stage}_{index}")(x), inplace=True)
            if pooled:
                x = F.max_pool2d(x, 2)
        return x


def time_features(name: str, case: Case, runs: int, warmups: int) -> dict[str, object]:
    """Random pictures and weights."""
    network = Vgg16()
    pictures = torch.rand(case.batch, 3, case.height, case.width) * 2 - 1

    def work() -> Tensor:
        with torch.inference_mode():
            return network(pictures)

    return measure(name, work, runs, warmups)


if __name__ == "__main__":
    run_cases(time_features, CASES, arguments(__doc__, runs=10))
