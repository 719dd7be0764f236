# SPDX-License-Identifier: GPL-3.0-or-later
"""From the raw motion to one that an animator keeps; done anew with every change of a slider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .contacts import ContactLimits, contacts
from .foot_lock import LockSettings, locked
from .legs import stance
from .motion import Motion, filled, joined, resampled
from .quaternions import continuous
from .skeleton import Skeleton
from .smoothing import smoothed, smoothed_rotations

Array = npt.NDArray[Any]

NATURAL: Final = "NATURAL"
SNAPPY: Final = "SNAPPY"
LOCOMOTION: Final = "LOCOMOTION"

# What is taken for jitter: its deviation in degrees, metres, or of shape keys.
JITTER_DEG: Final[Mapping[str, float]] = {
    "legs_s": 1.5, "trunk_s": 1.0, "head_s": 1.5, "arms_s": 2.0, "fingers_s": 4.0,
}  # fmt: skip
JITTER_ROOT_M: Final = 0.01
JITTER_FACE: Final = 0.03
# Which slider smooths the bones of which collection; eyes and all others go with the head.
SLIDER_OF: Final[Mapping[str, str]] = {
    "Root": "trunk_s", "Spine": "trunk_s", "Legs": "legs_s", "Toes": "legs_s", "Arms": "arms_s",
    "Fingers": "fingers_s",
}  # fmt: skip


@dataclass(frozen=True)
class CleanUp:
    """What the artist can set. Times are standard deviations of the smoothing in seconds."""

    strength: float = 1.0  # 0 leaves the motion as it was seen, 2 takes twice as much jitter away
    root_s: float = 0.15  # over the floor
    height_s: float = 0.12  # of the root
    trunk_s: float = 0.15
    head_s: float = 0.15
    arms_s: float = 0.1
    legs_s: float = 0.1
    fingers_s: float = 0.15
    face_s: float = 0.08
    fill_s: float = 0.5  # gaps of up to so long are filled in
    lock_feet: bool = True
    blend_s: float = 0.15  # from a free foot to a locked one
    keep_place_s: float = 1.0  # how long the root follows standing feet
    speed_m_s: float = 0.7  # slower feet stand
    floor: float = 1.0  # 0…1: how much standing feet are brought to the floor


AS_SEEN: Final = CleanUp(strength=0.0, lock_feet=False, fill_s=0.0)  # no clean-up at all
PRESETS: Final[Mapping[str, CleanUp]] = {
    NATURAL: CleanUp(),
    SNAPPY: CleanUp(
        root_s=0.08, height_s=0.06, trunk_s=0.08, head_s=0.08, arms_s=0.05, legs_s=0.05,
        fingers_s=0.08, face_s=0.05, blend_s=0.08, keep_place_s=0.5, speed_m_s=0.5,
    ),
    LOCOMOTION: CleanUp(
        root_s=0.3, height_s=0.15, trunk_s=0.2, head_s=0.25, arms_s=0.12, legs_s=0.12,
        fingers_s=0.2, blend_s=0.18, keep_place_s=10.0, speed_m_s=0.6,
    ),
}  # fmt: skip


def cleaned(motion: Motion, skeleton: Skeleton, settings: CleanUp, fps: float) -> Motion:
    """The motion at another frame rate, without gaps, jitter and sliding, as far as is asked."""
    whole = resampled(filled(motion, settings.fill_s), fps)
    return joined([_cleaned(whole.part(segment), skeleton, settings) for segment in whole.segments])


def _cleaned(motion: Motion, skeleton: Skeleton, settings: CleanUp) -> Motion:
    smooth = _smoothed(motion, skeleton, settings)
    if not settings.lock_feet:
        return smooth
    down = standing(smooth, skeleton, settings)
    lock = LockSettings(settings.blend_s, settings.keep_place_s, settings.floor)
    rotations, root_m = locked(
        skeleton, smooth.rotations_wxyz, smooth.root_m, down, motion.fps, lock
    )
    return replace(smooth, rotations_wxyz=rotations, root_m=root_m)


def standing(motion: Motion, skeleton: Skeleton, settings: CleanUp) -> Array:
    """Which heels and toes stand on something: (F, L, 2) bool."""
    stands = stance(skeleton, motion.rotations_wxyz, motion.root_m)
    soles = skeleton.soles(stands.turns_wxyz, stands.heads)
    limits = ContactLimits(settings.speed_m_s)
    return contacts(soles, motion.fps, skeleton.leg_m, limits)


def _smoothed(motion: Motion, skeleton: Skeleton, settings: CleanUp) -> Motion:
    def frames(seconds: float) -> float:
        return seconds * settings.strength * motion.fps

    rotations = continuous(motion.rotations_wxyz)
    sliders = [SLIDER_OF.get(part, "head_s") for part in skeleton.parts]
    for slider, jitter_deg in JITTER_DEG.items():
        bones = [bone for bone, own in enumerate(sliders) if own == slider]
        jitter_rad = np.radians(jitter_deg) * settings.strength
        rotations[:, bones] = smoothed_rotations(
            rotations[:, bones], frames(getattr(settings, slider)), jitter_rad
        )
    jitter_m = JITTER_ROOT_M * settings.strength
    along = smoothed(motion.root_m[:, :2], frames(settings.root_s), jitter_m)
    height = smoothed(motion.root_m[:, 2:], frames(settings.height_s), jitter_m)
    face = smoothed(
        motion.facial_actions[..., None],
        frames(settings.face_s),
        JITTER_FACE * settings.strength,
    )
    return replace(
        motion,
        rotations_wxyz=continuous(rotations),
        root_m=np.concatenate([along, height], 1),
        facial_actions=np.clip(face[..., 0], 0.0, 1.0),
    )
