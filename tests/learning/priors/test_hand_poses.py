# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.learning.mocap import so3
from model_server.learning.priors.grips import GRIPS
from model_server.learning.priors.hand_poses import (
    FINGER_REACH,
    SPOTS,
    THUMB_PAD,
    THUMB_REACH,
    HandAngles,
    HandSampler,
    Spot,
)


@pytest.fixture(scope="module")
def sampler() -> HandSampler:
    return HandSampler.of_adult()


def test_hands_stay_within_reach(sampler: HandSampler) -> None:
    hands = sampler.sample_angles(np.random.default_rng(0), 500)
    for angles, reach in ((hands.thumb, THUMB_REACH), (hands.bends, FINGER_REACH)):
        assert (angles >= reach[:, 0] - 1e-9).all()
        assert (angles <= reach[:, 1] + 1e-9).all()
    assert np.abs(hands.sideways()).max() < np.radians(60)


def test_every_grip_is_within_reach() -> None:
    for grip in GRIPS.values():
        bends, thumb = np.radians(grip.fingers), np.radians([*vars(grip.thumb).values()])
        assert (bends >= FINGER_REACH[:2, 0]).all()
        assert (bends <= FINGER_REACH[:2, 1]).all()
        assert (thumb >= THUMB_REACH[:, 0]).all()
        assert (thumb <= THUMB_REACH[:, 1]).all()


def test_the_same_seed_gives_the_same_rotations(sampler: HandSampler) -> None:
    first, second = (sampler.sample(np.random.default_rng(4), 30) for _ in range(2))
    assert np.array_equal(first, second)
    assert first.dtype == np.float32
    assert np.abs(first @ so3.transposed(first) - np.eye(3)).max() < 1e-5


def test_angles_of_the_reference_turn_nothing(sampler: HandSampler) -> None:
    along = sampler.along[0, 0]
    thumb = [np.arctan2(along[1], along[0]), np.arcsin(along[2]), 0, 0, 0]
    bends = np.concatenate([sampler.knuckle[:, None], sampler.reference_bends], 1)
    hands = HandAngles(np.array([thumb]), bends[None], np.zeros(1), np.zeros((1, 4)))
    hands.wobble[:] = (sampler.sideways - hands.sideways()) / (1 - bends[:, 0] / np.radians(80))
    np.testing.assert_allclose(
        sampler.rotations(hands)[0], np.tile(np.eye(3), (15, 1, 1)), atol=1e-9
    )


def test_bending_brings_fingertips_to_their_knuckles(sampler: HandSampler) -> None:
    names = list(GRIPS)
    hands = sampler.grip_angles(np.array([names.index("flat"), names.index("fist")]))
    fingers = sampler._fingers(hands)
    for finger in range(1, 5):
        tips = sampler.skin(fingers[:, finger - 1], Spot(finger, 2, 1.0))
        flat, fist = np.linalg.norm(
            tips - sampler.joints[finger, 0] @ sampler.body_from_hand, axis=1
        )
        assert fist < 0.6 * flat


def test_touching_hands_touch(sampler: HandSampler) -> None:
    names = [name for name, grip in GRIPS.items() if grip.touches]
    hands = sampler.grip_angles(np.array([list(GRIPS).index(name) for name in names]))
    spots = np.array([GRIPS[name].touches for name in names])
    hands = sampler.touching(hands, spots)
    thumb = sampler.skin(sampler._thumb(hands.thumb), THUMB_PAD)
    fingers = sampler._fingers(hands)
    for row, name in enumerate(names):
        spot = SPOTS[spots[row]]
        finger = sampler.skin(fingers[row : row + 1, spot.finger - 1], spot)[0]
        assert np.linalg.norm(finger - thumb[row]) < 0.004, name
