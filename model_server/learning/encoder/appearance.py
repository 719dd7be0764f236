# SPDX-License-Identifier: GPL-3.0-or-later
"""Disturbances of crops in training, so that only what photos have too can be relied on: strong
colour changes, patches that hide, blur and noise. Renders are easy; photos are not.

Images are (B, 3, S, S) in 0…1, on the device that the generator draws on.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

BLUR_REACH: Final = 4  # pixels
_LUMINANCE: Final = (0.299, 0.587, 0.114)


def disturbed(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images, each changed at random."""
    chances = (
        (0.8, recoloured),
        (0.15, greyed),
        (0.3, patched),
        (0.25, blurred),
        (0.3, noisy),
    )
    for chance, change in chances:
        chosen = random(images, 1, generator) < chance
        images = torch.where(chosen[..., None, None], change(images, generator), images)
    return images


def recoloured(images: Tensor, generator: torch.Generator) -> Tensor:
    """Gain, gamma and mixing of the channels."""
    mix = torch.eye(3, device=images.device) + 0.12 * normal(images, 3, generator, 3)
    order = random(images, 3, generator).argsort(1)
    permuted = mix.gather(2, order[:, None].expand_as(mix))
    mix = torch.where((random(images, 1, generator) < 0.2)[..., None], permuted, mix)
    mix = mix / mix.sum(1, keepdim=True).clamp(min=0.3)
    gamma, gain, offset = normal(images, 3, generator)[..., None, None].split(1, 1)
    level = torch.einsum("bihw,bij->bjhw", images, mix).clamp(1e-6, 1)
    return (level ** (0.35 * gamma).exp() * (0.25 * gain).exp() + 0.06 * offset).clamp(0, 1)


def greyed(images: Tensor, _: torch.Generator) -> Tensor:
    weights = images.new_tensor(_LUMINANCE)[:, None, None]
    return (images * weights).sum(1, keepdim=True).expand_as(images)


def patched(images: Tensor, generator: torch.Generator) -> Tensor:
    """One to three rectangles of colour or of another picture."""
    places = (torch.arange(images.shape[2], device=images.device) + 0.5) / images.shape[2]
    others = images.roll(1, 0)
    for chance in (1, 2 / 3, 1 / 3):
        size = 0.06 + 0.29 * random(images, 2, generator)
        low = random(images, 2, generator) * (1 - size)
        inside = (places > low[..., None]) & (places < (low + size)[..., None])  # (B, 2, S)
        there = (
            inside[:, 0, :, None]
            & inside[:, 1, None]
            & (random(images, 1, generator) < chance)[..., None]
        )
        colour = random(images, 3, generator)[..., None, None]
        plain = (random(images, 1, generator) < 0.5)[..., None, None]
        images = torch.where(there[:, None], torch.where(plain, colour, others), images)
    return images


def blurred(images: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussians of 0.4 to 1.6 pixels."""
    sigma = 0.4 + 1.2 * random(images, 1, generator)
    reach = torch.arange(-BLUR_REACH, BLUR_REACH + 1, device=images.device)
    kernel = (-0.5 * (reach / sigma).square()).softmax(1).repeat_interleave(3, 0)  # (3 B, K)
    layers = pad(images, 4 * (BLUR_REACH,), mode="replicate").flatten(0, 1)[None]
    groups = layers.shape[1]
    across = conv2d(layers, kernel[:, None, None], groups=groups)
    return conv2d(across, kernel[:, None, :, None], groups=groups).view_as(images)


def noisy(images: Tensor, generator: torch.Generator) -> Tensor:
    """Grain of a strength that follows a Gamma distribution, 8 of 255 on average."""
    strength = -4 / 255 * random(images, 2, generator).clamp(min=1e-6).log().sum(1)
    grain = torch.randn(images.shape, generator=generator, device=images.device)
    return (images + strength[:, None, None, None] * grain).clamp(0, 1)


def random(images: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Numbers (B, count) between 0 and 1."""
    return torch.rand(len(images), count, generator=generator, device=images.device)


def normal(images: Tensor, count: int, generator: torch.Generator, *more: int) -> Tensor:
    """Normal numbers (B, count, ...)."""
    shape = (len(images), count, *more)
    return torch.randn(shape, generator=generator, device=images.device)
