# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches kept as dataclasses of tensors, possibly nested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

T = TypeVar("T")


def seeded(rng: np.random.Generator) -> torch.Generator:
    """A generator of torch, on the CPU, that goes on from one of numpy."""
    return torch.Generator().manual_seed(int(rng.integers(2**62)))


def moved(group: T, device: torch.device) -> T:
    """The same on a device."""

    def move(part: Any) -> Any:
        if isinstance(part, Tensor):
            return part.to(device)
        return type(part)(*(move(getattr(part, field.name)) for field in fields(part)))

    return move(group)  # type: ignore[no-any-return]


def joined(groups: Sequence[T]) -> T:
    """All groups as one, along the first dimension of every tensor."""

    def join(pieces: list[Any]) -> Any:
        if isinstance(pieces[0], Tensor):
            return torch.cat(pieces)
        names = [field.name for field in fields(pieces[0])]
        return type(pieces[0])(*(join([getattr(p, name) for p in pieces]) for name in names))

    return join(list(groups))  # type: ignore[no-any-return]
