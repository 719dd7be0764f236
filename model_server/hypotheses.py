# SPDX-License-Identifier: GPL-3.0-or-later
"""Several looks at one person, and a vote on which of them to believe.

The detector is trained on upright people and is often wrong in silence on others: sure of itself,
but with arms for legs. Shown the same person turned and mirrored it errs differently each time,
while right answers coincide. So the vote is by agreement between looks, weighted by visibility;
choosing by visibility alone is measurably worse (benchmarks/photos.py).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from model_server.arrays import FloatArray
from model_server.crops import (
    Box,
    Crop,
    apply_affine,
    box_around,
    camera_turn,
    image_from_crop,
    overlap,
)
from model_server.landmark_names import POSE_LANDMARKS, POSE_MIRROR, indices
from model_server.landmarks import PersonLandmarks, PoseLandmarks

_TOLERANCE: Final = 0.04  # of the person's size: landmarks this far apart agree by exp(-1/2)
_VISIBLE: Final = 0.3
_SAME_PERSON: Final = 0.35
_SAME_BOX: Final = 0.75
_SAME_LOOK: Final = 0.9
PEER: Final = 0.4  # two looks that agree by more are of one opinion
_TORSO: Final = indices(
    POSE_LANDMARKS, ["left_shoulder", "right_shoulder", "left_hip", "right_hip"]
)


def in_picture(found: PoseLandmarks, crop: Crop) -> PoseLandmarks:
    """Landmarks of a crop as those of the picture: turned back, sides unswapped."""
    placed = replace(
        found,
        landmarks_px=apply_affine(image_from_crop(crop), found.landmarks_px),
        depth=found.depth * np.float32(crop.scale),
        world_m=found.world_m @ camera_turn(crop).T,
        mask=found.mask and replace(found.mask, crop=crop),
    )
    return sides_swapped(placed) if crop.mirrored else placed


def sides_swapped(found: PoseLandmarks) -> PoseLandmarks:
    """Every landmark by the name of the one on the other side of the body."""
    order = list(POSE_MIRROR)
    return PoseLandmarks(
        landmarks_px=found.landmarks_px[order],
        depth=found.depth[order],
        visibility=found.visibility[order],
        presence=found.presence[order],
        world_m=found.world_m[order],
        mask=found.mask,
    )


def person_box(found: PoseLandmarks) -> Box:
    """The box around the visible landmarks, or around all where hardly any is visible."""
    seen = found.visibility > _VISIBLE
    return box_around(found.landmarks_px[seen] if seen.sum() > 5 else found.landmarks_px)


def up_px(found: PoseLandmarks) -> FloatArray:
    """(2,) from the middle of the hips to the middle of the shoulders."""
    left_shoulder, right_shoulder, left_hip, right_hip = found.landmarks_px[list(_TORSO)]
    return (left_shoulder + right_shoulder - left_hip - right_hip) / 2


def person_size(found: PoseLandmarks) -> float:
    """Geometric mean of the sides of the box around all landmarks, in pixels."""
    return max(float(np.sqrt(box_around(found.landmarks_px).area)), 1.0)


def landmark_agreement(a: PoseLandmarks, b: PoseLandmarks, size: float) -> FloatArray:
    """(P,) 1 where both looks put a landmark in one place, less with the distance over `size`."""
    apart = np.linalg.norm(a.landmarks_px - b.landmarks_px, axis=1) / (size * _TOLERANCE)
    return np.exp(-0.5 * apart**2).astype(np.float32)


def agreement(a: PoseLandmarks, b: PoseLandmarks) -> float:
    """0…1: how far two looks agree on what both see."""
    weights = a.visibility * b.visibility + 1e-3
    size = (person_size(a) + person_size(b)) / 2
    return float(np.average(landmark_agreement(a, b, size), weights=weights))


def same_person(a: PoseLandmarks, b: PoseLandmarks) -> bool:
    """Whether two finds are of one person, even when one has the sides confused."""
    alike = max(agreement(a, b), agreement(a, sides_swapped(b)))
    return alike > _SAME_PERSON or overlap(person_box(a), person_box(b)) > _SAME_BOX


def vote(looks: Sequence[PoseLandmarks]) -> PersonLandmarks:
    """Order looks by how much, and how visibly, all of them agree with each."""
    size = float(np.median([person_size(look) for look in looks]))
    seen = np.stack([look.visibility for look in looks])  # (N, P)
    together = np.stack(
        [[landmark_agreement(a, b, size) for b in looks] for a in looks]
    )  # (N, N, P)
    scores = np.einsum("ip,jp,ijp->i", seen, seen, together)
    order = np.argsort(-scores, kind="stable")
    return PersonLandmarks(tuple(looks[i] for i in order), together[order].mean(axis=1))


def peers(
    best: PoseLandmarks, looks: Sequence[PoseLandmarks], least: float = PEER
) -> list[PoseLandmarks]:
    """Those of `looks`, itself included, that agree with `best` by more than `least`."""
    return [look for look in looks if agreement(best, look) > least]


def consensus(best: PoseLandmarks, looks: Sequence[PoseLandmarks]) -> PoseLandmarks:
    """The mean of all looks of the opinion of `best`, each landmark by who sees it and agrees: what
    errs differently in every look averages out.
    """
    alike, size = peers(best, looks), 2 * person_size(best)
    weights = np.stack(
        [
            # What nobody sees stays where the best look guesses it.
            look.visibility * landmark_agreement(best, look, size) + 1e-3 * (look is best)
            for look in alike
        ]
    )

    def mean(name: str) -> FloatArray:
        values = np.stack([getattr(look, name) for look in alike])
        weight = weights if values.ndim == 2 else weights[..., None]
        return ((weight * values).sum(axis=0) / weight.sum(axis=0)).astype(np.float32)

    return replace(
        best,
        landmarks_px=mean("landmarks_px"),
        depth=mean("depth"),
        visibility=mean("visibility"),
        presence=mean("presence"),
        world_m=mean("world_m"),
        mask=None,
    )


def distinct(person: PersonLandmarks, limit: int) -> PersonLandmarks:
    """The person with the first `limit` hypotheses that tell something their betters do not."""
    looks = person.hypotheses
    kept: list[int] = []
    for i, look in enumerate(looks):
        if all(agreement(look, looks[better]) < _SAME_LOOK for better in kept):
            kept.append(i)
    kept = kept[:limit]
    return replace(person, hypotheses=tuple(looks[i] for i in kept), support=person.support[kept])
