"""Times one training iteration: discriminator step, then generator step, with backward and Adam. f32, eager.

    python train_step.py [--threads N]

Losses are the original's defaults (hinge, reconstruction of pictures, codes and cycle), without the recogniser's.
"""

from __future__ import annotations

import torch

from timing import Case, arguments, measure, run_cases, original_config
from training import Translator, discriminator_step, generator_step, make_optimisers

CASES = {
    "train 64x64 batch 4 dim 16": Case(64, 64, 4, 16),
    "train 128x112 batch 1 dim 32": Case(128, 112, 1, 32),
    "train 224x192 batch 1 dim 64": Case(224, 192, 1, 64),
}


def time_iteration(name: str, case: Case, runs: int, warmups: int) -> dict[str, object]:
    """Random pictures, and new random styles in each step."""
    config = original_config(case)
    translator = Translator(config)
    discriminator, generator = make_optimisers(translator)
    x_a = torch.rand(case.batch, 3, case.height, case.width) * 2 - 1
    x_b = torch.rand(case.batch, 3, case.height, case.width) * 2 - 1

    def style() -> torch.Tensor:
        return torch.randn(case.batch, config["gen"]["style_dim"], 1, 1)

    def work() -> None:
        discriminator_step(translator, discriminator, x_a, x_b, style(), style())
        generator_step(translator, generator, x_a, x_b, style(), style())

    return measure(name, work, runs, warmups)


if __name__ == "__main__":
    run_cases(time_iteration, CASES, arguments(__doc__, runs=5))
