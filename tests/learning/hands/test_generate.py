# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import pytest

from model_server.hands import CROP_SIZE
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.hands.articulation import rotations_of
from model_server.learning.hands.generate import HandStudio, as_from_photo
from model_server.learning.hands.poses import random_hands
from model_server.learning.hands.scenes import FLIP, HandScenes, finger_bones
from model_server.learning.mocap.augment import PoseSampler
from model_server.learning.mocap.library import LIBRARY

CLOTHES = Path(".cache/data/base")


def test_right_hands_are_mirrored_left_ones() -> None:
    rotations = rotations_of(random_hands(1, np.random.default_rng(0))[0])
    left, right = finger_bones(rotations, "left"), finger_bones(rotations, "right")
    mirror = np.diag(FLIP)
    for bone, turn in left.items():
        np.testing.assert_allclose(right[bone[:-1] + "R"], mirror @ turn @ mirror)


def test_small_hands_lose_detail_and_keep_their_place() -> None:
    rng = np.random.default_rng(0)
    image = np.zeros((CROP_SIZE, CROP_SIZE, 3), np.uint8)
    image[:, CROP_SIZE // 2 :] = 200
    seen = [as_from_photo(image, rng) for _ in range(20)]
    assert any((picture != image).any() for picture in seen)
    assert any((picture == image).all() for picture in seen)
    for picture in seen:
        assert picture.shape == image.shape
        assert picture[:, : CROP_SIZE // 4].max() == 0
        assert picture[:, -CROP_SIZE // 4 :].min() == 200


def test_hands_stand_in_the_middle_of_their_crops(landmark_model: LandmarkModel) -> None:
    if not LIBRARY.exists():
        pytest.skip("the pose library is not built")
    scenes = HandScenes(PoseSampler(), landmark_model).sample(np.random.default_rng(0), 12)
    assert {scene.side for scene in scenes} == {"left", "right"}
    for scene in scenes:
        np.testing.assert_allclose(scene.palm @ scene.palm.T, np.eye(3), atol=1e-5)
        points = scene.points_cam(np.zeros(3))
        assert 0.02 < np.linalg.norm(points[9]) < 0.15


def test_what_is_stored_lies_on_what_is_seen() -> None:
    if not (LIBRARY.exists() and CLOTHES.exists()):
        pytest.skip("the pose library or the clothes are missing")
    samples, _ = HandStudio(CLOTHES, "train").shard(3, 24)
    assert len(samples) > 3
    px = samples.points_cam[..., :2] / samples.points_cam[..., 2:]
    px = px * samples.focal_px[:, None, None] + samples.center_px[:, None]
    gaps = np.linalg.norm(px - samples.landmarks_px, axis=2).mean(1)
    assert np.median(gaps) < 0.08 * CROP_SIZE
