# SPDX-License-Identifier: GPL-3.0-or-later
"""The points of a face to some of the 52 ARKit actions, by rules: a baseline.

Every action is a length on the face over the distance between the outer corners of the eyes, or
an angle of the eyes, mapped from a range that faces at rest do not leave to 0…1. So a resting face
stays at rest whoever it belongs to; slight expressions are lost, clear ones are kept.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model_server.bones import Array
from model_server.landmarks import FaceLandmarks

_MIN_EYES_PX: Final = 24.0  # between the outer corners; smaller faces are guessed, not seen
_MAX_YAW: Final = 0.6  # sine of the turn away from the camera
_LEAST: Final = 0.05

# Indices of mediapipe's face mesh; left is the person's left.
_FOREHEAD, _CHIN = 10, 152
_LIPS_INSIDE: Final = (13, 14)
_MOUTH_CORNER: Final = {"Left": 291, "Right": 61}
_EYE_CORNERS: Final = {"Left": (263, 362), "Right": (33, 133)}  # outer, inner
_LIDS: Final = {
    "Left": ((386, 374), (385, 380), (387, 373)),
    "Right": ((159, 145), (158, 153), (160, 144)),
}
_IRIS: Final = {"Left": 473, "Right": 468}
_BROW_INNER: Final = {"Left": (336, 285), "Right": (107, 55)}
_BROW_OUTER: Final = {"Left": (300, 276), "Right": (70, 46)}
SIDES: Final = ("Left", "Right")

# Where an action begins and where it is complete.
_JAW: Final = (0.03, 0.43)
_BLINK: Final = (0.20, 0.08)
_WIDE: Final = (0.42, 0.54)
_SMILE_WIDTH: Final = (0.60, 0.72)
_SMILE_LIFT: Final = 0.15  # of a corner above the lips, that counts as much as the whole width
_FROWN: Final = (-0.06, -0.14)
_PUCKER: Final = (0.43, 0.31)
_BROW_UP: Final = (0.25, 0.33)
_BROW_DOWN: Final = (0.14, 0.08)
_OUTER_UP: Final = (0.19, 0.27)
_LOOK_ASIDE: Final = (0.06, 0.24)
_LOOK_UP: Final = (0.10, 0.22)
_LOOK_DOWN: Final = (-0.03, -0.15)


@dataclass(frozen=True)
class _Face:
    """Points in units of the distance between the outer corners of the eyes, in the head's axes."""

    points: Array  # (478, 3) towards the person's left, up, forward

    def middle(self, indices: tuple[int, ...]) -> Array:
        return self.points[list(indices)].mean(axis=0)

    def apart(self, a: int, b: int) -> float:
        return float(np.linalg.norm(self.points[a] - self.points[b]))


def facial_actions(face: FaceLandmarks) -> dict[str, float]:
    """Actions that are clearly seen; none where the face is small or turned away."""
    points = np.column_stack([face.landmarks_px, face.depth]).astype(np.float64)
    axes, eyes_px = _head_axes(points)
    if eyes_px < _MIN_EYES_PX or abs(axes[0, 2]) > _MAX_YAW:
        return {}
    head = _Face((points - points[_FOREHEAD]) @ axes.T / eyes_px)
    actions = _mouth(head) | _brows(head) | _lids(head) | _gaze(head)
    return {name: round(value, 3) for name, value in actions.items() if value > _LEAST}


def _head_axes(points: Array) -> tuple[NDArray[np.float64], float]:
    """Rows (3, 3) towards the person's left, up and forward, and the distance of the eyes in px."""
    across = points[_EYE_CORNERS["Left"][0]] - points[_EYE_CORNERS["Right"][0]]
    eyes_px = max(float(np.linalg.norm(across)), 1e-6)
    left = across / eyes_px
    up = points[_FOREHEAD] - points[_CHIN]
    up = up - left * (left @ up)
    up = up / max(float(np.linalg.norm(up)), 1e-6)
    return np.stack([left, up, np.cross(left, up)]), eyes_px


def ramp(value: float, limits: tuple[float, float]) -> float:
    """0 at the first limit, 1 at the second, either of which may be the larger, and beyond."""
    start, end = limits
    return min(max((value - start) / (end - start), 0.0), 1.0)


def _mouth(head: _Face) -> dict[str, float]:
    width = head.apart(*_MOUTH_CORNER.values())
    actions = {
        "jawOpen": ramp(head.apart(*_LIPS_INSIDE), _JAW),
        "mouthPucker": ramp(width, _PUCKER),
    }
    lips = head.middle(_LIPS_INSIDE)
    start, end = _SMILE_WIDTH
    for side in SIDES:
        aside, lift, _ = (float(value) for value in head.points[_MOUTH_CORNER[side]] - lips)
        smile = (2 * abs(aside) - start) / (end - start) + lift / _SMILE_LIFT
        actions[f"mouthSmile{side}"] = min(max(smile, 0.0), 1.0)
        actions[f"mouthFrown{side}"] = ramp(lift, _FROWN) * (1 - actions["jawOpen"])
    return actions


def _brows(head: _Face) -> dict[str, float]:
    actions: dict[str, float] = {}
    inner: list[float] = []
    for side in SIDES:
        eye = head.middle(_EYE_CORNERS[side])[1]
        inner.append(float(head.middle(_BROW_INNER[side])[1] - eye))
        actions[f"browDown{side}"] = ramp(inner[-1], _BROW_DOWN)
        outer = float(head.middle(_BROW_OUTER[side])[1] - eye)
        actions[f"browOuterUp{side}"] = ramp(outer, _OUTER_UP)
    return actions | {"browInnerUp": ramp(sum(inner) / 2, _BROW_UP)}


def _lids(head: _Face) -> dict[str, float]:
    actions: dict[str, float] = {}
    for side in SIDES:
        gaps = [head.apart(*pair) for pair in _LIDS[side]]
        openness = sum(gaps) / 3 / max(head.apart(*_EYE_CORNERS[side]), 1e-6)
        actions[f"eyeBlink{side}"] = ramp(openness, _BLINK)
        actions[f"eyeWide{side}"] = ramp(openness, _WIDE)
    return actions


def _gaze(head: _Face) -> dict[str, float]:
    """Both eyes look the same way: where their irises stand on average between the corners."""
    offsets = [
        (head.points[_IRIS[side]] - head.middle(_EYE_CORNERS[side]))
        / max(head.apart(*_EYE_CORNERS[side]), 1e-6)
        for side in SIDES
    ]
    aside, up, _ = (float(value) for value in np.mean(offsets, axis=0))
    to_left, to_right = ramp(aside, _LOOK_ASIDE), ramp(-aside, _LOOK_ASIDE)
    actions = {
        "eyeLookOutLeft": to_left,
        "eyeLookInRight": to_left,
        "eyeLookInLeft": to_right,
        "eyeLookOutRight": to_right,
    }
    for side in SIDES:
        actions[f"eyeLookUp{side}"] = ramp(up, _LOOK_UP)
        actions[f"eyeLookDown{side}"] = ramp(up, _LOOK_DOWN)
    return actions
