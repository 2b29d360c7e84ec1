"""Times the translation of one picture: content code, then decoding with a given style. f32, eager, no gradient.

python translate.py [--threads N]
"""

from __future__ import annotations

import torch

from networks import Generator, generator_config
from timing import Case, arguments, measure, run_cases, original_config

CASES = {
    "translate 128x112 dim 32": Case(128, 112, 1, 32),
    "translate 224x192 dim 64": Case(224, 192, 1, 64),
    "translate 256x256 dim 64": Case(256, 256, 1, 64),
    "translate 512x512 dim 64": Case(512, 512, 1, 64, large=True),
}


def time_translation(name: str, case: Case, runs: int, warmups: int) -> dict[str, object]:
    """One drawing to one photo, with random weights."""
    config = original_config(case)
    encoder = Generator(generator_config(config, "a")).enc_content
    decoder = Generator(generator_config(config, "b"))
    picture = torch.rand(case.batch, 3, case.height, case.width) * 2 - 1
    style = torch.randn(case.batch, config["gen"]["style_dim"], 1, 1)

    def work() -> torch.Tensor:
        with torch.inference_mode():
            return decoder.decode(encoder(picture), style)

    return measure(name, work, runs, warmups)


if __name__ == "__main__":
    run_cases(time_translation, CASES, arguments(__doc__, runs=10))
