# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras that are rolled with what they look at."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize


def rolled_with(across: Tensor) -> Tensor:
    """Roll (B, 3, 3) of a camera that sees directions across its picture (B, 2) level."""
    x, y = normalize(across, dim=1).unbind(1)
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    return torch.stack([x, -y, zero, y, x, zero, zero, zero, one], 1).unflatten(1, (3, 3))
