# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import pytest

from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.mocap import library as pose_library
from model_server.learning.mocap import limits, so3
from model_server.learning.mocap.augment import PoseSampler, Shares, mirrored
from model_server.learning.mocap.gestures import GESTURES, STANCES
from model_server.learning.mocap.limbs import Limb, reaching
from model_server.learning.mocap.made_up import Composer
from model_server.learning.mocap.reference import Reference, forward
from model_server.learning.mocap.sources import Source


@pytest.fixture
def library_path(swinging: Path, reference: Reference, tmp_path: Path) -> Path:
    sources = [Source(f"clip/{split}", swinging, "someone", split) for split in ("train", "test")]
    built = pose_library.build(sources, reference)
    built.save(tmp_path / "poses.npz")
    return tmp_path / "poses.npz"


def test_library_comes_back_and_is_thinned(library_path: Path) -> None:
    library = pose_library.Library.load(library_path)
    assert [clip.split for clip in library.clips] == ["train", "test"]
    assert 20 < (library.keep & library.of_split("train")).sum() < 60
    assert not library.sound[0]


def test_samples_are_rotations_and_repeat(library_path: Path, reference: Reference) -> None:
    sampler = PoseSampler(library_path, "train", reference=reference)
    poses = sampler.sample(np.random.default_rng(7), 300)
    assert poses.shape == (300, len(POSE_BONES), 3, 3)
    assert poses.dtype == np.float32
    np.testing.assert_allclose(
        poses @ so3.transposed(poses), np.broadcast_to(np.eye(3), poses.shape), atol=1e-5
    )
    np.testing.assert_array_equal(poses, sampler.sample(np.random.default_rng(7), 300))


def test_mirror_twice_changes_nothing_and_once_swaps_sides(
    library_path: Path, reference: Reference
) -> None:
    poses = PoseSampler(library_path, reference=reference).sample(np.random.default_rng(1), 20)
    np.testing.assert_array_equal(mirrored(mirrored(poses)), poses)
    _, heads = forward(reference, poses)
    _, other = forward(reference, mirrored(poses))
    for bone in ("wrist", "lowerarm01", "foot", "lowerleg01"):
        left, right = reference.names.index(bone + ".L"), reference.names.index(bone + ".R")
        # The reference itself is symmetric to half a millimetre.
        np.testing.assert_allclose(other[:, right], heads[:, left] * (-1, 1, 1), atol=2e-3)


def test_perturbation_keeps_the_limits(library_path: Path, reference: Reference) -> None:
    wild = Shares(perturbed=1.0, strong=2.0, stances=0.0, gestures=0.0)
    sampler = PoseSampler(library_path, shares=wild, reference=reference)
    before = sampler.draw(np.random.default_rng(2), 200).astype(np.float64)
    after = sampler.perturbed(np.random.default_rng(2), before)
    allowed = np.maximum(limits.excess(sampler.frames, before), 0) + 1e-6
    vectors = limits.to_bone_frames(sampler.frames, after)
    low, high = limits.limit_arrays()
    beyond = np.maximum(np.maximum(low - vectors, vectors - high).max(-1), 0)[:, 1:]
    short = (
        np.linalg.norm(vectors[:, 1:], axis=-1) < 2.5
    )  # longer ones may have come back the other way round
    assert (beyond[short] <= allowed[:, 1:][short]).all()


def test_limbs_reach_their_targets(reference: Reference) -> None:
    limb = Limb.of(reference, "upperarm01.L", "lowerarm01.L", "wrist.L")
    target = np.array([[0.1, -0.3, 0.2], [0.2, 0.1, -0.35]])
    upper, lower = reaching(limb, target, np.array([1.0, 0.2, -0.5]))
    np.testing.assert_allclose(upper @ limb.upper + lower @ limb.lower, target, atol=1e-9)


def test_every_stance_and_gesture_folds_as_people_do(reference: Reference) -> None:
    composer = Composer(reference)
    frames = limits.bone_frames(reference)
    lower = composer.lower_bodies(np.random.default_rng(3), 3000)
    arms = composer.gestures_for(np.random.default_rng(4), lower.kind)
    assert len(np.unique(lower.kind)) == len(STANCES)
    assert len(np.unique(arms.kind)) == len(GESTURES)
    for bone in ("lowerleg01.L", "lowerleg01.R", "lowerarm01.L", "lowerarm01.R"):
        rotations = (lower.rotations | arms.rotations)[bone]
        vectors = limits.to_bone_frames(frames[POSE_BONES.index(bone)], rotations)
        low, high = (bound[POSE_BONES.index(bone)] for bound in limits.limit_arrays())
        assert (vectors > low - 0.1).all(), bone
        assert (vectors < high + 0.1).all(), bone
