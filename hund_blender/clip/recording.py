# SPDX-License-Identifier: GPL-3.0-or-later
"""The frames of a clip as they arrive, kept so that nothing is lost when the server is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..body import Body
from ..errors import ServerError
from .data import KEYPOINTS, Clip, Track
from .quaternions import normalised

Array = npt.NDArray[Any]

UPRIGHT: Final = (0.0, 1.0, 0.0)  # gravity before the server has told


@dataclass(frozen=True)
class Opened:
    """What is known of a clip before its first frame."""

    frames: int  # expected
    fps: float  # of the frames that come out
    width: int
    height: int
    focal_px: float
    center_px: tuple[float, float]


def parse_opened(data: Mapping[str, Any]) -> Opened:
    try:
        x, y = data["center_px"]
        return Opened(
            frames=int(data["frames"]),
            fps=float(data["fps"]),
            width=int(data["width"]),
            height=int(data["height"]),
            focal_px=float(data["focal_px"]),
            center_px=(float(x), float(y)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unexpected(error) from error


@dataclass(frozen=True, eq=False)
class Moment:
    """One person in one frame; names follow Track."""

    root_wxyz: Array
    translation_m: Array
    rotations_wxyz: Array
    phenotypes: Array
    facial_actions: Array
    confidence: Array
    box_px: Array


@dataclass(frozen=True, eq=False)
class FrameOfPeople:
    """Everybody in one frame, by the number of their tracks."""

    number: int
    people: Mapping[int, Moment]


class Recording:
    """Frames of one clip. One thread adds to it, others read what is complete."""

    def __init__(self, body: Body, opened: Opened, source: str) -> None:
        self.opened = opened
        self.body = body
        self._source = source
        self._frames: list[FrameOfPeople] = []

    @property
    def count(self) -> int:
        return len(self._frames)

    def add(self, data: Mapping[str, Any]) -> FrameOfPeople:
        """Take in the data of a frame event."""
        try:
            people = {int(person["track"]): self._moment(person) for person in data["people"]}
            frame = FrameOfPeople(int(data["frame"]), people)
        except (KeyError, TypeError, ValueError) as error:
            raise _unexpected(error) from error
        self._frames.append(frame)
        return frame

    def clip(self) -> Clip:
        """What has come so far, one body for each person."""
        return self._clip_of(list(self._frames))

    def clip_of_one(self, frame: FrameOfPeople) -> Clip:
        """One frame alone."""
        return self._clip_of([frame])

    def _clip_of(self, frames: list[FrameOfPeople]) -> Clip:
        numbers = sorted({number for frame in frames for number in frame.people})
        tracks = tuple(self._track(number, frames) for number in numbers)
        opened, body = self.opened, self.body
        return Clip(
            fps=opened.fps,
            width=opened.width,
            height=opened.height,
            focal_px=opened.focal_px,
            center_px=opened.center_px,
            rig=body.rig,
            bones=body.bone_names,
            phenotypes=body.phenotype_names,
            facial_actions=body.facial_action_names,
            source=self._source,
            tracks=tracks,
        )

    def _moment(self, person: Mapping[str, Any]) -> Moment:
        body, parameters = self.body, person["parameters"]
        rotations = np.zeros((len(body.bone_names), 4), np.float32)
        rotations[:, 0] = 1.0
        for name, wxyz in parameters["rotations"].items():
            rotations[body.bone_names.index(name)] = wxyz
        return Moment(
            root_wxyz=_numbers(parameters["root"], 4),
            translation_m=_numbers(parameters["translation"], 3),
            rotations_wxyz=normalised(_numbers(rotations, *rotations.shape)).astype(np.float32),
            phenotypes=_named(parameters["phenotypes"], body.phenotype_names, 0.5),
            facial_actions=_named(parameters["facial_actions"], body.facial_action_names, 0.0),
            confidence=_named(person["joint_confidence"], body.bone_names, 0.0),
            box_px=_numbers(person["box"], 4),
        )

    def _track(self, number: int, frames: list[FrameOfPeople]) -> Track:
        mine = [(frame.number, frame.people[number]) for frame in frames if number in frame.people]
        moments = [moment for _, moment in mine]

        def stacked(name: str) -> Array:
            return np.stack([getattr(moment, name) for moment in moments])

        count = len(mine)
        return Track(
            number=number,
            frames=np.array([frame for frame, _ in mine], np.int32),
            seen=np.ones(count, bool),
            root_wxyz=stacked("root_wxyz"),
            translation_m=stacked("translation_m"),
            rotations_wxyz=stacked("rotations_wxyz"),
            phenotypes=np.median(stacked("phenotypes"), axis=0),
            facial_actions=stacked("facial_actions"),
            confidence=stacked("confidence"),
            box_px=stacked("box_px"),
            gravity=np.array(UPRIGHT),
            floor_m=np.nan,
            keypoints_cam=np.full((count, KEYPOINTS, 3), np.nan, np.float32),
            feet_cam=np.full((count, 2, 3, 3), np.nan, np.float32),
        )


def _numbers(values: Any, *shape: int) -> Array:
    numbers = np.asarray(values, np.float32)
    if numbers.shape != shape or not np.isfinite(numbers).all():
        raise ValueError(f"expected {shape} finite numbers, got {values!r}")
    return numbers


def _named(values: Mapping[str, float], names: tuple[str, ...], otherwise: float) -> Array:
    """Values (N,) in the order of names; those of other names are left out."""
    return _numbers([values.get(name, otherwise) for name in names], len(names))


def _unexpected(error: Exception) -> ServerError:
    return ServerError(
        f"The server's answer is not as expected ({type(error).__name__}: {error}).",
        "Install the add-on and the server from the same release.",
    )
