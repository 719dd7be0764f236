# SPDX-License-Identifier: GPL-3.0-or-later
"""Keypoints that somebody brings, of another detector or from a file, and people seen by them.

They are flat. Their depth is what our own detector saw of the same person; where it saw nobody, a
first body tells it (`lifting.py`), and people come out nearly as well (benchmarks/own_detector.py).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model_server.arrays import FloatArray
from model_server.hypotheses import agreement, same_person
from model_server.landmark_names import HIPS, POSE_LANDMARKS, WHOLE_BODY, indices, mirrored_name
from model_server.landmarks import PersonLandmarks, PoseLandmarks, WholeBody

_SIDES: Final = ("left", "right")
KNOWN: Final = 0.3  # the least score of keypoints that are believed
LEAST_KNOWN: Final = 6  # landmarks that make a person
_STATURE_M: Final = 1.7

# Which keypoint each of our landmarks is. The few centimetres that some differ by on the body make
# no difference to poses (benchmarks/own_detector.py).
_OF_SIDE: Final = {
    **{name: name for name in ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")},
    "heel": "heel",
    "foot_index": "big_toe",
    "pinky": "hand:pinky_mcp",
    "index": "hand:index_mcp",
    "thumb": "hand:thumb_mcp",
}
KEYPOINT_OF: Final = {
    "nose": "nose",
    **{f"{side}_{name}": f"{side}_{of}" for side in _SIDES for name, of in _OF_SIDE.items()},
    "left_eye_inner": "face_42",
    "left_eye_outer": "face_45",
    "mouth_left": "face_54",
    "right_eye_inner": "face_39",
    "right_eye_outer": "face_36",
    "mouth_right": "face_48",
}
_PLACES: Final = list(indices(WHOLE_BODY, [KEYPOINT_OF[name] for name in POSE_LANDMARKS]))

# The left half of somebody who stands and faces the camera, x and y in heights, for landmarks that
# nobody knows.
_STANDING_LEFT: Final[dict[str, tuple[float, float]]] = {
    "left_eye_inner": (0.01, 0.06),
    "left_eye": (0.018, 0.06),
    "left_eye_outer": (0.027, 0.06),
    "left_ear": (0.045, 0.07),
    "mouth_left": (0.015, 0.1),
    "left_shoulder": (0.105, 0.18),
    "left_elbow": (0.14, 0.36),
    "left_wrist": (0.15, 0.5),
    "left_pinky": (0.155, 0.55),
    "left_index": (0.145, 0.55),
    "left_thumb": (0.14, 0.53),
    "left_hip": (0.06, 0.5),
    "left_knee": (0.06, 0.74),
    "left_ankle": (0.06, 0.95),
    "left_heel": (0.06, 0.98),
    "left_foot_index": (0.07, 1.0),
}
_STANDING_RIGHT: Final = {mirrored_name(name): (-x, y) for name, (x, y) in _STANDING_LEFT.items()}
_STANDING_BODY: Final = {"nose": (0.0, 0.08), **_STANDING_LEFT, **_STANDING_RIGHT}
STANDING: Final = np.array([_STANDING_BODY[name] for name in POSE_LANDMARKS])
_ENDS: Final = {
    POSE_LANDMARKS.index(f"{side}_{joint}"): indices(POSE_LANDMARKS, [f"{side}_{n}" for n in ends])
    for joint, ends in (("wrist", ("pinky", "index", "thumb")), ("ankle", ("heel", "foot_index")))
    for side in _SIDES
}


def landmarks_of(keypoints: WholeBody) -> tuple[FloatArray, FloatArray]:
    """Our landmarks (33, 2) and how sure they are (33,) 0…1, 0 for those that are not known."""
    score = keypoints.score[_PLACES]
    return keypoints.px[_PLACES], np.where(score >= KNOWN, score, 0).astype(np.float32)


def makes_a_person(keypoints: WholeBody) -> bool:
    """Whether enough is known to pose somebody from it."""
    return bool((landmarks_of(keypoints)[1] > 0).sum() >= LEAST_KNOWN)


def flat_look(keypoints: WholeBody) -> PoseLandmarks:
    """What keypoints show, all in one plane; what they lack is where somebody who stands has it."""
    px, score = landmarks_of(keypoints)
    px = np.where(score[:, None] > 0, px, _standing(px, score > 0)).astype(np.float32)
    return PoseLandmarks(
        landmarks_px=px,
        depth=np.zeros(len(px), np.float32),
        visibility=score,
        presence=score,
        world_m=_in_metres(px - px[HIPS].mean(0)),
    )


def _in_metres(from_hips: FloatArray) -> FloatArray:
    """(33, 3) of pixels (33, 2): of whom nobody knows the size is as large as who stands."""
    height = _spread(from_hips) / _spread(STANDING - STANDING[HIPS].mean(0))
    scale = _STATURE_M / max(height, 1e-3)
    return np.pad(scale * from_hips, ((0, 0), (0, 1))).astype(np.float32)


def _spread(points: FloatArray) -> float:
    """Root mean square distance of points (P, 2) from 0."""
    return float(np.sqrt(np.square(points).sum(1).mean()))


def _standing(px: FloatArray, known: NDArray[np.bool_]) -> FloatArray:
    """(33, 2) somebody who stands, moved, turned and scaled onto those of (33, 2) that are known
    (33,); hands and feet go along with wrists and ankles.
    """
    if known.sum() < 2:
        return px
    # A similarity of the plane is one complex factor and one shift.
    figure, seen = (pair @ np.array([1, 1j]) for pair in (STANDING, px))
    columns = np.stack([figure, np.ones_like(figure)], 1)
    solution, *_ = np.linalg.lstsq(columns[known], seen[known], rcond=None)
    placed = columns @ solution
    standing = np.stack([placed.real, placed.imag], 1).astype(np.float32)
    moves = np.where(known[:, None], px - standing, 0)
    for joint, ends in _ENDS.items():
        standing[list(ends)] += moves[joint]
    return standing


def brought(keypoints: WholeBody, person: PersonLandmarks | None = None) -> PersonLandmarks:
    """Somebody seen by keypoints; what these lack, and what is hidden, is told by the look at
    `person` that agrees with them best, where our own detector found somebody there.
    """
    look = flat_look(keypoints)
    if person is None:
        return PersonLandmarks((look,), look.visibility[None], keypoints=keypoints)
    own = max(person.hypotheses, key=lambda own: agreement(own, look))
    known = look.visibility > 0
    px = np.where(known[:, None], look.landmarks_px, own.landmarks_px)
    support = np.where(known, look.visibility, person.support[0])
    look = replace(own, landmarks_px=px)
    return replace(person, hypotheses=(look,), support=support[None], keypoints=keypoints)


def whose(keypoints: WholeBody, people: Sequence[PersonLandmarks]) -> PersonLandmarks | None:
    """Who of several people keypoints are of, if of any."""
    look = flat_look(keypoints)
    able = [person for person in people if same_person(person.pose, look)]
    return max(able, key=lambda person: agreement(person.pose, look), default=None)


def affirmed(person: PersonLandmarks) -> PersonLandmarks:
    """Somebody whose picture was read, with the keypoints that were brought in place of what the
    reader sees of the same landmarks.
    """
    if person.keypoints is None:
        return person
    reading = person.reading
    if reading is not None:
        px, score = landmarks_of(person.keypoints)
        reading = replace(reading, heat_px=np.where(score[:, None] > 0, px, reading.heat_px))
    return replace(person, reading=reading, keypoints=None)
