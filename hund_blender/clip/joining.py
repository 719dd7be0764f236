# SPDX-License-Identifier: GPL-3.0-or-later
"""Two parts of a clip to one: who was there before is the same person after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..body import UNSET_FEATURE
from .data import Clip, Track

Array = npt.NDArray[Any]

OVERLAP: Final = 10  # frames that are looked at again when a clip goes on, to know people by
NAMES: Final = ("bones", "phenotypes", "facial_actions")
AT_REST: Final = np.array([1.0, 0.0, 0.0, 0.0])
SAME_PERSON: Final = 0.3  # least mean overlap of boxes


def continued(before: Clip, after: Clip) -> Clip:
    """The tracks of the second part go on where those of the first end.

    On frames that both have, the first part's are kept. People go by where they are on those.
    What was heard frame by frame names all bones, a result only those that the server poses.
    """
    names = {
        key: tuple(dict.fromkeys((*getattr(before, key), *getattr(after, key)))) for key in NAMES
    }
    before, after = _with_names(before, names), _with_names(after, names)
    partners = _partners(before, after)
    mine = {old: new for new, old in partners.items()}
    tracks = [
        _continued(track, after.track(mine[track.number])) if track.number in mine else track
        for track in before.tracks
    ]
    free = max((track.number for track in before.tracks), default=-1) + 1
    strangers = [track for track in after.tracks if track.number not in partners]
    tracks += [replace(track, number=free + place) for place, track in enumerate(strangers)]
    return replace(after, tracks=tuple(tracks))


def _with_names(clip: Clip, names: Mapping[str, Any]) -> Clip:
    """The same with all of some names, in their order; what it does not tell of is at rest."""
    bones, phenotypes, actions = (names[key] for key in NAMES)
    tracks = (
        replace(
            track,
            rotations_wxyz=_placed(track.rotations_wxyz, clip.bones, bones, AT_REST),
            confidence=_placed(track.confidence, clip.bones, bones, 0.0),
            phenotypes=_placed(track.phenotypes, clip.phenotypes, phenotypes, UNSET_FEATURE),
            facial_actions=_placed(track.facial_actions, clip.facial_actions, actions, 0.0),
        )
        for track in clip.tracks
    )
    return replace(clip, tracks=tuple(tracks), **names)


def _placed(
    values: Array, names: tuple[str, ...], wanted: tuple[str, ...], otherwise: float | Array
) -> Array:
    """Values (..., N) or, of quaternions, (F, N, 4), in the order of other names."""
    axis = values.ndim - 1 - np.ndim(otherwise)
    shape = (*values.shape[:axis], len(wanted), *values.shape[axis + 1 :])
    placed = np.full(shape, otherwise, values.dtype)
    places = [wanted.index(name) for name in names]
    placed[(slice(None),) * axis + (places,)] = values
    return placed


def _partners(before: Clip, after: Clip) -> dict[int, int]:
    """By number in the second part, who of the first part that is; the surest first."""
    pairs = sorted(
        (
            (_likeness(old, new), new.number, old.number)
            for old in before.tracks
            for new in after.tracks
        ),
        reverse=True,
    )
    partners: dict[int, int] = {}
    for likeness, new, old in pairs:
        if likeness > SAME_PERSON and new not in partners and old not in partners.values():
            partners[new] = old
    return partners


def _likeness(old: Track, new: Track) -> float:
    """How much of their boxes two tracks have in common, on the frames that both have."""
    _, in_old, in_new = np.intersect1d(old.frames, new.frames, return_indices=True)
    if not len(in_old):
        return 0.0
    return float(_overlaps(old.box_px[in_old], new.box_px[in_new]).mean())


def _overlaps(a: Array, b: Array) -> Array:
    """Intersection over union (N,) of boxes (N, 4) of x, y, width, height."""
    low = np.maximum(a[:, :2], b[:, :2])
    high = np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:])
    common = np.maximum(high - low, 0.0).prod(1)
    union = a[:, 2:].prod(1) + b[:, 2:].prod(1) - common
    shares: Array = common / np.maximum(union, 1e-9)
    return shares


def _continued(old: Track, new: Track) -> Track:
    later = new.frames > old.frames[-1]
    share = len(old.frames) / max(len(old.frames) + int(later.sum()), 1)
    whole = {
        name: np.concatenate([getattr(old, name), getattr(new, name)[later]])
        for name in _per_frame(old)
    }
    return replace(
        old,
        phenotypes=share * old.phenotypes + (1 - share) * new.phenotypes,
        gravity=new.gravity,
        floor_m=new.floor_m if np.isfinite(new.floor_m) else old.floor_m,
        **whole,
    )


def _per_frame(track: Track) -> Iterator[str]:
    constant = {"number", "phenotypes", "gravity", "floor_m"}
    return (name for name in vars(track) if name not in constant)
