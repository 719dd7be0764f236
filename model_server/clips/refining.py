# SPDX-License-Identifier: GPL-3.0-or-later
"""All frames of a clip together: one body for each person, gaps filled, outliers repaired by the
frames around them, noise taken out, one floor for all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.arrays import FloatArray
from model_server.body_params import matrices_from_wxyz
from model_server.bones import Array
from model_server.camera import Camera
from model_server.clips.agility import ACROSS, AWAY, FACE
from model_server.clips.ground import Ground, ground_of
from model_server.clips.recording import Names
from model_server.clips.result import ClipResult, Motion
from model_server.clips.smoothing import Agility, Signals, noise_of, smoothed
from model_server.clips.source import ClipInfo
from model_server.clips.turning import smoothed_turns, trust_of_root
from model_server.landmark_names import POSE_LANDMARKS, indices
from model_server.physique import Physique
from model_server.placing import best_moves

Rows = NDArray[np.void]  # of a recording, one track

_LONGEST_GAP_S: Final = 1.0  # that is filled
_SHORTEST_S: Final = 0.3  # of a track; what is seen for less is nobody,
_SHORT_S: Final = 1.0  # unless the whole clip is this short
_BELIEVED: Final = 0.2  # of the trust in a frame; less, and the frames around it told instead
_FEET: Final = [
    list(indices(POSE_LANDMARKS, [f"{side}_{point}" for point in ("ankle", "heel", "foot_index")]))
    for side in ("left", "right")
]


@dataclass(frozen=True)
class Path:
    """One person in F frames, before anything is known of the floor."""

    numbers: NDArray[np.int32]  # (F,)
    seen: NDArray[np.bool_]  # (F,)
    turns: Array  # (F, 1 + B, 4) of the root and of bones
    translation: Array  # (F, 3)
    landmarks_cam: Array  # (F, 33, 3)
    joints_cam: Array  # (F, 17, 3)
    told: Mapping[str, Array]  # what is read between rows: confidence, visibility, box
    facial_actions: Array  # (F, A)
    phenotypes: FloatArray  # (P,)


@dataclass(frozen=True)
class Refiner:
    """Knows the body that clips are told with."""

    physique: Physique
    names: Names

    def refined(
        self,
        tracks: Mapping[int, Rows],
        bodies: Mapping[int, FloatArray],
        info: ClipInfo,
        camera: Camera,
    ) -> ClipResult:
        """The whole clip from rows by track and phenotypes (P,) by track."""
        rate = info.fps * info.step
        least = _SHORTEST_S * rate if info.frames > _SHORT_S * info.fps else 0.0
        paths = {
            track: self._path(rows, bodies[track], camera, info.step, rate)
            for track, rows in tracks.items()
            if np.ptp(rows["place"]) >= least
        }
        ground = ground_of(
            [(p.landmarks_cam, p.told["visibility"], p.turns[:, 0]) for p in paths.values()]
        )
        motions = {track: _motion(path, ground) for track, path in paths.items()}
        return ClipResult(info, camera, self.names, motions)

    def _path(self, rows: Rows, body: FloatArray, camera: Camera, step: int, rate: float) -> Path:
        numbers = filled_numbers(rows["number"], step, _LONGEST_GAP_S * rate)
        seconds, at = rows["place"] / rate, numbers / rate
        # Where people are seen and where they are asked for are mostly the same moments.
        moments, where = np.unique(np.concatenate([seconds, at]), return_inverse=True)
        seen, asked = where[: len(rows)], where[len(rows) :]
        turns, believed = smoothed_turns(rows, self.names.bones, seconds, moments)
        landmarks, joints = self._around_root(body, turns)
        places = self._places(rows, landmarks[seen], body, camera)
        place = smoothed_places(seconds, places, believed[:, 0], at)
        sound = believed[:, 0] > _BELIEVED * trust_of_root(rows)
        sure = rows["confidence"] * np.where(believed[:, 1:] > _BELIEVED * rows["confidence"], 1, 0)
        actions = Signals(seconds, rows["facial_actions"][:, None], rows["face"][:, None])
        return Path(
            numbers=numbers,
            seen=np.isin(numbers, rows["number"][sound]),
            turns=turns[asked],
            translation=place,
            landmarks_cam=landmarks[asked] + place[:, None],
            joints_cam=joints[asked] + place[:, None],
            told={
                "confidence": between(seconds, sure, at),
                "visibility": between(seconds, rows["visibility"], at),
                "box": between(seconds, rows["box"], at),
            },
            facial_actions=np.clip(smoothed(actions, FACE, at)[0][:, 0], 0, 1),
            phenotypes=body,
        )

    def _around_root(self, body: FloatArray, turns: Array) -> tuple[Array, Array]:
        """Landmarks (N, 33, 3) and joints (N, 17, 3) relative to the root's head, camera axes."""
        matrices = matrices_from_wxyz(turns.reshape(-1, 4)).reshape(*turns.shape[:2], 3, 3)
        rotations = {bone: matrices[:, i] for i, bone in enumerate(self.names.bones, start=1)}
        posed = self.physique.figure(self._shape(body)).posed(rotations)
        root = matrices[:, 0].swapaxes(1, 2)
        return posed.landmarks @ root, posed.joints @ root

    def _places(self, rows: Rows, landmarks: Array, body: FloatArray, camera: Camera) -> Array:
        """Where the root's head (N, 3) has to be for the body to be seen where it was. Whoever is
        larger than a frame said was farther away.
        """
        size = self.physique.stature(self._shape(body))
        believed, which = np.unique(rows["phenotypes"], axis=0, return_inverse=True)
        sizes = np.array([self.physique.stature(self._shape(shape)) for shape in believed])
        start = rows["translation"] * (size / sizes[which])[:, None]
        tangents = (rows["landmarks_px"] - np.array(camera.center_px)) / camera.focal_px
        points = landmarks + start[:, None]
        return start + best_moves(points, tangents, rows["visibility"])

    def _shape(self, phenotypes: FloatArray) -> dict[str, float]:
        return dict(zip(self.names.phenotypes, phenotypes.tolist(), strict=True))


def filled_numbers(seen: NDArray[np.int32], step: int, longest: float) -> NDArray[np.int32]:
    """Numbers that were seen, and those between two that are not too far apart."""
    gaps = np.diff(seen)
    between = [
        np.arange(number, number + gap, step) if gap <= longest else np.array([number])
        for number, gap in zip(seen[:-1], gaps, strict=True)
    ]
    return np.concatenate([*between, seen[-1:]]).astype(np.int32)


def smoothed_places(seconds: Array, places: Array, trust: Array, at: Array) -> Array:
    """Positions (M, 3) at seconds `at`: how far away somebody is, is seen far worse than where."""
    distance = float(np.median(places[:, 2]))
    across = places[:, :2] / places[:, 2:] * distance
    away = np.log(places[:, 2:]) * distance
    trusts = trust[:, None]

    def path(values: Array, agility: Agility) -> Array:
        signals = Signals(seconds, values[:, None], trusts)
        noise = noise_of(signals, agility.noise)
        return smoothed(signals, Agility(agility.restless, noise), at)[0][:, 0]

    depth = np.exp(path(away, AWAY) / distance)
    return np.concatenate([path(across, ACROSS) / distance * depth, depth], axis=1)


def between(seconds: Array, values: NDArray[Any], at: Array) -> Array:
    """Values (N, ...) read linearly at other times."""
    flat = values.reshape(len(values), -1)
    columns = [np.interp(at, seconds, column) for column in flat.T]
    return np.stack(columns, axis=1).reshape(len(at), *values.shape[1:])


def _motion(path: Path, ground: Ground) -> Motion:
    return Motion(
        frames=path.numbers,
        seen=path.seen.astype(np.uint8),
        root=path.turns[:, 0].astype(np.float32),
        translation=path.translation.astype(np.float32),
        rotations=path.turns[:, 1:].astype(np.float32),
        phenotypes=path.phenotypes,
        facial_actions=path.facial_actions.astype(np.float32),
        confidence=(path.told["confidence"] * path.seen[:, None]).astype(np.float32),
        box=path.told["box"].astype(np.float32),
        gravity=ground.down.astype(np.float32),
        floor=np.array([ground.below], np.float32),
        keypoints=path.joints_cam.astype(np.float32),
        feet=np.stack([path.landmarks_cam[:, foot] for foot in _FEET], axis=1).astype(np.float32),
    )
