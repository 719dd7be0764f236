# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import pytest

from model_server.learning.samples.people import PICTURE_PX
from model_server.learning.samples.store import Samples, read_shards
from model_server.learning.shards import joined, write_shard


def test_most_people_are_in_the_picture_and_all_before_the_camera(samples: Samples) -> None:
    inside = ((samples.landmarks_px > 0) & (samples.landmarks_px < PICTURE_PX)).all(2).mean()
    assert inside > 0.8
    assert (samples.translation[:, 2] > 0.3).all()


def test_shards_come_back_as_they_were(samples: Samples, tmp_path: Path) -> None:
    write_shard(samples, tmp_path / "0.npz")
    write_shard(samples, tmp_path / "1.npz")
    back = read_shards(tmp_path)
    assert len(back) == 2 * len(samples)
    assert np.array_equal(back.world, joined([samples, samples]).world)


def test_no_samples_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"samples\.generate"):
        read_shards(tmp_path)
