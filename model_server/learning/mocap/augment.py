# SPDX-License-Identifier: GPL-3.0-or-later
"""Random poses for training: recorded, mirrored, mixed, blended, perturbed; and made-up ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model_server.learning.body.pose_bones import MIRROR, POSE_BONES
from model_server.learning.mocap import limits, so3
from model_server.learning.mocap.library import LIBRARY, Library
from model_server.learning.mocap.made_up import Composer, Parts
from model_server.learning.mocap.reference import Reference
from model_server.learning.mocap.reference import load as load_reference
from model_server.learning.mocap.so3 import Array

REFLECTION: Final = np.array([-1.0, 1.0, 1.0])
LOWER_BODY: Final = ("root", "upperleg01", "lowerleg01", "foot")
UPRIGHT_AXIS: Final = np.array([0.0, 0.0, 1.0])

# Radians of perturbation by bone, times the sample's strength.
LOOSENESS: Final = {
    "root": 0.0,
    "spine": 0.3,
    "neck01": 0.5,
    "head": 0.5,
    "clavicle": 0.3,
    "foot": 0.6,
    "wrist": 1.6,
}


@dataclass(frozen=True)
class Shares:
    """Shares of the samples, 0...1, that get each treatment, and sizes in radians."""

    recombined: float = 0.3  # legs of one frame, the rest of another
    blended: float = 0.2  # part of the way to another frame
    perturbed: float = 0.25
    strong: float = 0.25  # perturbation of those
    weak: float = 0.04  # of the rest
    stances: float = 0.25  # made-up lower bodies
    gestures: float = 0.25  # made-up arms
    tilt: float = np.radians(7.0)  # standard deviation of the lean added to all
    any_root: float = 0.04  # turned any way at all


USUAL: Final = Shares()


def mirrored(rotations: Array) -> Array:
    """Rotations (..., 22, 3, 3) of the mirrored pose: sides swapped, conjugated by x -> -x."""
    return rotations[..., MIRROR, :, :] * np.outer(REFLECTION, REFLECTION).astype(rotations.dtype)


def looseness() -> Array:
    """(22, 1) how much each pose bone takes of a perturbation."""
    factors = [
        next((f for prefix, f in LOOSENESS.items() if name.startswith(prefix)), 1.0)
        for name in POSE_BONES
    ]
    return np.array(factors)[:, None]


class PoseSampler:
    """Draws poses from the library's split; the same `rng` state gives the same poses."""

    def __init__(
        self,
        library_path: Path = LIBRARY,
        split: str = "train",
        shares: Shares = USUAL,
        reference: Reference | None = None,
    ) -> None:
        library = Library.load(library_path)
        self.recorded = library.rotations(library.keep & library.of_split(split))
        self.weights = clip_weights(library.clip[library.keep & library.of_split(split)])
        self.shares = shares
        reference = reference or load_reference()
        self.frames = limits.bone_frames(reference)
        self.composer = Composer(reference)
        self.lower = np.array([name.startswith(LOWER_BODY) for name in POSE_BONES])

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """(n, 22, 3, 3) float32; the root's rotation is body-world with z up, any heading."""
        poses = self.recombined(rng, self.draw(rng, n))
        poses = self.composed(rng, self.blended(rng, poses))
        poses = np.where(rng.random((n, 1, 1, 1)) < 0.5, mirrored(poses), poses)
        poses = self.perturbed(rng, poses)
        poses[:, 0] = self.turned_roots(rng, poses[:, 0])
        return poses.astype(np.float32)

    def draw(self, rng: np.random.Generator, n: int) -> Array:
        """(n, 22, 3, 3) as recorded; long clips of little motion do not crowd out the others."""
        return self.recorded[np.searchsorted(self.weights, rng.random(n))]

    def recombined(self, rng: np.random.Generator, poses: Array) -> Array:
        chosen = rng.random(len(poses)) < self.shares.recombined
        others = self.draw(rng, len(poses))
        swap = chosen[:, None] & ~self.lower
        return np.where(swap[..., None, None], others, poses)

    def blended(self, rng: np.random.Generator, poses: Array) -> Array:
        chosen = np.flatnonzero(rng.random(len(poses)) < self.shares.blended)
        others = self.draw(rng, len(chosen))
        others[:, 0] = poses[chosen, 0]
        result = poses.copy()
        result[chosen] = so3.between(poses[chosen], others, rng.random((len(chosen), 1)))
        return result

    def composed(self, rng: np.random.Generator, poses: Array) -> Array:
        """Some legs become stances, some arms gestures, always where the stance needs its arms."""
        result = poses.copy()
        stands = np.flatnonzero(rng.random(len(poses)) < self.shares.stances)
        lower = self.composer.lower_bodies(rng, len(stands))
        put(result, stands, lower)
        kind = np.full(len(poses), -1)
        kind[stands] = lower.kind
        gestures = rng.random(len(poses)) < self.shares.gestures
        gestures[stands] |= self.composer.demands_arms(lower.kind)
        put(result, np.flatnonzero(gestures), self.composer.gestures_for(rng, kind[gestures]))
        return result

    def perturbed(self, rng: np.random.Generator, poses: Array) -> Array:
        """Noise in the joints, stopped at the limits, or where the recording was beyond them."""
        strength = np.where(
            rng.random(len(poses)) < self.shares.perturbed, self.shares.strong, self.shares.weak
        )
        low, high = limits.limit_arrays()
        vectors = limits.to_bone_frames(self.frames, poses)
        noise = rng.normal(size=vectors.shape) * strength[:, None, None] * looseness()
        moved = np.clip(
            vectors + noise * (high - low > 0.4),
            np.minimum(low, vectors),
            np.maximum(high, vectors),
        )
        return limits.from_bone_frames(self.frames, moved)

    def turned_roots(self, rng: np.random.Generator, roots: Array) -> Array:
        """Roots (n, 3, 3) with any heading, some lean, and a few any way up."""
        n = len(roots)
        lean = rng.normal(size=(n, 3)) * self.shares.tilt * (1, 1, 0)
        turned = (
            so3.about(UPRIGHT_AXIS, rng.uniform(-np.pi, np.pi, n)) @ so3.from_rotvec(lean) @ roots
        )
        anyhow = so3.from_quaternion(rng.normal(size=(n, 4)))
        return np.where(rng.random((n, 1, 1)) < self.shares.any_root, anyhow, turned)


def put(poses: Array, places: NDArray[np.intp], parts: Parts) -> None:
    """Write the bones of `parts` into the chosen poses."""
    for bone, rotations in parts.rotations.items():
        poses[places, POSE_BONES.index(bone)] = rotations


def clip_weights(clip: Array) -> Array:
    """(M,) cumulative probabilities of frames: a clip counts with the power 0.7 of its length."""
    _, places, lengths = np.unique(clip, return_inverse=True, return_counts=True)
    weights = lengths[places] ** -0.3
    cumulative = np.cumsum(weights)
    return cumulative / cumulative[-1]
