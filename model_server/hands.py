# SPDX-License-Identifier: GPL-3.0-or-later
"""A body's landmarks to its hands: cut where the body has one, keep what ends at that wrist."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, Literal

import numpy as np

from model_server.arrays import FloatArray, ImageArray
from model_server.bundles import bundle_bytes
from model_server.crops import Box, Crop, apply_affine, cut, image_from_crop, square_crop
from model_server.landmark_names import HAND_LANDMARKS, POSE_LANDMARKS, indices
from model_server.landmarks import HandLandmarks, PersonLandmarks, PoseLandmarks, mediapipe_image

Side = Literal["left", "right"]

CROP_SIZE: Final = 256
CROP_SIDE_M: Final = 0.40
_CROP_PER_PALM: Final = 4.4  # the same relative to wrist-to-knuckles, for hands near the camera
WRIST_TOLERANCE: Final = 0.22  # of the crop's side
_MIN_SIDE_PX: Final = 24.0
_READABLE_PX: Final = 150.0  # a hand in a crop this long is rarely missed
_VISIBLE: Final = 0.3
_CONFIDENCE: Final = 0.4
_TRUST_IN_HAND: Final = 0.67  # annotated wrists are half as far from the hand's as from the body's
_SHARED: Final = {  # a hand's landmark by the name that the body's detector has for it
    "wrist": "wrist",
    "index": "index_mcp",
    "pinky": "pinky_mcp",
    "thumb": "thumb_mcp",
}


class HandDetector:
    """Finds the hand at a body's wrist. Not for use by two threads at once."""

    def __init__(self) -> None:
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.HandLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=bundle_bytes("hand")),
            num_hands=2,
            min_hand_detection_confidence=_CONFIDENCE,
            min_hand_presence_confidence=_CONFIDENCE,
        )
        self._landmarker = vision.HandLandmarker.create_from_options(options)

    def detect(self, image: ImageArray, body: PoseLandmarks, side: Side) -> HandLandmarks | None:
        """The `side` hand of `body` in `image` (H, W, 3), if it can be seen and belongs there."""
        crop = hand_crop(body, side)
        if crop is None:
            return None
        hands = self.hands_in(image, crop, side)
        return nearest_hand(hands, wrist_px(body, side), crop.side * WRIST_TOLERANCE)

    def hands_in(self, image: ImageArray, crop: Crop, side: Side) -> list[HandLandmarks]:
        """All `side` hands in a part of `image` (H, W, 3).

        A hand of the other name is the other hand, or the body has its sides confused.
        """
        result = self._landmarker.detect(mediapipe_image(cut(image, crop)))
        found = zip(
            result.hand_landmarks, result.hand_world_landmarks, result.handedness, strict=True
        )
        return [_hand(crop, *parts) for parts in found if _side_of(parts[2]) == side]

    def close(self) -> None:
        self._landmarker.close()


def hand_crop(body: PoseLandmarks, side: Side) -> Crop | None:
    """The square around a hand; nothing where the wrist is hidden or the hand too small to read."""
    wrist, index, pinky = indices(
        POSE_LANDMARKS, [f"{side}_{n}" for n in ("wrist", "index", "pinky")]
    )
    if body.visibility[wrist] < _VISIBLE:
        return None
    knuckles = (body.landmarks_px[index] + body.landmarks_px[pinky]) / 2
    palm = float(np.linalg.norm(knuckles - body.landmarks_px[wrist]))
    length = max(CROP_SIDE_M * pixels_per_metre(body), _CROP_PER_PALM * palm)
    if length < _MIN_SIDE_PX:
        return None
    x, y = (float(value) for value in knuckles)
    return square_crop(Box(x - length / 2, y - length / 2, length, length), CROP_SIZE)


def pixels_per_metre(body: PoseLandmarks) -> float:
    """How large a metre at the body appears: its spread in the picture over that in the world."""
    spread_px = body.landmarks_px.std(axis=0).sum()
    spread_m = body.world_m[:, :2].std(axis=0).sum()
    return float(spread_px / max(spread_m, 1e-3))


def wrist_px(body: PoseLandmarks, side: Side) -> FloatArray:
    """(2,) where the body's landmarks put the wrist."""
    return body.landmarks_px[POSE_LANDMARKS.index(f"{side}_wrist")]


def with_refined_wrists(person: PersonLandmarks) -> PersonLandmarks:
    """All looks at a person with the wrists of the hands that were seen; keypoints that somebody
    brought stay where they are.
    """
    if person.keypoints is not None:
        return person
    looks = person.hypotheses
    hands: dict[Side, HandLandmarks | None] = {"left": person.left_hand, "right": person.right_hand}
    for side, hand in hands.items():
        if hand is not None:
            looks = tuple(refined_by_hand(look, hand, side) for look in looks)
    return replace(person, hypotheses=looks)


def refined_by_hand(body: PoseLandmarks, hand: HandLandmarks, side: Side) -> PoseLandmarks:
    """`body` with wrist and knuckles moved towards the hand's, which are seen from nearer.

    A look that has this wrist elsewhere is of another opinion and stays as it is.
    """
    places = list(indices(POSE_LANDMARKS, [f"{side}_{name}" for name in _SHARED]))
    of_hand = hand.landmarks_px[list(indices(HAND_LANDMARKS, list(_SHARED.values())))]
    gap = float(np.linalg.norm(body.landmarks_px[places[0]] - of_hand[0]))
    if gap > CROP_SIDE_M * pixels_per_metre(body) * WRIST_TOLERANCE:
        return body
    landmarks_px = body.landmarks_px.copy()
    landmarks_px[places] += np.float32(_TRUST_IN_HAND) * (of_hand - landmarks_px[places])
    return replace(body, landmarks_px=landmarks_px)


def with_confirmed_hands(person: PersonLandmarks, shape: tuple[int, int]) -> PersonLandmarks:
    """The person by only those looks that claim the fewest hands which are not there.

    Portraits make the detector of bodies see hands on chests; the detector of hands does not. Where
    all looks see one whose elbow is out of the picture, it counts as hidden.
    """
    phantoms = [_phantom_hands(person, look, shape) for look in person.hypotheses]
    fewest = min(len(sides) for sides in phantoms)
    kept = [i for i, sides in enumerate(phantoms) if len(sides) == fewest]
    looks = tuple(_without_hands(person.hypotheses[i], phantoms[i], shape) for i in kept)
    return replace(person, hypotheses=looks, support=person.support[kept])


def _phantom_hands(
    person: PersonLandmarks, look: PoseLandmarks, shape: tuple[int, int]
) -> list[Side]:
    """Whose hands a look puts into a picture (H, W) large, where none could be found."""
    hands: dict[Side, HandLandmarks | None] = {"left": person.left_hand, "right": person.right_hand}
    return [side for side, hand in hands.items() if hand is None and _claims(look, side, shape)]


def _claims(look: PoseLandmarks, side: Side, shape: tuple[int, int]) -> bool:
    crop = hand_crop(look, side)
    return crop is not None and crop.side > _READABLE_PX and _inside(wrist_px(look, side), shape)


def _without_hands(
    look: PoseLandmarks, sides: Sequence[Side], shape: tuple[int, int]
) -> PoseLandmarks:
    """`look` with those hands hidden that come into the picture without an elbow."""
    elbows = {side: POSE_LANDMARKS.index(f"{side}_elbow") for side in sides}
    lonely = [s for s, elbow in elbows.items() if not _inside(look.landmarks_px[elbow], shape)]
    if not lonely:
        return look
    visibility = look.visibility.copy()
    hands = [f"{side}_{name}" for side in lonely for name in _SHARED]
    visibility[list(indices(POSE_LANDMARKS, hands))] = 0
    return replace(look, visibility=visibility)


def _inside(place: FloatArray, shape: tuple[int, int]) -> bool:
    x, y = place
    return bool(0 <= x < shape[1] and 0 <= y < shape[0])


def nearest_hand(
    hands: list[HandLandmarks], wrist: FloatArray, tolerance_px: float
) -> HandLandmarks | None:
    """The hand whose wrist is nearest to the body's `wrist` (2,), if it is near enough."""
    gaps = [float(np.linalg.norm(hand.landmarks_px[0] - wrist)) for hand in hands]
    if not gaps or min(gaps) > tolerance_px:
        return None
    return hands[int(np.argmin(gaps))]


def _side_of(handedness: Any) -> str:
    return str(handedness[0].category_name).lower()


def _hand(crop: Crop, points: Any, world: Any, handedness: Any) -> HandLandmarks:
    in_crop = np.array([(p.x, p.y) for p in points], np.float32) * np.float32(crop.size)
    return HandLandmarks(
        landmarks_px=apply_affine(image_from_crop(crop), in_crop),
        world_m=np.array([(p.x, p.y, p.z) for p in world], np.float32),
        confidence=float(handedness[0].score),
    )
