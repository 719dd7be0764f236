# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server says of a photo, checked and frozen (docs/protocol.md)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .errors import ServerError

Array = npt.NDArray[Any]

PINNED: Final = 2.0  # the visibility of landmarks that were put where they belong


@dataclass(frozen=True)
class Photo:
    """The upright photo's pinhole camera."""

    width: int
    height: int
    focal_px: float
    focal_source: str  # exif, default, given
    center_px: tuple[float, float]
    as_stored: bool = True  # whether Blender, which ignores EXIF, shows the file so


@dataclass(frozen=True, eq=False)
class Keypoint:
    """One COCO joint of the posed body."""

    px: Array  # (2,) pixels of the upright original
    cam: Array  # (3,) camera frame, metres
    confidence: float


@dataclass(frozen=True, eq=False)
class Landmark:
    """One of the 33 points of the detector."""

    px: Array  # (2,) pixels of the upright original
    visibility: float  # 0…1, or PINNED


@dataclass(frozen=True, eq=False)
class Person:
    """One person's parameters (docs/conventions.md) and how sure the server is of them."""

    box_px: Array  # (4,) x, y, width, height
    confidence: float
    rig: str
    root_wxyz: Array  # (4,) cam_from_body
    translation_m: Array  # (3,) the root bone's head in the camera frame
    rotations_wxyz: Mapping[str, Array]
    phenotypes: Mapping[str, float]
    facial_actions: Mapping[str, float]
    keypoints: Mapping[str, Keypoint]
    landmarks: Mapping[str, Landmark]
    hypotheses: int  # how many interpretations the server has to offer
    joint_confidence: Mapping[str, float]
    source: Mapping[str, Any]  # what all of this was read from, without face, hands and thumbnail
    number: int = 0  # among the people of the photo
    thumbnail: Array | None = None  # (S, S, 4) uint8, first row on top, where it was asked for


@dataclass(frozen=True)
class Estimate:
    """Everything about one photo."""

    id: str  # by which the server remembers the photo
    photo: Photo
    people: tuple[Person, ...]


def parse_estimate(answer: Mapping[str, Any]) -> Estimate:
    """The answer of POST /estimate; says what is wrong with it rather than passing nonsense on."""
    with _telling():
        people = tuple(_person(person, row) for row, person in enumerate(answer["people"]))
        return Estimate(str(answer["id"]), parse_photo(answer["image"]), people)


def parse_person(answer: Mapping[str, Any]) -> Person:
    """The answer of POST /correct, likewise."""
    with _telling():
        return _person(answer)


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        message = f"The server's answer is not as expected ({type(error).__name__}: {error})."
        raise ServerError(
            message, "Install the add-on and the server from the same release."
        ) from error


def parse_photo(image: Mapping[str, Any]) -> Photo:
    center = _numbers(image["center_px"], 2)
    return Photo(
        width=int(image["width"]),
        height=int(image["height"]),
        focal_px=float(_numbers([image["focal_px"]], 1)[0]),
        focal_source=str(image["focal_source"]),
        center_px=(float(center[0]), float(center[1])),
        as_stored=bool(image.get("as_stored", True)),
    )


def _person(person: Mapping[str, Any], number: int = 0) -> Person:
    parameters, pose = person["parameters"], person["landmarks"]["pose"]
    seen = zip(pose["names"], pose["px"], pose["visibility"], strict=True)
    return Person(
        box_px=_numbers(person["box"], 4),
        confidence=float(person["confidence"]),
        rig=str(parameters["rig"]),
        root_wxyz=_quaternion(parameters["root"]),
        translation_m=_numbers(parameters["translation"], 3),
        rotations_wxyz={name: _quaternion(wxyz) for name, wxyz in parameters["rotations"].items()},
        phenotypes=_named_numbers(parameters["phenotypes"]),
        facial_actions=_named_numbers(parameters["facial_actions"]),
        keypoints={name: _keypoint(point) for name, point in person["keypoints"].items()},
        landmarks={str(name): Landmark(_numbers(px, 2), float(sure)) for name, px, sure in seen},
        hypotheses=int(person["hypotheses"]),
        joint_confidence=_named_numbers(person["joint_confidence"]),
        source={**person, "landmarks": {"pose": pose}, "thumbnail": None},
        number=number,
        thumbnail=_thumbnail(person.get("thumbnail")),
    )


def _thumbnail(answer: Mapping[str, Any] | None) -> Array | None:
    if answer is None:
        return None
    side, rgba = int(answer["side"]), np.frombuffer(b64decode(answer["rgba"]), np.uint8)
    return rgba.reshape(side, side, 4)


def _keypoint(point: Mapping[str, Any]) -> Keypoint:
    return Keypoint(_numbers(point["px"], 2), _numbers(point["cam"], 3), float(point["confidence"]))


def _named_numbers(values: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(_numbers([value], 1)[0]) for name, value in values.items()}


def _quaternion(values: Any) -> Array:
    wxyz = _numbers(values, 4)
    length = float(np.linalg.norm(wxyz))
    if not 0.99 < length < 1.01:
        raise ValueError(f"quaternion of length {length:.3f}, expected 1")
    return wxyz / length


def _numbers(values: Any, count: int) -> Array:
    """Finite numbers (count,)."""
    numbers = np.asarray(values, np.float64)
    if numbers.shape != (count,) or not np.isfinite(numbers).all():
        raise ValueError(f"expected {count} finite numbers, got {values!r}")
    return numbers
