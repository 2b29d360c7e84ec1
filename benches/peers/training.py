"""Losses and the two steps of one training iteration, in the original's order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from networks import Discriminator, Generator, discriminator_config, generator_config, is_original_config

Losses = dict[str, Tensor]


def mean_absolute(x: Tensor, y: Tensor) -> Tensor:
    """Mean absolute difference over all elements."""
    return (x - y).abs().mean()


def cross_entropy_to(scores: Tensor, target: float) -> Tensor:
    """Binary cross entropy of the sigmoid of `scores` with one target for all elements."""
    probability = torch.sigmoid(scores)
    return nn.functional.binary_cross_entropy(probability, torch.full_like(probability, target))


def discriminator_loss(discriminator: Discriminator, fake: Tensor, real: Tensor, gan_type: str) -> Tensor:
    """Sum over scales; the fake pictures go through the discriminator first."""
    total = fake.new_zeros(())
    for on_fake, on_real in zip(discriminator(fake), discriminator(real), strict=True):
        if gan_type == "hinge":
            total = total + torch.relu(1 + on_fake).mean() + torch.relu(1 - on_real).mean()
        elif gan_type == "lsgan":
            total = total + on_fake.square().mean() + (on_real - 1).square().mean()
        elif gan_type == "nsgan":
            total = total + cross_entropy_to(on_fake, 0.0) + cross_entropy_to(on_real, 1.0)
        else:
            raise ValueError(f"unknown gan_type {gan_type!r}")
    return total


def adversarial_loss(discriminator: Discriminator, fake: Tensor, gan_type: str) -> Tensor:
    """What the generator pays for the discriminator's opinion; sum over scales."""
    total = fake.new_zeros(())
    for on_fake in discriminator(fake):
        if gan_type == "hinge":
            total = total - on_fake.mean()
        elif gan_type == "lsgan":
            total = total + (on_fake - 1).square().mean()
        elif gan_type == "nsgan":
            total = total + cross_entropy_to(on_fake, 1.0)
        else:
            raise ValueError(f"unknown gan_type {gan_type!r}")
    return total


class Translator(nn.Module):
    """Both generators and both discriminators, built from a parsed `config.yaml`."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.config = config
        self.gen_a = Generator(generator_config(config, "a"))
        self.gen_b = Generator(generator_config(config, "b"))
        self.dis_a = Discriminator(discriminator_config(config, "a"))
        self.dis_b = Discriminator(discriminator_config(config, "b"))

    def generator_parameters(self) -> Iterator[nn.Parameter]:
        """Trained parameters of both generators, a first."""
        for network in (self.gen_a, self.gen_b):
            yield from (p for p in network.parameters() if p.requires_grad)

    def discriminator_parameters(self) -> Iterator[nn.Parameter]:
        """Trained parameters of both discriminators, a first."""
        for network in (self.dis_a, self.dis_b):
            yield from (p for p in network.parameters() if p.requires_grad)

    def discriminator_losses(self, x_a: Tensor, x_b: Tensor, s_a: Tensor, s_b: Tensor) -> Losses:
        """Pictures [n, channels, h, w] in [-1, 1] and random styles [n, style_dim, 1, 1]."""
        gan_type = self.config["dis"]["gan_type"]
        content_a, _ = self.gen_a.encode(x_a)
        content_b, _ = self.gen_b.encode(x_b)
        x_ba = self.gen_a.decode(content_b, s_a)
        x_ab = self.gen_b.decode(content_a, s_b)
        loss_a = discriminator_loss(self.dis_a, x_ba.detach(), x_a, gan_type)
        loss_b = discriminator_loss(self.dis_b, x_ab.detach(), x_b, gan_type)
        weight = self.config["gan_w"]
        return {"loss_dis_a": loss_a, "loss_dis_b": loss_b, "loss_dis_total": weight * loss_a + weight * loss_b}

    def generator_codes(self, x_a: Tensor, x_b: Tensor, s_a: Tensor, s_b: Tensor) -> dict[str, Tensor]:
        """All codes and pictures of a generator step, in the original's order of calls."""
        v: dict[str, Tensor] = {}
        v["c_a"], v["s_a"] = self.gen_a.encode(x_a)
        v["c_b"], v["s_b"] = self.gen_b.encode(x_b)
        v["x_a_recon"] = self.gen_a.decode(v["c_a"], v["s_a"])
        v["x_b_recon"] = self.gen_b.decode(v["c_b"], v["s_b"])
        v["x_ba"] = self.gen_a.decode(v["c_b"], s_a)
        v["x_ab"] = self.gen_b.decode(v["c_a"], s_b)
        v["c_b_again"], v["s_b_again"] = self.gen_a.encode(v["x_ba"])
        v["c_a_again"], v["s_a_again"] = self.gen_b.encode(v["x_ab"])
        if self.config["recon_x_cyc_w"] > 0:
            v["x_aba"] = self.gen_a.decode(v["c_a_again"], v["s_a"])
            v["x_bab"] = self.gen_b.decode(v["c_b_again"], v["s_b"])
        return v

    def generator_losses(self, x_a: Tensor, x_b: Tensor, s_a: Tensor, s_b: Tensor) -> Losses:
        """Pictures [n, channels, h, w] in [-1, 1] and random styles [n, style_dim, 1, 1]."""
        config = self.config
        gan_type = config["dis"]["gan_type"]
        v = self.generator_codes(x_a, x_b, s_a, s_b)
        zero = x_a.new_zeros(())
        cycle = "x_aba" in v
        losses = {
            "loss_gen_recon_x_a": mean_absolute(v["x_a_recon"], x_a),
            "loss_gen_recon_x_b": mean_absolute(v["x_b_recon"], x_b),
            "loss_gen_recon_s_a": mean_absolute(v["s_b_again"], s_a),
            "loss_gen_recon_s_b": mean_absolute(v["s_a_again"], s_b),
            "loss_gen_recon_c_a": mean_absolute(v["c_a_again"], v["c_a"]),
            "loss_gen_recon_c_b": mean_absolute(v["c_b_again"], v["c_b"]),
            "loss_gen_cycrecon_x_a": mean_absolute(v["x_aba"], x_a) if cycle else zero,
            "loss_gen_cycrecon_x_b": mean_absolute(v["x_bab"], x_b) if cycle else zero,
            "loss_gen_adv_a": adversarial_loss(self.dis_a, v["x_ba"], gan_type),
            "loss_gen_adv_b": adversarial_loss(self.dis_b, v["x_ab"], gan_type),
        }
        weights = {"adv": "gan_w", "cycrecon_x": "recon_x_cyc_w"}
        total = zero
        for name, loss in losses.items():
            term = name.removeprefix("loss_gen_")[:-2]
            total = total + config[weights.get(term, f"{term}_w")] * loss
        losses["loss_gen_total"] = total
        return losses


def make_optimisers(translator: Translator) -> tuple[torch.optim.Adam, torch.optim.Adam]:
    """Adam with L2 decay in the gradient, for the discriminators and for the generators."""
    config = translator.config
    betas = (config["beta1"], config["beta2"])
    decay = config["weight_decay"]
    lr_d, lr_g = (config["lr_d"], config["lr_g"]) if is_original_config(config) else (config["lr"], config["lr"])
    discriminator = torch.optim.Adam(translator.discriminator_parameters(), lr=lr_d, betas=betas, weight_decay=decay)
    generator = torch.optim.Adam(translator.generator_parameters(), lr=lr_g, betas=betas, weight_decay=decay)
    return discriminator, generator


def discriminator_step(translator: Translator, optimiser: torch.optim.Adam, *batch: Tensor) -> Losses:
    """One update of the discriminators; `batch` is x_a, x_b, s_a, s_b."""
    optimiser.zero_grad()
    losses = translator.discriminator_losses(*batch)
    losses["loss_dis_total"].backward()
    optimiser.step()
    return losses


def generator_step(translator: Translator, optimiser: torch.optim.Adam, *batch: Tensor) -> Losses:
    """One update of the generators; `batch` is x_a, x_b, s_a, s_b."""
    optimiser.zero_grad()
    losses = translator.generator_losses(*batch)
    losses["loss_gen_total"].backward()
    optimiser.step()
    return losses
