"""The translator's networks in PyTorch, restated from the published formulas.

MUNIT (Huang et al. 2018, arXiv 1804.04732) with AdaIN (1703.06868); optionally with self-attention (1805.08318) and
spectral norm (1802.05957). Attribute names are chosen so that state-dict keys equal those of the original's files.

Two variants, told apart by `attention`:
- "original": self-attention and one more residual block in encoder, decoder and discriminator; spectral norm.
- "munit": neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PADDINGS: dict[str, type[nn.Module]] = {
    "reflect": nn.ReflectionPad2d,
    "replicate": nn.ReplicationPad2d,
    "zero": nn.ZeroPad2d,
}


@dataclass(frozen=True)
class GeneratorConfig:
    """What decides the shapes of one domain's generator."""

    channels: int
    dim: int
    n_downsample: int
    n_res: int
    style_dim: int
    mlp_dim: int
    activ: str
    pad_type: str
    attention: bool


@dataclass(frozen=True)
class DiscriminatorConfig:
    """What decides the shapes of one domain's discriminator."""

    channels: int
    dim: int
    n_layer: int
    num_scales: int
    norm: str
    activ: str
    pad_type: str
    attention: bool


def is_original_config(config: dict[str, Any]) -> bool:
    """The original has two learning rates, MUNIT has one `lr`."""
    return "lr_g" in config


def generator_config(config: dict[str, Any], domain: str) -> GeneratorConfig:
    """Reads the generator of domain `a` or `b` from a parsed `config.yaml`."""
    gen = config["gen"]
    return GeneratorConfig(
        channels=config[f"input_dim_{domain}"],
        dim=gen["dim"],
        n_downsample=gen["n_downsample"],
        n_res=gen["n_res"],
        style_dim=gen["style_dim"],
        mlp_dim=gen["mlp_dim"],
        activ=gen["activ"],
        pad_type=gen["pad_type"],
        attention=is_original_config(config),
    )


def discriminator_config(config: dict[str, Any], domain: str) -> DiscriminatorConfig:
    """Reads the discriminator of domain `a` or `b` from a parsed `config.yaml`."""
    dis = config["dis"]
    return DiscriminatorConfig(
        channels=config[f"input_dim_{domain}"],
        dim=dis["dim"],
        n_layer=dis["n_layer"],
        num_scales=dis["num_scales"],
        norm=dis["norm"],
        activ=dis["activ"],
        pad_type=dis["pad_type"],
        attention=is_original_config(config),
    )


def activation(name: str) -> nn.Module | None:
    """The activation of that name; `none` gives None."""
    if name == "relu":
        return nn.ReLU(inplace=True)
    if name == "lrelu":
        return nn.LeakyReLU(0.2, inplace=True)
    if name == "prelu":
        return nn.PReLU()
    if name == "selu":
        return nn.SELU(inplace=True)
    if name == "tanh":
        return nn.Tanh()
    if name == "none":
        return None
    raise ValueError(f"unknown activation {name!r}")


class LayerNorm(nn.Module):
    """Normalises each sample over C, H, W with the unbiased deviation; gamma and beta per channel.

    Shapes: [n, c, h, w] -> [n, c, h, w].
    """

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.gamma = nn.Parameter(torch.rand(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        deviation, mean = torch.std_mean(x, dim=(1, 2, 3), correction=1, keepdim=True)
        normal = (x - mean) / (deviation + self.eps)
        return normal * self.gamma.view(1, -1, 1, 1) + self.beta.view(1, -1, 1, 1)


class AdaptiveInstanceNorm(nn.Module):
    """Instance norm whose scale and shift are set per sample before the call.

    Shapes: input [n, c, h, w]; `shift` and `scale` [n, c].
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.channels = channels
        self.eps = eps
        self.shift: Tensor | None = None
        self.scale: Tensor | None = None
        # Unused; they only stand in the state dict.
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        if self.shift is None or self.scale is None:
            raise RuntimeError("set shift and scale before the call")
        batch, channels, height, width = x.shape
        flat = x.reshape(1, batch * channels, height, width)
        flat = F.instance_norm(flat, weight=self.scale.reshape(-1), bias=self.shift.reshape(-1), eps=self.eps)
        return flat.view(batch, channels, height, width)


def normalisation(name: str, channels: int) -> nn.Module | None:
    """The layer between convolution and activation; `none` and `sn` have none."""
    if name == "in":
        return nn.InstanceNorm2d(channels)
    if name == "ln":
        return LayerNorm(channels)
    if name == "adain":
        return AdaptiveInstanceNorm(channels)
    if name in ("none", "sn"):
        return None
    raise ValueError(f"unknown normalisation {name!r}")


def unit(vector: Tensor) -> Tensor:
    """The vector divided by its length plus 1e-12."""
    return vector / (vector.norm() + 1e-12)


class SpectralConv(nn.Module):
    """A convolution whose weight is divided by an estimate of its largest singular value.

    Every call makes one power iteration and keeps its vectors, in evaluation and without gradient too. The vectors
    are overwritten in place without autograd noticing: of several calls before one backward pass, all use the last vectors.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        conv = nn.Conv2d(inputs, outputs, kernel, stride)
        self.stride = stride
        self.bias = conv.bias
        self.weight_u = nn.Parameter(unit(torch.randn(outputs)), requires_grad=False)
        self.weight_v = nn.Parameter(unit(torch.randn(inputs * kernel * kernel)), requires_grad=False)
        self.weight_bar = conv.weight

    def forward(self, x: Tensor) -> Tensor:
        matrix = self.weight_bar.flatten(1)
        fixed = matrix.detach()
        self.weight_v.data.copy_(unit(fixed.t().mv(self.weight_u.data)))
        self.weight_u.data.copy_(unit(fixed.mv(self.weight_v.data)))
        sigma = self.weight_u.dot(matrix.mv(self.weight_v))
        return F.conv2d(x, self.weight_bar / sigma, self.bias, stride=self.stride)


class SpectralNorm(nn.Module):
    """Only the name `module` between a convolution's place and its parameters, as in the stored keys."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.module = SpectralConv(inputs, outputs, kernel, stride)

    def forward(self, x: Tensor) -> Tensor:
        return self.module(x)


def convolution(inputs: int, outputs: int, kernel: int, stride: int, spectral: bool) -> nn.Module:
    """A convolution with bias and without padding."""
    if spectral:
        return SpectralNorm(inputs, outputs, kernel, stride)
    return nn.Conv2d(inputs, outputs, kernel, stride)


class ConvBlock(nn.Module):
    """Pad, convolve, normalise, activate.

    Shapes: [n, in, h, w] -> [n, out, (h + 2 padding - kernel) / stride + 1, ...].
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, padding: int, norm: str, activ: str, pad_type: str
    ) -> None:
        super().__init__()
        self.pad = PADDINGS[pad_type](padding)
        self.norm = normalisation(norm, outputs)
        self.activation = activation(activ)
        self.conv = convolution(inputs, outputs, kernel, stride, spectral=norm == "sn")

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(self.pad(x))
        if self.norm is not None:
            x = self.norm(x)
        if self.activation is not None:
            x = self.activation(x)
        return x


class ResidualBlock(nn.Module):
    """Two 3x3 blocks, the second without activation, added to the input. Shapes are kept."""

    def __init__(self, channels: int, norm: str, activ: str, pad_type: str) -> None:
        super().__init__()
        self.model = nn.Sequential(
            ConvBlock(channels, channels, 3, 1, 1, norm, activ, pad_type),
            ConvBlock(channels, channels, 3, 1, 1, norm, "none", pad_type),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x) + x


class ResidualBlocks(nn.Module):
    """`count` residual blocks in a row. Shapes are kept."""

    def __init__(self, count: int, channels: int, norm: str, activ: str, pad_type: str) -> None:
        super().__init__()
        self.model = nn.Sequential(*[ResidualBlock(channels, norm, activ, pad_type) for _ in range(count)])

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class SelfAttention(nn.Module):
    """x + gamma * attention(x), every position looking at every other.

    Shapes: [n, c, h, w] -> [n, c, h, w]; the attention map is [n, h*w, h*w].
    """

    def __init__(self, channels: int, spectral: bool) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))
        self.f_conv = convolution(channels, channels // 8, 1, 1, spectral)
        self.g_conv = convolution(channels, channels // 8, 1, 1, spectral)
        self.k_conv = convolution(channels, channels, 1, 1, spectral)

    def forward(self, x: Tensor) -> Tensor:
        f = self.f_conv(x).flatten(2)  # [n, c/8, h*w]
        g = self.g_conv(x).flatten(2)  # [n, c/8, h*w]
        k = self.k_conv(x).flatten(2)  # [n, c, h*w]
        attention = torch.softmax(f.transpose(1, 2).bmm(g), dim=2)  # row = position of f
        out = k.bmm(attention.transpose(1, 2))
        return self.gamma * out.view_as(x) + x


class StyleEncoder(nn.Module):
    """A picture's style code. Always four halvings, without normalisation.

    Shapes: [n, channels, h, w] -> [n, style_dim, 1, 1].
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        dim, activ, pad = config.dim, config.activ, config.pad_type
        self.model = nn.Sequential(
            ConvBlock(config.channels, dim, 7, 1, 3, "none", activ, pad),
            ConvBlock(dim, 2 * dim, 4, 2, 1, "none", activ, pad),
            ConvBlock(2 * dim, 4 * dim, 4, 2, 1, "none", activ, pad),
            ConvBlock(4 * dim, 4 * dim, 4, 2, 1, "none", activ, pad),
            ConvBlock(4 * dim, 4 * dim, 4, 2, 1, "none", activ, pad),
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(4 * dim, config.style_dim, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class ContentEncoder(nn.Module):
    """A picture's content code.

    Shapes: [n, channels, h, w] -> [n, dim * 2^d, h / 2^d, w / 2^d] with d = n_downsample.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        dim, activ, pad = config.dim, config.activ, config.pad_type
        layers: list[nn.Module] = [ConvBlock(config.channels, dim, 7, 1, 3, "in", activ, pad)]
        for _ in range(config.n_downsample):
            layers.append(ConvBlock(dim, 2 * dim, 4, 2, 1, "in", activ, pad))
            dim *= 2
        layers.append(ResidualBlocks(config.n_res, dim, "in", activ, pad))
        if config.attention:
            layers.append(SelfAttention(dim, spectral=True))
            layers.append(ResidualBlock(dim, "in", activ, pad))
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class Decoder(nn.Module):
    """A content code back to a picture; its residual blocks take the style through AdaIN.

    Shapes: [n, dim * 2^d, h / 2^d, w / 2^d] -> [n, channels, h, w] in [-1, 1].
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        activ, pad = config.activ, config.pad_type
        dim = config.dim * 2**config.n_downsample
        layers: list[nn.Module] = [ResidualBlocks(config.n_res, dim, "adain", activ, pad)]
        if config.attention:
            layers.append(SelfAttention(dim, spectral=True))
            layers.append(ResidualBlock(dim, "adain", activ, pad))
        for _ in range(config.n_downsample):
            layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
            layers.append(ConvBlock(dim, dim // 2, 5, 1, 2, "ln", activ, pad))
            dim //= 2
        layers.append(ConvBlock(dim, config.channels, 7, 1, 3, "none", "tanh", pad))
        self.model = nn.Sequential(*layers)

    def adain_layers(self) -> list[AdaptiveInstanceNorm]:
        """The AdaIN layers in module order, which is the order of their parameters."""
        return [layer for layer in self.modules() if isinstance(layer, AdaptiveInstanceNorm)]

    def set_style(self, parameters: Tensor) -> None:
        """Hands out the MLP's output, [n, sum of 2c]: per layer first the shift, then the scale."""
        layers = self.adain_layers()
        pieces = parameters.split([2 * layer.channels for layer in layers], dim=1)
        for layer, piece in zip(layers, pieces, strict=True):
            layer.shift, layer.scale = piece.chunk(2, dim=1)

    def forward(self, content: Tensor) -> Tensor:
        return self.model(content)


class LinearBlock(nn.Module):
    """A fully connected layer and its activation. Shapes: [n, in] -> [n, out]."""

    def __init__(self, inputs: int, outputs: int, activ: str) -> None:
        super().__init__()
        self.fc = nn.Linear(inputs, outputs)
        self.activation = activation(activ)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc(x)
        return x if self.activation is None else self.activation(x)


class Mlp(nn.Module):
    """Style code to AdaIN parameters in three layers. Shapes: [n, style_dim, 1, 1] -> [n, outputs]."""

    def __init__(self, style_dim: int, outputs: int, mlp_dim: int, activ: str) -> None:
        super().__init__()
        self.model = nn.Sequential(
            LinearBlock(style_dim, mlp_dim, activ),
            LinearBlock(mlp_dim, mlp_dim, activ),
            LinearBlock(mlp_dim, outputs, "none"),
        )

    def forward(self, style: Tensor) -> Tensor:
        return self.model(style.flatten(1))


class Generator(nn.Module):
    """Encoders and decoder of one domain."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.enc_style = StyleEncoder(config)
        self.enc_content = ContentEncoder(config)
        self.dec = Decoder(config)
        outputs = sum(2 * layer.channels for layer in self.dec.adain_layers())
        self.mlp = Mlp(config.style_dim, outputs, config.mlp_dim, config.activ)

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """[n, channels, h, w] in [-1, 1] -> content code, style code."""
        style = self.enc_style(images)
        return self.enc_content(images), style

    def decode(self, content: Tensor, style: Tensor) -> Tensor:
        """Content code and style code [n, style_dim, 1, 1] -> picture in [-1, 1]."""
        self.dec.set_style(self.mlp(style))
        return self.dec(content)


def discriminator_tower(config: DiscriminatorConfig) -> nn.Sequential:
    """One scale of the discriminator: [n, channels, h, w] -> [n, 1, h / 2^n_layer, w / 2^n_layer]."""
    dim = config.dim
    layers: list[nn.Module] = [ConvBlock(config.channels, dim, 4, 2, 1, "none", config.activ, config.pad_type)]
    for _ in range(config.n_layer - 1):
        layers.append(ConvBlock(dim, 2 * dim, 4, 2, 1, config.norm, config.activ, config.pad_type))
        dim *= 2
    if config.attention:
        layers.append(SelfAttention(dim, spectral=config.norm == "sn"))
    layers.append(nn.Conv2d(dim, 1, 1))
    return nn.Sequential(*layers)


class Discriminator(nn.Module):
    """Patch discriminators on the picture and on its halvings.

    Shapes: [n, channels, h, w] -> one score map per scale.
    """

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.cnns = nn.ModuleList([discriminator_tower(config) for _ in range(config.num_scales)])

    def forward(self, images: Tensor) -> list[Tensor]:
        outputs = []
        for tower in self.cnns:
            outputs.append(tower(images))
            images = F.avg_pool2d(images, 3, stride=2, padding=1, count_include_pad=False)
        return outputs
