# SPDX-License-Identifier: GPL-3.0-or-later
"""The map of any rig: by names, by structure where names tell nothing, and IK targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ..errors import MapError
from .by_name import Match, best_match
from .by_structure import Guess, guess
from .description import RigDescription
from .presets import Preset
from .slots import SIDES, BoneMap, main_slots, side

TARGET: Final = "TARGET"  # bones that an artist keys
SOURCE: Final = "SOURCE"  # bones that show where the body is
DRIVEN_WORTH: Final = 0.2  # of a bone as target that keys do not move
CONTROL_WORTH: Final = 0.6  # of a bone as source that moves no skin
KNOWN: Final = 0.5  # a family of which less is found is not that family
BELIEVED: Final = 0.5  # guesses that are less sure are not made
HANDLES: Final = {
    "hand": ("hand_ik", "elbow_pole"),
    "forearm": ("hand_ik", "elbow_pole"),
    "foot": ("foot_ik", "knee_pole"),
    "shin": ("foot_ik", "knee_pole"),
}


@dataclass(frozen=True)
class RigMap:
    """What is what on one rig, and how sure that is."""

    preset: Preset  # with the rig's own names
    confidences: Mapping[str, float]  # by slot, 0…1

    @property
    def confidence(self) -> float:
        """Of the whole, 0…1: how much of trunk and limbs was found, and how surely."""
        body = list(main_slots(fingers=False))
        return sum(self.confidences.get(slot, 0.0) for slot in body) / len(body)


def automatic_map(rig: RigDescription, presets: Iterable[Preset], purpose: str = TARGET) -> RigMap:
    """The map of a rig as target or as source; MapError where nothing is like a human."""
    match = best_match(rig, presets, lambda bone: _worth(rig, bone, purpose))
    by_structure = guess(rig)
    if match is None or match.score < KNOWN:
        found = _guessed(by_structure)
    else:
        found = _completed(match, by_structure)
    if not found.preset.bones:
        raise MapError(
            "No human was recognised in this rig.", "Choose the bones in the list by hand."
        )
    preset = with_ik_targets(rig, found.preset)
    return replace(found, preset=replace(preset, bones=_with_hips(preset.bones)))


def chosen_map(rig: RigDescription, presets: Iterable[Preset]) -> RigMap:
    """The map of a rig by presets that somebody has chosen, however little of it they name."""
    match = best_match(rig, presets, lambda _: 1.0)
    if match is None or not match.preset.bones:
        raise MapError("The rig has none of the bones of this map.", "Choose another map.")
    return RigMap(match.preset, dict.fromkeys(match.preset.bones, 1.0))


def _with_hips(bones: BoneMap) -> BoneMap:
    """Where one bone is both, the centre is the hips."""
    if "hips" in bones or "center" not in bones:
        return bones
    return {("hips" if slot == "center" else slot): chain for slot, chain in bones.items()}


def _worth(rig: RigDescription, bone: int, purpose: str) -> float:
    if purpose == TARGET:
        return DRIVEN_WORTH if rig.driven[bone] else 1.0
    return 1.0 if rig.deform[bone] else CONTROL_WORTH


def _guessed(structure: Guess) -> RigMap:
    sure = {slot: c for slot, c in structure.confidences.items() if c > BELIEVED}
    bones = {slot: structure.bones[slot] for slot in sure}
    return RigMap(Preset("By structure", bones), sure)


def _completed(match: Match, structure: Guess) -> RigMap:
    """What names tell, and what structure tells where it agrees with all of the same limb that is
    named.
    """
    bones = dict(match.preset.bones)
    confidences = dict.fromkeys(bones, 1.0)
    used = {name for chain in bones.values() for name in chain}
    for slot in main_slots():
        chain = structure.bones.get(slot, ())
        if slot in bones or not chain or used & set(chain):
            continue
        if structure.confidences[slot] > BELIEVED and _agrees(match.preset, structure, side(slot)):
            bones[slot], confidences[slot] = chain, structure.confidences[slot]
    return RigMap(replace(match.preset, bones=bones), confidences)


def _agrees(named: Preset, structure: Guess, at: str) -> bool:
    """Whether names and structure say the same of most that both of them tell of one side."""
    common = [
        slot
        for slot in main_slots(fingers=False)
        if side(slot) == at and slot in named.bones and slot in structure.bones
    ]
    same = [slot for slot in common if set(named.bones[slot]) & set(structure.bones[slot])]
    return len(same) * 2 > len(common)


def with_ik_targets(rig: RigDescription, preset: Preset) -> Preset:
    """A preset with the targets and poles of the IK constraints that limbs of the rig have."""
    owners = {name: slot for slot, chain in preset.bones.items() for name in chain}
    bones = dict(preset.bones)
    for constraint in rig.ik:
        slot = owners.get(constraint.bone, "")
        handle, pole = HANDLES.get(slot.removesuffix(side(slot)), ("", ""))
        if not handle or handle + side(slot) in bones:
            continue
        for name, bone in ((handle, constraint.target), (pole, constraint.pole)):
            if bone and bone not in owners and side(slot) in SIDES:
                bones[name + side(slot)] = (bone,)
    return replace(preset, bones=bones)
