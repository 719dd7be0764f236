# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist knows better than the detector, as evidence: landmarks that were put where they
belong, landmarks that are not to be believed, and other interpretations of the same points.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from model_server.arrays import FloatArray
from model_server.errors import BadRequestError
from model_server.hands import pixels_per_metre
from model_server.hypotheses import sides_swapped
from model_server.landmark_names import POSE_LANDMARKS, POSE_MIRROR, indices
from model_server.landmarks import HandLandmarks, PersonLandmarks, PoseLandmarks
from model_server.session import CERTAIN

_HAND_REACH: Final = 0.5  # of a hand's extent: pinned farther away, the wrist is that of another
_FOLLOWERS: Final = {"wrist": ("pinky", "index", "thumb"), "ankle": ("heel", "foot_index")}
_TOWARDS: Final = np.array([1, 1, -1], np.float32)  # times a point: mirrored in the picture's plane


@dataclass(frozen=True)
class Correction:
    """All that is known better of one person, whatever was sent before."""

    pins: Mapping[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    dropped: frozenset[str] = frozenset()
    hypothesis: int = 0  # below `hypotheses_of`
    body: bool = False  # whether the shape may change, too

    @property
    def touched(self) -> frozenset[str]:
        """Landmarks that are no longer those of the detector."""
        return self.dropped.union(self.pins)


def hypotheses_of(person: PersonLandmarks) -> int:
    """How many interpretations there are: the looks that differ, and the best one's mirror image
    in depth.
    """
    return len(person.hypotheses) + 1


def interpreted(person: PersonLandmarks, hypothesis: int) -> PersonLandmarks:
    """The person with one hypothesis only."""
    if hypothesis == len(person.hypotheses):
        return turned_round(person)
    if hypothesis > len(person.hypotheses):
        raise BadRequestError(
            f"There is no hypothesis {hypothesis} of this person.",
            f"Choose one of 0 to {hypotheses_of(person) - 1}.",
        )
    return _alone(person.with_best(hypothesis))


def turned_round(person: PersonLandmarks) -> PersonLandmarks:
    """Somebody seen from the front as the same points seen from the back, or the other way round.

    Mirroring a body in the picture's plane moves no point in the picture. What it makes is a body
    again once left and right are swapped, too. Face and picture would tell of the side that is
    seen, so they are left out.
    """
    look = sides_swapped(person.pose)
    away = replace(look, depth=-look.depth, world_m=look.world_m * _TOWARDS)
    return PersonLandmarks(
        hypotheses=(away,),
        support=person.support[:1, list(POSE_MIRROR)],
        left_hand=_mirrored(person.right_hand),
        right_hand=_mirrored(person.left_hand),
        contour=person.contour,
    )


def _mirrored(hand: HandLandmarks | None) -> HandLandmarks | None:
    return hand and replace(hand, world_m=hand.world_m * _TOWARDS, reading=None)


def corrected(person: PersonLandmarks, correction: Correction) -> PersonLandmarks:
    """The person with one look, which the correction has changed."""
    unknown = correction.touched.difference(POSE_LANDMARKS)
    if unknown:
        raise BadRequestError(
            f"“{min(unknown)}” is no landmark.", f"Landmarks are {', '.join(POSE_LANDMARKS)}."
        )
    person = interpreted(person, correction.hypothesis)
    pinned = list(indices(POSE_LANDMARKS, list(correction.pins)))
    dropped = list(indices(POSE_LANDMARKS, list(correction.dropped)))
    moves_px = _moves(person.pose, correction.pins)
    look = _moved(person.pose, moves_px)
    look = replace(look, visibility=_set(_set(look.visibility, pinned, CERTAIN), dropped, 0))
    support = _set(person.support[0], pinned, 1)[None]
    person = _with_matching_hands(replace(person, hypotheses=(look,), support=support), correction)
    if person.reading is None:
        return person
    heat_px = _set(person.reading.heat_px + moves_px, pinned, look.landmarks_px[pinned])
    trust = _set(_set(person.reading.heat_trust, pinned, 1), dropped, 0)
    return replace(person, reading=replace(person.reading, heat_px=heat_px, heat_trust=trust))


def _moves(look: PoseLandmarks, pins: Mapping[str, tuple[float, float]]) -> FloatArray:
    """How far (33, 2) landmarks are moved in the picture. Hands and feet go with pinned wrists and
    ankles, as far as they are not pinned themselves.
    """
    moves = np.zeros_like(look.landmarks_px)
    for name, px in pins.items():
        index = POSE_LANDMARKS.index(name)
        side, _, joint = name.partition("_")
        followers = [f"{side}_{end}" for end in _FOLLOWERS.get(joint, ())]
        free = [follower for follower in followers if follower not in pins]
        moves[[index, *indices(POSE_LANDMARKS, free)]] = px - look.landmarks_px[index]
    return moves


def _moved(look: PoseLandmarks, moves_px: FloatArray) -> PoseLandmarks:
    """The look with landmarks moved by (33, 2); in space they move along with the picture."""
    world_m = look.world_m.copy()
    world_m[:, :2] += moves_px / np.float32(pixels_per_metre(look))
    return replace(look, landmarks_px=look.landmarks_px + moves_px, world_m=world_m)


def _with_matching_hands(person: PersonLandmarks, correction: Correction) -> PersonLandmarks:
    """Without hands at wrists that have turned out to be elsewhere."""

    def matching(hand: HandLandmarks | None, wrist: str) -> HandLandmarks | None:
        if hand is None or wrist in correction.dropped:
            return None
        reach = _HAND_REACH * float(np.ptp(hand.landmarks_px, axis=0).max())
        px = np.array(correction.pins.get(wrist, hand.landmarks_px[0]))
        return hand if np.linalg.norm(px - hand.landmarks_px[0]) < reach else None

    return replace(
        person,
        left_hand=matching(person.left_hand, "left_wrist"),
        right_hand=matching(person.right_hand, "right_wrist"),
    )


def _alone(person: PersonLandmarks) -> PersonLandmarks:
    return replace(person, hypotheses=person.hypotheses[:1], support=person.support[:1])


def _set(values: FloatArray, places: list[int], value: FloatArray | float) -> FloatArray:
    changed = values.copy()
    changed[places] = value
    return changed
