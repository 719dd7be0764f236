# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import cv2
import numpy as np

from model_server.learning.samples.pictures import decode, encode, read_pictures, write_pictures


def smooth_picture(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).uniform(0, 255, (10, 10, 3)).astype(np.uint8)
    return cv2.resize(noise, (320, 320), interpolation=cv2.INTER_CUBIC)


def test_pictures_come_back_in_order(tmp_path: Path) -> None:
    images = [smooth_picture(seed) for seed in range(3)]
    parts = [
        np.kron(np.eye(2, dtype=np.uint8), np.full((160, 160), k, np.uint8)) for k in (1, 5, 15)
    ]
    masks = [np.where(p > 0, 0.8, 0.0).astype(np.float32) for p in parts]
    shard = tmp_path / "0000.npz"
    write_pictures([encode(*row) for row in zip(images, parts, masks, strict=True)], shard)
    read = [decode(picture) for picture in read_pictures(shard)]
    assert len(read) == 3
    for (image, small_parts, mask), true_image, true_parts in zip(read, images, parts, strict=True):
        assert np.abs(image.astype(float) - true_image).mean() < 4
        assert (small_parts == true_parts[::2, ::2]).all()
        assert abs(mask[10, 10] / 255 - 0.8) < 0.01
        assert mask[10, 70] == 0
