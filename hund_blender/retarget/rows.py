# SPDX-License-Identifier: GPL-3.0-or-later
"""A bone map as a list with one bone a row, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from .slots import CHAINS, LONGEST_CHAIN, BoneMap, all_slots, base, label, mirrored


class Row(NamedTuple):
    slot: str
    bone: str  # nothing where it is not known
    sure: float = 1.0

    @property
    def label(self) -> str:
        return label(self.slot)


def rows_of(bones: BoneMap, confidences: Mapping[str, float]) -> Iterator[Row]:
    """A row for every bone, and an empty one for every slot without."""
    for slot in all_slots():
        for bone in bones.get(slot, ("",)):
            yield Row(slot, bone, confidences.get(slot, 1.0) if bone else 0.0)


def bones_of(rows: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    """Inverse of rows_of; of what can be one bone only, the first counts."""
    bones: dict[str, tuple[str, ...]] = {}
    for row in rows:
        chain = bones.get(row.slot, ())
        longest = LONGEST_CHAIN if base(row.slot) in CHAINS else 1
        if row.bone and row.bone not in chain and len(chain) < longest:
            bones[row.slot] = (*chain, row.bone)
    return bones


def with_other_side(bones: BoneMap, names: Iterable[str], at: str) -> dict[str, tuple[str, ...]]:
    """The map with the slots of one side (.L or .R) filled from the other one, where the bones'
    names tell which is which.
    """
    own, result = set(names), dict(bones)
    for slot, chain in bones.items():
        other = tuple(flipped for bone in chain if (flipped := flipped_name(bone, own)))
        if slot.endswith(mirrored(at)) and len(other) == len(chain):
            result[mirrored(slot)] = other
    return result


def flipped_name(name: str, names: set[str]) -> str:
    """The name of the bone on the other side among names, nothing where there is none."""
    return next((other for other in _flips(name) if other in names and other != name), "")


WORDS = (("Left", "Right"), ("left", "right"), ("LEFT", "RIGHT"), ("左", "右"))
LETTERS = (("L", "R"), ("l", "r"))
AROUND = "._- :"


def _flips(name: str) -> Iterator[str]:
    """What a name may be on the other side, likeliest first."""
    for pair in WORDS:
        for word, other in (pair, pair[::-1]):
            if word in name:
                yield name.replace(word, other)
    for pair in LETTERS:
        for letter, other in (pair, pair[::-1]):
            for place in (p for p, found in enumerate(name) if found == letter):
                before, after = name[:place], name[place + 1 :]
                apart = not before or before[-1] in AROUND, not after or after[0] in AROUND
                first_of_many = not before and after[:1].isupper()
                if all(apart) or first_of_many:
                    yield before + other + after
