# SPDX-License-Identifier: GPL-3.0-or-later
"""All motion as poses of the body: every frame, and which frames are sound and worth keeping."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.mocap import bvh, limits, retarget, so3
from model_server.learning.mocap.reference import Reference
from model_server.learning.mocap.skeletons import recognise
from model_server.learning.mocap.so3 import Array
from model_server.learning.mocap.sources import Source

LIBRARY: Final = Path(".cache/mocap_poses.npz")
KEEP_STEP: Final = np.radians(
    6.0
)  # a frame is kept when some bone turned this far since the last kept one
GLITCH: Final = np.radians(50.0)  # between neighbouring frames: no body does that
GLITCH_BONES: Final = (
    "root",
    "upperleg01",
    "lowerleg01",
    "upperarm01",
    "lowerarm01",
    "neck01",
    "foot",
)
GLITCH_REACH: Final = 2  # frames dropped to either side
IMPLAUSIBLE: Final = np.radians(30.0)  # so far beyond the joint limits is an error of the recording
CLAMPED: Final = (
    "foot",
    "neck01",
    "head",
    "clavicle",
    "lowerarm01",
    "lowerarm02",
    "lowerleg01",
    "wrist",
)


@dataclass(frozen=True)
class Clip:
    name: str
    subject: str
    split: str
    frame_rate: float  # frames a second


@dataclass(frozen=True)
class Library:
    """Every frame of every clip; N frames in all."""

    clips: tuple[Clip, ...]
    quaternions: Array  # (N, 22, 4) float16, WXYZ; the root's is body-world
    pelvis: Array  # (N, 3) float32, metres, z up; sizes are those of the recorded person
    clip: NDArray[np.int32]  # (N,) index into clips
    sound: NDArray[np.bool_]  # (N,) free of recording errors
    keep: NDArray[np.bool_]  # (N,) sound, and different from its kept predecessor

    def of_split(self, split: str) -> NDArray[np.bool_]:
        """(N,) frames of the clips in 'train' or 'test'."""
        return np.array([clip.split == split for clip in self.clips])[self.clip]

    def rotations(self, frames: NDArray[np.bool_]) -> Array:
        """(M, 22, 3, 3) float32 of the chosen frames."""
        return so3.from_quaternion(self.quaternions[frames].astype(np.float32))

    def save(self, path: Path = LIBRARY) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        meta = {"clips": [vars(clip) for clip in self.clips], "pose_bones": POSE_BONES}
        arrays = {name: value for name, value in vars(self).items() if name != "clips"}
        np.savez_compressed(path, meta=np.array(json.dumps(meta)), **arrays)

    @classmethod
    def load(cls, path: Path = LIBRARY) -> Self:
        with np.load(path) as stored:
            meta = json.loads(str(stored["meta"]))
            if tuple(meta["pose_bones"]) != POSE_BONES:
                raise ValueError(
                    f"{path} has other pose bones: run python -m model_server.learning.mocap"
                )
            arrays = {name: stored[name] for name in stored.files if name != "meta"}
        return cls(clips=tuple(Clip(**clip) for clip in meta["clips"]), **arrays)


def build(sources: list[Source], reference: Reference) -> Library:
    """Read, retarget and sift every source."""
    frames = limits.bone_frames(reference)
    parts = [read_clip(source, reference, frames) for source in sources]
    clips, rotations, pelvis, sound, keep = (list(part) for part in zip(*parts, strict=True))
    return Library(
        clips=tuple(clips),
        quaternions=so3.to_quaternion(np.concatenate(rotations)).astype(np.float16),
        pelvis=np.concatenate(pelvis).astype(np.float32),
        clip=np.repeat(np.arange(len(clips), dtype=np.int32), [len(part) for part in rotations]),
        sound=np.concatenate(sound),
        keep=np.concatenate(keep),
    )


def read_clip(
    source: Source, reference: Reference, frames: Array
) -> tuple[Clip, Array, Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """One clip's rotations, pelvis positions, sound frames and kept frames."""
    motion = bvh.read(source.path)
    rotations = retarget.retarget(motion, reference)
    sound = sound_frames(rotations, frames)
    rotations = tidied(rotations, frames)
    joints = retarget.in_body_frame(motion, recognise(motion.skeleton.names))
    clip = Clip(source.name, source.subject, source.split, 1.0 / motion.frame_time)
    return clip, rotations, joints.positions[:, 0], sound, kept_frames(rotations, sound)


def positions_of(*kinds: str) -> list[int]:
    """Places in POSE_BONES of these bones, both sides."""
    return [
        place
        for place, name in enumerate(POSE_BONES)
        if name.removesuffix(".L").removesuffix(".R") in kinds
    ]


def tidied(rotations: Array, frames: Array) -> Array:
    """Rotations (F, 22, 3, 3) with the poorly recorded small joints held within limits."""
    small = positions_of(*CLAMPED)
    result = rotations.copy()
    result[:, small] = limits.clamped(frames, rotations)[:, small]
    return result


def sound_frames(rotations: Array, frames: Array) -> NDArray[np.bool_]:
    """(F,) away from jumps and possible for a body; a first frame is often a T-pose."""
    bad = (
        limits.excess(frames, rotations)[
            :, positions_of("upperleg01", "lowerleg01", "upperarm01", "spine02")
        ]
        > IMPLAUSIBLE
    ).any(-1)
    bad |= (limits.excess(frames, rotations)[:, positions_of("foot")] > 1.5 * IMPLAUSIBLE).any(-1)
    if len(rotations) > 1:
        jumps = so3.angle_between(rotations[:-1], rotations[1:])[:, positions_of(*GLITCH_BONES)]
        for place in np.flatnonzero((jumps > GLITCH).any(-1)):
            bad[max(place - GLITCH_REACH + 1, 0) : place + GLITCH_REACH + 1] = True
        bad[0] = True
    return ~bad


def kept_frames(rotations: Array, sound: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(F,) sound frames that differ from the last one kept."""
    keep = np.zeros(len(rotations), np.bool_)
    last: Array | None = None
    for frame in np.flatnonzero(sound):
        if last is None or so3.angle_between(last, rotations[frame]).max() > KEEP_STEP:
            keep[frame], last = True, rotations[frame]
    return keep
