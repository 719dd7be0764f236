# SPDX-License-Identifier: GPL-3.0-or-later
"""What bears each control of a rig: found out by moving all of them and looking what comes along.

Parents, constraints and switches of any kind may stand between controls; what counts is that a
control's own space goes rigidly along with another control, or turns half-way with two of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .turns import angle, applied, between, orthonormal

Array = npt.NDArray[Any]

ARMATURE: Final = -1  # as a bearer
RIGID: Final = 2e-3  # radians, and parts of the rig's size
BLENDED: Final = np.radians(1.0)


class Space(NamedTuple):
    """The space that a control's own location and rotation are in."""

    turner: int  # the control, or ARMATURE, that it turns with
    turn: Array  # (3, 3) seen from that one; may hold scale
    mover: int  # the one that it moves with
    move: Array  # (3,) seen from that one
    partner: int = ARMATURE  # a second one that it turns with,
    partner_turn: Array = np.eye(3)  # seen from that one,
    share: float = 0.0  # by so much
    sure: bool = True  # else what it hangs on could not be told exactly


@dataclass(frozen=True, eq=False)
class Probes:
    """K poses of N controls, in the first of which all of them rest."""

    matrices: Array  # (K, N, 4, 4) armature space, as Blender has them
    basis: Array  # (K, N, 4, 4) the controls' own transforms
    axes: Array  # (N, 3, 3) of their locations, see BoneState
    size: float  # of the rig

    def spaces(self) -> Array:
        """What the controls' own transforms are in (K, N, 4, 4)."""
        turns = self.matrices[..., :3, :3] @ np.linalg.inv(self.basis[..., :3, :3])
        spaces = self.matrices.copy()
        spaces[..., :3, :3] = turns
        spaces[..., :3, 3] -= applied(turns @ self.axes, self.basis[..., :3, 3])
        return spaces


def found_spaces(probes: Probes, wanted: Sequence[int], likely: Sequence[int]) -> dict[int, Space]:
    """The spaces of the wanted controls; where moving tells none, as if they hung on those that are
    likely, which are given for every control.
    """
    count = probes.matrices.shape[1]
    spaces = probes.spaces()
    still = np.tile(np.eye(4), (len(spaces), 1, 1, 1))
    bearers = np.concatenate([probes.matrices, still], 1)  # the armature comes last, as -1
    found = {}
    for control in wanted:
        seen = np.linalg.solve(bearers, spaces[:, control][:, None])  # (K, N + 1, 4, 4)
        turned = np.abs(seen[:, :, :3, :3] - seen[0, :, :3, :3]).max((0, 2, 3))
        moved = np.abs(seen[:, :, :3, 3] - seen[0, :, :3, 3]).max((0, 2)) / probes.size
        turned[control] = moved[control] = np.inf
        turner, mover = (_index(int(np.argmin(error)), count) for error in (turned, moved))
        space = Space(turner, seen[0, turner, :3, :3], mover, seen[0, mover, :3, 3])
        if turned.min() > RIGID:
            space = _blended(space, bearers, spaces[:, control], control)
        if not space.sure or moved.min() > RIGID:
            own = seen[0, likely[control]]
            space = Space(likely[control], own[:3, :3], likely[control], own[:3, 3], sure=False)
        found[control] = space
    return found


def _index(place: int, count: int) -> int:
    return ARMATURE if place == count else place


def _blended(space: Space, bearers: Array, spaces: Array, control: int) -> Space:
    """The two bearers and the share (…) that explain best how a control's space turns (K, 4, 4)."""
    own = orthonormal(spaces[:, :3, :3])
    turns = orthonormal(bearers[..., :3, :3])
    carried = turns @ turns[0].swapaxes(-1, -2) @ own[0]  # (K, N + 1, 3, 3) by each alone
    whole = angle(carried[:, :, None].swapaxes(-1, -2) @ carried[:, None])  # (K, N + 1, N + 1)
    part = angle(carried.swapaxes(-1, -2) @ own[:, None])  # (K, N + 1)
    shares = np.sum(part[:, :, None] * whole, 0) / np.maximum(np.sum(whole**2, 0), 1e-9)
    shares = np.clip(shares, 0, 1)
    guesses = between(carried[:, :, None], carried[:, None], shares[None])
    errors = angle(guesses.swapaxes(-1, -2) @ own[:, None, None]).max(0)
    errors[control] = errors[:, control] = np.inf
    first, second = np.unravel_index(int(np.argmin(errors)), errors.shape)
    a, b = (_index(int(place), len(errors) - 1) for place in (first, second))
    return space._replace(
        turner=a,
        turn=turns[0, first].T @ own[0],
        partner=b,
        partner_turn=turns[0, second].T @ own[0],
        share=float(shares[first, second]),
        sure=bool(errors.min() < BLENDED),
    )


def order_of(spaces: Sequence[Space]) -> list[int]:
    """The controls in an order in which bearers come first; of a ring any one does."""
    order: list[int] = []
    entered: set[int] = set()

    def enter(control: int) -> None:
        if control == ARMATURE or control in entered:
            return
        entered.add(control)
        space = spaces[control]
        for bearer in (space.turner, space.mover, space.partner):
            enter(bearer)
        order.append(control)

    for control in range(len(spaces)):
        enter(control)
    return order


def space_matrices(space: Space, matrices: dict[int, Array], frames: int) -> Array:
    """A control's space (F, 4, 4) in armature space when its bearers have matrices (F, 4, 4)."""

    def of(bearer: int) -> Array:
        still = np.broadcast_to(np.eye(4), (frames, 4, 4))
        return still if bearer == ARMATURE else matrices[bearer]

    turns = of(space.turner)[:, :3, :3] @ space.turn
    if space.share:
        other = of(space.partner)[:, :3, :3] @ space.partner_turn
        turns = between(orthonormal(turns), orthonormal(other), space.share)
    mover = of(space.mover)
    result = np.tile(np.eye(4), (frames, 1, 1))
    result[:, :3, :3] = turns
    result[:, :3, 3] = mover[:, :3, :3] @ space.move + mover[:, :3, 3]
    return result
