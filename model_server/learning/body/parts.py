# SPDX-License-Identifier: GPL-3.0-or-later
"""The 15 body parts of semantic alignment and the bones each of them gathers."""

from collections.abc import Mapping
from typing import Final

# A bone belongs to the part of its nearest ancestor-or-self named here.
PART_OF_BONE: Final[dict[str, str]] = {
    "root": "hips",
    "spine03": "chest",
    "neck01": "head",
    **{
        f"{bone}.{side}": f"{part}_{name}"
        for side, name in (("L", "left"), ("R", "right"))
        for bone, part in (
            ("upperleg01", "upper_leg"),
            ("lowerleg01", "lower_leg"),
            ("foot", "foot"),
            ("upperarm01", "upper_arm"),
            ("lowerarm01", "lower_arm"),
            ("wrist", "hand"),
        )
    },
}


def part_names(part_of_bone: Mapping[str, str]) -> tuple[str, ...]:
    """The parts of such a table, numbered in the order in which they appear."""
    return tuple(dict.fromkeys(part_of_bone.values()))


PART_NAMES: Final[tuple[str, ...]] = part_names(PART_OF_BONE)


def part_of_bones(
    bone_names: list[str],
    bone_parents: list[int],
    part_of_bone: Mapping[str, str] = PART_OF_BONE,
) -> list[int]:
    """Index into `part_names` for every bone; parents must come before children."""
    names, parts = part_names(part_of_bone), list[int]()
    for name, parent in zip(bone_names, bone_parents, strict=True):
        own = part_of_bone.get(name)
        parts.append(parts[parent] if own is None else names.index(own))
    return parts


def other_side(part: str) -> str:
    """The part's mirror image."""
    for here, there in (("left", "right"), ("right", "left")):
        if part.endswith(here):
            return part.removesuffix(here) + there
    return part


# `parts[PART_MIRROR]` puts each part's partner in its place.
PART_MIRROR: Final[tuple[int, ...]] = tuple(PART_NAMES.index(other_side(p)) for p in PART_NAMES)
