# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from model_server.hands import CROP_SIZE
from model_server.learning.details.encoder import SMALL, DetailEncoder
from model_server.learning.details.train import encode
from model_server.learning.encoder.config import MAP_PX
from model_server.learning.hands.hand_model import read_offsets
from model_server.learning.hands.lesson import CONTENTS, HandLesson, load
from model_server.learning.hands.parts import HAND_PARTS, PARTS, PARTS_PX, shown_parts
from model_server.learning.hands.store import HandSamples
from model_server.learning.samples.picture_files import jpeg_of, png_of, write_columns
from model_server.learning.shards import write_shard
from tests.learning.hands.made_up import COUNT, made_up

TIP = 12  # of the middle finger
MIDDLE = 1 + HAND_PARTS.index("middle")
ROWS = np.arange(COUNT)


def in_crops(samples: HandSamples) -> HandSamples:
    """The same hands, each in the middle of a crop of its own."""
    px = samples.landmarks_px
    middle = px.mean(1, keepdims=True)
    zoom = 40 / np.abs(px - middle).mean((1, 2))[:, None, None]

    def cropped(points: np.ndarray) -> np.ndarray:
        return ((points - middle) * zoom + CROP_SIZE / 2).astype(np.float32)

    return replace(
        samples,
        landmarks_px=cropped(px),
        center_px=cropped(samples.center_px[:, None])[:, 0],
        focal_px=samples.focal_px * zoom[:, 0, 0],
    )


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> HandLesson:
    """Pictures in which only the tip of the middle finger is painted."""
    path = tmp_path_factory.mktemp("hands") / "0000.npz"
    samples = in_crops(made_up(read_offsets()))
    parts = [np.zeros((PARTS_PX, PARTS_PX), np.uint8) for _ in range(COUNT)]
    for each, tip in zip(parts, samples.landmarks_px[:, TIP], strict=True):
        cv2.circle(each, tuple((tip * PARTS_PX / CROP_SIZE).astype(int).tolist()), 6, MIDDLE, -1)
    blank = jpeg_of(np.full((CROP_SIZE, CROP_SIZE, 3), 90, np.uint8))
    write_columns({"image": [blank] * COUNT, "parts": [png_of(each) for each in parts]}, path)
    write_shard(samples, path)
    return load([path])


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_part_maps_and_places_share_the_crop(lesson: HandLesson, seed: int | None) -> None:
    rng = None if seed is None else np.random.default_rng(seed)
    crops, answers = lesson.drawn(ROWS, rng)
    tips = answers.places[:, TIP]
    there = (tips - 0.5).abs().amax(1) < 0.45
    cells = (tips[there] * MAP_PX).long()
    shown = answers.parts[there.nonzero()[:, 0], cells[:, 1], cells[:, 0]]
    assert there.sum() > 20
    assert (shown == MIDDLE).float().mean() > 0.95
    torch.testing.assert_close(crops.landmarks, answers.places, atol=1e-3, rtol=0)


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_turns_and_joints_are_in_the_axes_of_the_crop(lesson: HandLesson, seed: int | None) -> None:
    rng = None if seed is None else np.random.default_rng(seed)
    _, answers = lesson.drawn(ROWS, rng)
    in_space = answers.joints[:, TIP, :2]
    in_crop = answers.places[:, TIP] - answers.places[:, 0]
    clear = in_space.norm(dim=1) > 0.8  # not towards the camera
    along = torch.nn.functional.cosine_similarity(in_space, in_crop)[clear]
    assert clear.sum() > 10
    assert along.median() > 0.98
    by_palm = answers.joints @ answers.palm
    assert torch.allclose(by_palm, lesson.joints @ lesson.palm, atol=1e-4)


def test_an_encoder_can_be_asked_and_judged(lesson: HandLesson) -> None:
    torch.manual_seed(0)
    crops, answers = lesson.drawn(ROWS[:4], None)
    encoded = encode(DetailEncoder(SMALL, CONTENTS), crops)
    assert encoded.heat.shape == (4, 21, MAP_PX, MAP_PX)
    assert encoded.parts.shape == (4, 1 + PARTS, MAP_PX, MAP_PX)
    terms = lesson.terms(encoded, answers)
    assert {"parts", "heat", "places", "turn", "bends", "joints"} == set(terms)
    assert all(torch.isfinite(term) for term in terms.values())


def test_the_other_hand_is_elsewhere() -> None:
    rendered = np.zeros((256, 256), np.uint8)
    rendered[:, 128:] = 3  # the left thumb: the person, the left palm and it
    left, right = shown_parts(rendered, "left"), shown_parts(rendered, "right")
    assert left.shape == (PARTS_PX, PARTS_PX)
    assert set(np.unique(left)) == {0, 1 + HAND_PARTS.index("thumb")}
    assert set(np.unique(right)) == {0, PARTS}
