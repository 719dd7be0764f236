# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import torch

from model_server.crops import Box, crop_from_image, square_crop
from model_server.learning.encoder.config import MAP_PX
from model_server.learning.encoder.dataset import (
    Shard,
    crop_parts,
    crops_of,
    mirrored,
    told_of,
)
from model_server.learning.training.batch import mirrored as mirrored_people
from model_server.person_crop import CROP_PX, VIEW_PX


def test_truth_and_detection_share_the_crop(shard: Shard) -> None:
    crops, answers = crops_of(shard, np.arange(4), np.random.default_rng(0))
    assert torch.allclose(crops.landmarks, answers.places, atol=1e-5)
    assert crops.image.shape == (4, 3, CROP_PX, CROP_PX)
    assert crops.view.shape == (4, 3, VIEW_PX, VIEW_PX)


def test_parts_are_where_the_mask_is(shard: Shard) -> None:
    crops, answers = crops_of(shard, np.arange(4), None)
    step = CROP_PX // MAP_PX
    masks = crops.mask[:, 0, step // 2 :: step, step // 2 :: step] > 127
    assert ((answers.parts > 0) == masks).float().mean() > 0.93


def test_mirrored_twice_is_the_same(shard: Shard) -> None:
    batch = crops_of(shard, np.arange(4), None)
    once = mirrored(*batch)
    twice = mirrored(*once)
    assert (once[1].parts.unique() == torch.tensor([0, 12])).all()  # the right foot
    for before, after in zip(batch, twice, strict=True):
        for name, value in vars(before).items():
            assert torch.allclose(value.float(), getattr(after, name).float(), atol=1e-5), name


def test_parts_follow_the_crop() -> None:
    parts = np.zeros((160, 160), np.uint8)
    parts[40:80, 40:80] = 3
    crop = square_crop(Box(80, 80, 80, 80), CROP_PX)  # of the picture of twice the size
    cut = crop_parts(parts, crop_from_image(crop), 320)
    assert (cut == 3).all()


def test_what_the_detector_says_is_told_of_both_pictures(shard: Shard) -> None:
    crops, answers = crops_of(shard, np.arange(4), None)
    other = mirrored(crops, answers)[0]
    people = shard.people[torch.arange(4)]
    assert torch.allclose(crops.told, told_of(people), atol=1e-5)
    assert torch.allclose(other.told, told_of(mirrored_people(people)), atol=1e-5)
    assert (crops.told - other.told).abs().max() > 0.1
