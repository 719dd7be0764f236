# SPDX-License-Identifier: GPL-3.0-or-later
"""Body poses for the prior: the mocap library's, without their root, and which of them teach."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.mocap.augment import PoseSampler, Shares, clip_weights
from model_server.learning.mocap.library import LIBRARY, Library
from model_server.learning.mocap.so3 import Array

BODY_BONES: Final = POSE_BONES[1:]
# Training subjects that are kept aside to choose settings by; the test split is never looked at.
VALIDATION_SUBJECTS: Final = ("cmu-06", "cmu-16", "cmu-39", "cmu-113")

MOVING: Final = 0.3  # share of frames that the library keeps of a clip in which somebody moves

# Far more recorded poses than the samples for the detector have: a prior that has heard of
# everything says nothing. Made-up sitting and lying stays in, because clips have none.
SHARES: Final = Shares(
    recombined=0.08,
    blended=0.08,
    perturbed=0.05,
    strong=0.15,
    weak=0.0,
    stances=0.15,
    gestures=0.15,
)


class BodyPoses:
    """Poses to learn from, mirrored half the time."""

    def __init__(self, library_path: Path = LIBRARY, shares: Shares = SHARES) -> None:
        library = Library.load(library_path)
        frames = library.keep & library.of_split("train") & ~of_subjects(library)
        self.sampler = PoseSampler(library_path, shares=shares)
        self.sampler.recorded = library.rotations(frames)
        self.sampler.weights = clip_weights(library.clip[frames].astype(np.float64))

    def __call__(self, rng: np.random.Generator, n: int) -> Array:
        """(n, 21, 3, 3) float32 rotations of BODY_BONES."""
        return self.sampler.sample(rng, n)[:, 1:]


def of_subjects(
    library: Library, subjects: Sequence[str] = VALIDATION_SUBJECTS
) -> NDArray[np.bool_]:
    """(N,) frames of these subjects."""
    return np.array([clip.subject in subjects for clip in library.clips])[library.clip]


def moving_frames(library: Library) -> NDArray[np.bool_]:
    """(N,) frames to learn motion from: hours of standing about would teach that nobody moves."""
    kept = np.bincount(library.clip, library.keep) / np.bincount(library.clip)
    moving = library.of_split("train") & ~of_subjects(library)
    return moving & (kept > MOVING)[library.clip]


def recorded(library: Library, frames: NDArray[np.bool_]) -> Tensor:
    """(M, 21, 3, 3) float32 of the chosen frames."""
    return torch.from_numpy(library.rotations(frames)[:, 1:].astype(np.float32))


def validation_poses(library: Library) -> Tensor:
    """(M, 21, 3, 3) of the subjects kept aside."""
    return recorded(library, library.keep & library.of_split("train") & of_subjects(library))


def held_out_poses(library: Library) -> Tensor:
    """(M, 21, 3, 3) of the split that nothing was chosen by."""
    return recorded(library, library.keep & library.of_split("test"))


def sound_runs(library: Library, chosen: NDArray[np.bool_], least: int) -> list[slice]:
    """Stretches of at least `least` successive sound frames of one clip, among the `chosen`."""
    good = chosen & library.sound
    breaks = np.flatnonzero(np.diff(library.clip) | (np.diff(good.astype(np.int8)) != 0)) + 1
    edges = [0, *breaks.tolist(), len(good)]
    return [
        slice(start, stop)
        for start, stop in itertools.pairwise(edges)
        if good[start] and stop - start >= least
    ]
