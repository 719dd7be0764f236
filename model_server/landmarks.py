# SPDX-License-Identifier: GPL-3.0-or-later
"""Image to landmarks.

Everything after this file depends on these dataclasses alone, so the detector can be replaced.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from model_server.arrays import FloatArray, ImageArray
from model_server.bundles import bundle_bytes
from model_server.landmark_names import POSE_LANDMARKS, WHOLE_BODY
from model_server.silhouettes import Contour, Mask

_DEFAULT_CONFIDENCE: Final = 0.5  # mediapipe's own
_DETAIL_FEATURES: Final = 64  # what the encoders of hands and faces tell of a crop


@dataclass(frozen=True)
class PoseLandmarks:
    """What the detector says of one person, in pixels of its picture. P = 33, `POSE_LANDMARKS`."""

    landmarks_px: FloatArray  # (P, 2)
    depth: FloatArray  # (P,) away from the camera relative to the hips, roughly in pixels
    visibility: FloatArray  # (P,) 0…1, in the picture and not hidden; or `session.CERTAIN`
    presence: FloatArray  # (P,) 0…1, in the picture
    world_m: FloatArray  # (P, 3) metres from the middle of the hips; x right, y down, z forward
    mask: Mask | None = None  # where the person is in the picture that was searched

    @property
    def is_flat(self) -> bool:
        """Whether nothing is known of depth."""
        return not self.depth.any()

    def scaled(self, factor: float) -> "PoseLandmarks":
        """The same in a picture `factor` times as large; the mask stays as it is."""
        return replace(
            self,
            landmarks_px=self.landmarks_px * np.float32(factor),
            depth=self.depth * np.float32(factor),
        )


@dataclass(frozen=True)
class DetailReading:
    """What an encoder read in the crop of a hand or a face, in pixels of the picture."""

    features: FloatArray  # (F,)
    heat_px: FloatArray  # (L, 2) where the encoder sees the landmarks it knows
    heat_trust: FloatArray  # (L,) 0…1

    @classmethod
    def nothing(cls, landmarks_px: FloatArray) -> "DetailReading":
        """Of a picture that no encoder has seen: the first opinion (L, 2), not trusted."""
        features = np.zeros(_DETAIL_FEATURES, np.float32)
        return cls(features, landmarks_px, np.zeros(len(landmarks_px), np.float32))

    def scaled(self, factor: float) -> "DetailReading":
        return replace(self, heat_px=self.heat_px * np.float32(factor))


@dataclass(frozen=True)
class HandLandmarks:
    """One hand, 21 points, `HAND_LANDMARKS`."""

    landmarks_px: FloatArray  # (21, 2)
    world_m: FloatArray  # (21, 3) metres from the hand's middle, axes as in PoseLandmarks
    confidence: float
    reading: DetailReading | None = None

    def scaled(self, factor: float) -> "HandLandmarks":
        return replace(
            self,
            landmarks_px=self.landmarks_px * np.float32(factor),
            reading=self.reading and self.reading.scaled(factor),
        )


@dataclass(frozen=True)
class FaceLandmarks:
    """One face, the 468 points of mediapipe's mesh and ten of the irises."""

    landmarks_px: FloatArray  # (478, 2)
    depth: FloatArray  # (478,) away from the camera relative to the middle of the head, in pixels
    reading: DetailReading | None = None

    def scaled(self, factor: float) -> "FaceLandmarks":
        scale = np.float32(factor)
        reading = self.reading and self.reading.scaled(factor)
        return FaceLandmarks(self.landmarks_px * scale, self.depth * scale, reading)


@dataclass(frozen=True)
class PictureReading:
    """What the image encoder read in the crop of one person, in pixels of the picture."""

    features: FloatArray  # (F,)
    parts: FloatArray  # (15, 16, 16) 0…1, how much of each cell of the crop shows a body part
    crop_px: FloatArray  # (3,) left, top and side of the crop
    heat_px: FloatArray  # (P, 2) where the encoder sees the landmarks
    heat_trust: FloatArray  # (P,) 0…1

    def scaled(self, factor: float) -> "PictureReading":
        scale = np.float32(factor)
        return replace(self, crop_px=self.crop_px * scale, heat_px=self.heat_px * scale)


@dataclass(frozen=True)
class WholeBody:
    """What another detector, or a person, says of somebody, by the names in `WHOLE_BODY`."""

    px: FloatArray  # (133, 2) pixels of the picture
    score: FloatArray  # (133,) 0…1, 0 where nothing is known

    @classmethod
    def of(cls, named: Mapping[str, tuple[float, float, float]]) -> Self:
        """From x, y and score by name; what is not named is not known."""
        px = np.zeros((len(WHOLE_BODY), 2), np.float32)
        score = np.zeros(len(WHOLE_BODY), np.float32)
        for name, (x, y, sure) in named.items():
            place = WHOLE_BODY.index(name)
            px[place], score[place] = (x, y), min(max(sure, 0.0), 1.0)
        return cls(px, score)

    def scaled(self, factor: float) -> "WholeBody":
        """The same in a picture `factor` times as large."""
        return replace(self, px=self.px * np.float32(factor))


@dataclass(frozen=True)
class PersonLandmarks:
    """All that is seen of one person, in pixels of the picture."""

    hypotheses: tuple[PoseLandmarks, ...]  # N of them, best first, at least one
    support: FloatArray  # (N, P) 0…1, how many of all looks at the person agree with each landmark
    left_hand: HandLandmarks | None = None
    right_hand: HandLandmarks | None = None
    face: FaceLandmarks | None = None
    reading: PictureReading | None = None
    mask: Mask | None = None  # of looks that agree, until the picture was read
    contour: Contour | None = None  # around that mask
    keypoints: WholeBody | None = None  # that somebody brought, until all was looked at

    @property
    def pose(self) -> PoseLandmarks:
        return self.hypotheses[0]

    @property
    def confidence(self) -> float:
        """0…1, how many looks agree with the best one where that one sees anything."""
        return float(np.average(self.support[0], weights=self.pose.visibility + 1e-3))

    def with_best(self, best: int) -> "PersonLandmarks":
        """The same person with hypothesis `best` put first."""
        order = [best, *(i for i in range(len(self.hypotheses)) if i != best)]
        hypotheses = tuple(self.hypotheses[i] for i in order)
        return replace(self, hypotheses=hypotheses, support=self.support[order])

    def scaled(self, factor: float) -> "PersonLandmarks":
        return replace(
            self,
            hypotheses=tuple(hypothesis.scaled(factor) for hypothesis in self.hypotheses),
            left_hand=self.left_hand and self.left_hand.scaled(factor),
            right_hand=self.right_hand and self.right_hand.scaled(factor),
            face=self.face and self.face.scaled(factor),
            reading=self.reading and self.reading.scaled(factor),
            mask=None,
            contour=self.contour and self.contour.scaled(factor),
            keypoints=self.keypoints and self.keypoints.scaled(factor),
        )


class PoseDetector:
    """Finds people in one plain pass over a picture. Not for use by two threads at once."""

    def __init__(
        self,
        *,
        num_people: int = 1,
        with_masks: bool = False,
        min_confidence: float = _DEFAULT_CONFIDENCE,
    ) -> None:
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=bundle_bytes("pose")),
            num_poses=num_people,
            output_segmentation_masks=with_masks,
            min_pose_detection_confidence=min_confidence,
            min_pose_presence_confidence=min_confidence,
        )
        self._landmarker = vision.PoseLandmarker.create_from_options(options)

    def detect(self, image: ImageArray) -> list[PoseLandmarks]:
        """People in `image` (H, W, 3), in no particular order."""
        result = self._landmarker.detect(mediapipe_image(image))
        masks = result.segmentation_masks or [None] * len(result.pose_landmarks)
        found = zip(result.pose_landmarks, result.pose_world_landmarks, masks, strict=True)
        return [pose_landmarks(image, *person) for person in found]

    def close(self) -> None:
        self._landmarker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def mediapipe_image(image: ImageArray) -> Any:
    """`image` (H, W, 3) RGB as mediapipe's own type."""
    import mediapipe

    return mediapipe.Image(
        image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image)
    )


def pose_landmarks(image: ImageArray, points: Any, world: Any, mask: Any) -> PoseLandmarks:
    height, width = image.shape[:2]
    xyz = np.array([(p.x, p.y, p.z) for p in points], np.float32)
    if len(xyz) != len(POSE_LANDMARKS):
        raise ValueError(f"expected {len(POSE_LANDMARKS)} pose landmarks, got {len(xyz)}")
    return PoseLandmarks(
        landmarks_px=xyz[:, :2] * np.array([width, height], np.float32),
        depth=xyz[:, 2] * np.float32(width),
        visibility=np.array([p.visibility for p in points], np.float32),
        presence=np.array([p.presence for p in points], np.float32),
        world_m=np.array([(p.x, p.y, p.z) for p in world], np.float32),
        mask=None if mask is None else Mask(np.array(mask.numpy_view(), np.float32)),
    )
