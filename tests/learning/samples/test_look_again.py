# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace
from pathlib import Path

import numpy as np

from model_server.landmarks import PoseLandmarks
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.samples.look_again import SeenAgain, seen_again, true_places, who_is_at
from model_server.learning.samples.store import Samples, read_shard
from model_server.learning.shards import read_shard as read_kind
from model_server.learning.shards import write_shard


def look_at(samples: Samples, row: int) -> PoseLandmarks:
    return PoseLandmarks(
        samples.landmarks_px[row],
        samples.depth[row],
        samples.visibility[row],
        samples.visibility[row],
        samples.world[row],
    )


def test_a_good_detector_sees_landmarks_in_their_true_places(
    samples: Samples, landmark_model: LandmarkModel
) -> None:
    apart = true_places(samples, landmark_model) - samples.landmarks_px
    np.testing.assert_allclose(apart.std(), 1, rtol=0.1)  # pixels, as the detector was made


def test_a_person_is_whoever_is_in_their_place(
    samples: Samples, landmark_model: LandmarkModel
) -> None:
    places = true_places(samples, landmark_model)[0]
    look = look_at(samples, 0)
    width = np.ptp(places, axis=0).max()
    neighbour = replace(look, landmarks_px=look.landmarks_px + width)
    assert who_is_at(places, [neighbour, look]) is look
    assert who_is_at(places, [neighbour]) is None
    assert who_is_at(places, []) is None


def test_the_truth_goes_with_whoever_was_seen_again(samples: Samples, tmp_path: Path) -> None:
    moved = replace(look_at(samples, 5), landmarks_px=samples.landmarks_px[5] + 1)
    write_shard(seen_again(samples, [2, 5], [look_at(samples, 2), moved]), tmp_path / "a.npz")
    again, plain = read_kind(SeenAgain, tmp_path / "a.npz"), read_shard(tmp_path / "a.npz")
    np.testing.assert_array_equal(plain.rotations, samples.rotations[[2, 5]])
    np.testing.assert_allclose(plain.landmarks_px[1], samples.landmarks_px[5] + 1, atol=1e-3)
    np.testing.assert_array_equal(again.plain_world, samples.world[[2, 5]])
