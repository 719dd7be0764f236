# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones by their names: which family of rigs they are of, whatever stands before or after them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from .description import RigDescription
from .presets import Preset
from .slots import main_slots

# Bones whose names tell what else stands in names; no rig of people is without most of them.
TELLING: Final = ("upper_arm", "forearm", "hand", "thigh", "shin", "foot")
AFFIXES_TRIED: Final = 3
FINGERS_COUNT: Final = 0.25  # as much as a bone of trunk and limbs


class Affixes(NamedTuple):
    """What stands before and after the names of a family on one rig, such as a namespace."""

    before: str
    after: str


class Match(NamedTuple):
    """A preset with the names of a rig's own bones."""

    preset: Preset
    score: float  # 0…1: how many of the bones that make a human are there


def best_match(
    rig: RigDescription, presets: Iterable[Preset], worth: Callable[[int], float]
) -> Match | None:
    """The preset that finds most of a rig, where a bone found counts what it is worth, 0…1."""
    matches = [match for preset in presets for match in _matches(rig, preset, worth)]
    return max(matches, key=lambda match: match.score, default=None)


def _matches(rig: RigDescription, preset: Preset, worth: Callable[[int], float]) -> Iterator[Match]:
    own = {name.casefold(): name for name in reversed(rig.names)}
    for affixes in likely_affixes(list(own), preset):
        wanted = {
            name: f"{affixes.before}{name}{affixes.after}".casefold() for name in preset.all_names
        }
        found = preset.renamed({name: own[key] for name, key in wanted.items() if key in own})
        yield Match(found, _score(rig, found, worth))


def _score(rig: RigDescription, found: Preset, worth: Callable[[int], float]) -> float:
    reached = total = 0.0
    body = set(main_slots(fingers=False))
    for slot in main_slots():
        weight = 1.0 if slot in body else FINGERS_COUNT
        total += weight
        chain = rig.indices(found.bones.get(slot, ()))
        reached += weight * (sum(map(worth, chain)) / len(chain) if chain else 0.0)
    return reached / total


def likely_affixes(names: Sequence[str], preset: Preset) -> list[Affixes]:
    """What may stand around the names of a preset on a rig with these names, likeliest first."""
    votes: Counter[Affixes] = Counter()
    for slot in (name + at for name in TELLING for at in (".L", ".R")):
        for wanted in (name.casefold() for name in preset.bones.get(slot, ())):
            votes.update({_around(name, wanted) for name in names if wanted in name})
    return [affixes for affixes, _ in votes.most_common(AFFIXES_TRIED)]


def _around(name: str, wanted: str) -> Affixes:
    before, _, after = name.rpartition(wanted)
    return Affixes(before, after)
