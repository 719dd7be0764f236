# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace
from pathlib import Path

import numpy as np

from model_server.learning.samples.look_again import SeenAgain, plain_look, seen_again
from model_server.learning.samples.store import Samples, read_shard
from model_server.learning.shards import read_shard as read_kind
from model_server.learning.shards import write_shard


def test_the_truth_goes_with_whoever_was_seen_again(samples: Samples, tmp_path: Path) -> None:
    moved = replace(plain_look(samples, 5), landmarks_px=samples.landmarks_px[5] + 1)
    write_shard(seen_again(samples, [2, 5], [plain_look(samples, 2), moved]), tmp_path / "a.npz")
    again, plain = read_kind(SeenAgain, tmp_path / "a.npz"), read_shard(tmp_path / "a.npz")
    np.testing.assert_array_equal(plain.rotations, samples.rotations[[2, 5]])
    np.testing.assert_allclose(plain.landmarks_px[1], samples.landmarks_px[5] + 1, atol=1e-3)
    np.testing.assert_array_equal(again.plain_world, samples.world[[2, 5]])
