# SPDX-License-Identifier: GPL-3.0-or-later
"""A person of a clip to the keys of a character: all steps in order, as often as sliders move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .cleanup import CleanUp, cleaned
from .conversion import World, motion_of
from .data import Clip, Track
from .keys import Keys, KeySettings, keys_of
from .motion import Motion
from .mover import Mover, hips_m

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Settings:
    """What happens to a clip on its way to keys."""

    clean_up: CleanUp
    keys: KeySettings


def size_of(clip: Clip, track: Track, mover: Mover) -> float:
    """How much farther than the person in the clip a character goes, by the height of its hips."""
    return mover.hips_m / hips_m(mover.rig.body.rest(clip.phenotypes_of(track)))


def place_of(track: Track, world: World, size: float) -> Array:
    """The point (3,) of the floor below the person's hips in its first frame."""
    hips = size * world.points(np.asarray(track.translation_m[0], float))
    return np.array([hips[0], hips[1], 0.0])


def clean_motion(
    clip: Clip,
    track: Track,
    world: World,
    mover: Mover,
    place: Array,
    clean_up: CleanUp,
    fps: float,
) -> Motion:
    """The motion at so many frames per second of an armature whose origin is at place (3,)."""
    raw = motion_of(clip, track, world, mover, size_of(clip, track, mover))
    return cleaned(raw.moved(-place), mover.skeleton, clean_up, fps)


def process(
    clip: Clip,
    track: Track,
    world: World,
    mover: Mover,
    place: Array,
    settings: Settings,
    fps: float,
) -> Keys:
    """Keys of the clean motion, for a scene of so many frames per second."""
    motion = clean_motion(clip, track, world, mover, place, settings.clean_up, fps)
    return keys_of(motion, mover.skeleton, settings.keys)
