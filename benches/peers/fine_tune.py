"""Does a recogniser's training in PyTorch, on the weights and batches that Portraitist starts from, and compares the losses.

    cargo build --release --workspace --examples
    target/release/examples/recognizer_batches RUN.toml 50 FOLDER
    portraitist recognize train RUN.toml --out FOLDER/runs
    python fine_tune.py RUN.toml FOLDER FOLDER/runs/00001-NAME/log.jsonl [--allowed 0.01]

Restated from Liu et al. 2017 (arXiv 1704.08063) and the reference data's description: SphereFace-20, angular softmax with m = 4
and lambda = max(5, 1500 / (1 + 0.1 step)), torch.optim.SGD, MultiStepLR's milestones from their own step on. RUN.toml must say
`log_every = 1`. Exit status 1 if a loss differs by more than `--allowed` of PyTorch's.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tomllib
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

# Residual blocks of each stage.
BLOCKS = (1, 2, 4, 1)
MULTIPLE = 4


def activated(x: Tensor, weights: dict[str, Tensor], place: str, stride: int) -> Tensor:
    """A 3x3 convolution and its activation."""
    x = functional.conv2d(x, weights[f"conv{place}.weight"], weights[f"conv{place}.bias"], stride, 1)
    return functional.prelu(x, weights[f"relu{place}.weight"])


def embed(crops: Tensor, weights: dict[str, Tensor]) -> Tensor:
    """Shapes: [n, 3, 112, 96] -> [n, embedding]."""
    x = crops
    for stage, blocks in enumerate(BLOCKS, start=1):
        x = activated(x, weights, f"{stage}_1", 2)
        for block in range(blocks):
            inner = activated(x, weights, f"{stage}_{2 * block + 2}", 1)
            x = x + activated(inner, weights, f"{stage}_{2 * block + 3}", 1)
    return functional.linear(x.flatten(1), weights["fc5.weight"], weights["fc5.bias"])


def angular_loss(embeddings: Tensor, directions: Tensor, labels: Tensor, step: int) -> Tensor:
    """Angular softmax, its margin blended with the plain cosine."""
    cosines = functional.normalize(embeddings) @ functional.normalize(directions, dim=0)
    cosines = cosines.clamp(-1, 1)
    rows = torch.arange(len(labels))
    cosine = cosines[rows, labels]
    sector = torch.floor(MULTIPLE * torch.acos(cosine.detach()) / math.pi)
    multiplied = 8 * cosine**4 - 8 * cosine**2 + 1
    phi = (1 - 2 * (sector % 2)) * multiplied - 2 * sector
    weight = max(5.0, 1500.0 / (1 + 0.1 * step))
    logits = cosines.clone()
    logits[rows, labels] = cosine + (phi - cosine) / (1 + weight)
    return functional.cross_entropy(logits * embeddings.norm(dim=1, keepdim=True), labels)


def train(run: dict, folder: Path) -> list[float]:
    """The losses of every step."""
    weights = load_file(folder / "start.safetensors")
    data = load_file(folder / "batches.safetensors")
    frozen = run.get("fine_tune", {}).get("freeze") == "original"
    for name, weight in weights.items():
        weight.requires_grad_(not frozen or name.startswith(("conv4", "relu4", "fc")))
    optimizer = run["optimizer"]
    descent = optimizer.get("sgd", {})
    sgd = torch.optim.SGD(
        [weight for weight in weights.values() if weight.requires_grad],
        lr=optimizer["learning_rate"],
        momentum=descent.get("momentum", 0.9),
        weight_decay=descent.get("weight_decay", 5e-4),
        nesterov=descent.get("nesterov", False),
    )
    schedule = optimizer.get("schedule", {"steps": [], "factor": 1.0})
    losses = []
    for step, labels in enumerate(data["labels"].long(), start=1):
        passed = sum(milestone <= step for milestone in schedule["steps"])
        sgd.param_groups[0]["lr"] = optimizer["learning_rate"] * schedule["factor"] ** passed
        sgd.zero_grad()
        crops = data["crops"][(step - 1) * len(labels) : step * len(labels)]
        loss = angular_loss(embed(crops, weights), weights["fc6.weight"], labels, step)
        loss.backward()
        sgd.step()
        losses.append(loss.item())
    return losses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--allowed", type=float, default=0.01)
    arguments = parser.parse_args()
    with arguments.run.open("rb") as file:
        run = tomllib.load(file)
    if run.get("margin", {"kind": "sphereface"}) != {"kind": "sphereface"} or "warm_up_steps" in run["optimizer"]:
        sys.exit(f"{arguments.run}: only the original's margin without warm-up can be compared")
    torch.set_num_threads(2)
    ours = [json.loads(line)["loss"] for line in arguments.log.read_text().splitlines()]
    theirs = train(run, arguments.folder)
    if len(ours) != len(theirs):
        sys.exit(f"{arguments.log}: {len(ours)} steps; the batches are of {len(theirs)}")
    differences = [abs(a - b) / b for a, b in zip(ours, theirs)]
    print("| step | Portraitist | PyTorch | difference |\n|---|---|---|---|")
    for index in [0, *range(4, len(ours), 5)]:
        print(f"| {index + 1} | {ours[index]:.5f} | {theirs[index]:.5f} | {100 * differences[index]:.4f} % |")
    print(f"largest difference of {len(ours)} steps: {100 * max(differences):.4f} %")
    sys.exit(max(differences) > arguments.allowed)


if __name__ == "__main__":
    main()
