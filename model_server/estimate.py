# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a photo in the end: its camera and its people."""

from collections.abc import Mapping
from dataclasses import dataclass

from model_server.arrays import FloatArray, RGBAArray
from model_server.body_params import BodyParams
from model_server.camera import Camera
from model_server.crops import Box
from model_server.landmarks import PersonLandmarks


@dataclass(frozen=True)
class Keypoints:
    """Joints of the posed body, by the 17 COCO names in `landmark_names.COCO_JOINTS`."""

    px: FloatArray  # (17, 2) pixels of the upright original photo
    cam: FloatArray  # (17, 3) metres in the camera frame
    confidence: FloatArray  # (17,) 0…1


@dataclass(frozen=True)
class Person:
    box: Box
    confidence: float
    keypoints: Keypoints
    landmarks: PersonLandmarks
    joint_confidence: Mapping[str, float]  # by bone, 0…1
    parameters: BodyParams


@dataclass(frozen=True)
class Estimate:
    id: str  # the same for the same photo, camera and number of people
    width: int
    height: int
    camera: Camera
    people: tuple[Person, ...]  # from the largest to the smallest box
    timings_ms: Mapping[str, float]
    as_stored: bool = True  # whether programs that ignore EXIF show the photo so
    thumbnails: tuple[RGBAArray, ...] = ()  # of the people
