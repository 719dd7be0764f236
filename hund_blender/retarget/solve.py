# SPDX-License-Identifier: GPL-3.0-or-later
"""From where controls have to be to what their own channels hold, bearers first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .channels import BoneState, rotation_matrices, rotation_values
from .controls import Control
from .spaces import Space, order_of, space_matrices
from .turns import between, orthonormal

Array = npt.NDArray[Any]


class Channels(NamedTuple):
    """Values of a bone's own channels over F frames; None for what stays as it is."""

    bone: int  # place in the description
    rotation: Array | None  # (F, 3 or 4) in the bone's mode
    location: Array | None  # (F, 3)


class Before(NamedTuple):
    """What a control does without the new pose."""

    rotation: Array  # (F or 1, 3, 3) its own
    location: Array  # (F or 1, 3)


def solve(
    controls: Sequence[Control],
    spaces: Sequence[Space],
    states: Sequence[BoneState],
    given: Mapping[int, Array],
    before: Sequence[Before],
    amount: float = 1.0,
) -> list[Channels]:
    """The channels of controls, blended by an amount 0…1 with what was before.

    given holds matrices (F, 4, 4) of controls that go their own way, as far as what they did before
    in their spaces does not tell it.
    """
    frames = max(len(part) for c in controls for part in (c.turns, c.places) if part is not None)
    matrices = dict(given)
    found = []
    for number in order_of(spaces):
        if number in given:
            continue
        control, state = controls[number], states[number]
        space = space_matrices(spaces[number], matrices, frames)
        rotation = _rotation(control, state, space, before[number], amount)
        location = _location(control, state, space, before[number], amount)
        matrices[number] = space @ _own(state, rotation, location, before[number], frames)
        if not control.is_left_alone:
            found.append(Channels(control.bone, rotation, location))
    return found


def _rotation(
    control: Control, state: BoneState, space: Array, before: Before, amount: float
) -> Array | None:
    if control.turns is None or not state.turns:
        return None
    own = orthonormal(space[:, :3, :3]).swapaxes(-1, -2) @ control.turns
    if amount < 1:
        own = between(np.broadcast_to(before.rotation, own.shape), own, amount)
    return rotation_values(own, state)


def _location(
    control: Control, state: BoneState, space: Array, before: Before, amount: float
) -> Array | None:
    if control.places is None or not state.moves:
        return None
    offset = (control.places - space[:, :3, 3])[..., None]
    own = np.linalg.solve(space[:, :3, :3] @ state.location_axes, offset)[..., 0]
    own = before.location + amount * (own - before.location)
    return np.where(state.location_locks, state.location, own)


def _own(
    state: BoneState, rotation: Array | None, location: Array | None, before: Before, frames: int
) -> Array:
    """What the channels make of it (F, 4, 4), locks included."""
    turns = before.rotation if rotation is None else rotation_matrices(rotation, state.mode)
    places = before.location if location is None else location
    return state.matrix(
        np.broadcast_to(turns, (frames, 3, 3)), np.broadcast_to(places, (frames, 3))
    )
