# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_server.crops import Crop, apply_affine, camera_turn, crop_from_image
from model_server.hypotheses import (
    agreement,
    consensus,
    distinct,
    in_picture,
    peers,
    same_person,
    vote,
)
from model_server.landmark_names import POSE_MIRROR
from model_server.landmarks import PoseLandmarks
from tests.server.doubles import made_up_pose

MIRROR = list(POSE_MIRROR)
ways = st.tuples(st.integers(0, 3), st.booleans())


def as_seen_in(crop: Crop, look: PoseLandmarks) -> PoseLandmarks:
    """What a perfect detector would say of `look` in a crop."""
    turn = camera_turn(crop).T
    seen = replace(
        look,
        landmarks_px=apply_affine(crop_from_image(crop), look.landmarks_px),
        depth=look.depth / np.float32(crop.scale),
        world_m=look.world_m @ turn.T,
    )
    return _swapped(seen) if crop.mirrored else seen


def _swapped(look: PoseLandmarks) -> PoseLandmarks:
    return PoseLandmarks(
        look.landmarks_px[MIRROR],
        look.depth[MIRROR],
        look.visibility[MIRROR],
        look.presence[MIRROR],
        look.world_m[MIRROR],
    )


def shifted(look: PoseLandmarks, pixels: float, seed: int) -> PoseLandmarks:
    noise = np.random.default_rng(seed).normal(0, pixels, look.landmarks_px.shape)
    return replace(look, landmarks_px=(look.landmarks_px + noise).astype(np.float32))


@given(ways, st.integers(0, 20))
def test_landmarks_of_any_crop_come_back_exactly(way: tuple[int, bool], seed: int) -> None:
    look = made_up_pose(seed)
    look = replace(look, visibility=np.linspace(0.1, 0.9, 33).astype(np.float32))
    crop = Crop(-20, 35, 300, 384, *way)
    back = in_picture(as_seen_in(crop, look), crop)
    np.testing.assert_allclose(back.landmarks_px, look.landmarks_px, atol=1e-3)
    np.testing.assert_allclose(back.world_m, look.world_m, atol=1e-5)
    np.testing.assert_allclose(back.depth, look.depth, atol=1e-3)
    np.testing.assert_array_equal(back.visibility, look.visibility)


def test_the_vote_goes_to_those_who_agree_not_to_the_surest() -> None:
    truth = made_up_pose(1, visibility=0.6)
    honest = [shifted(truth, 1, seed) for seed in range(4)]
    sure_but_wrong = [made_up_pose(seed, visibility=0.99) for seed in range(5, 8)]
    result = vote([*sure_but_wrong, *honest])
    assert all(any(result.hypotheses[i] is look for look in honest) for i in range(4))
    assert result.support[0].mean() > result.support[-1].mean()


def test_the_order_of_looks_does_not_matter() -> None:
    looks = [shifted(made_up_pose(1), 3, seed) for seed in range(3)] + [made_up_pose(9)]
    forth, back = vote(looks), vote(looks[::-1])
    assert all(a is b for a, b in zip(forth.hypotheses, back.hypotheses, strict=True))
    np.testing.assert_allclose(forth.support, back.support, atol=1e-6)


def test_a_person_with_swapped_sides_is_the_same_person() -> None:
    look = made_up_pose(2)
    assert same_person(look, _swapped(look))
    aside = replace(look, landmarks_px=look.landmarks_px + np.float32(400))
    assert not same_person(look, aside)


def test_agreement_falls_with_distance() -> None:
    look = made_up_pose(3)
    values = [agreement(look, shifted(look, px, 0)) for px in (0, 2, 5, 20)]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(1)


def test_only_looks_that_differ_are_kept() -> None:
    look = made_up_pose(4)
    person = vote([look, shifted(look, 0.5, 0), shifted(look, 0.5, 1), made_up_pose(5)])
    assert len(distinct(person, 4).hypotheses) == 2
    assert distinct(person, 1).hypotheses[0] is person.hypotheses[0]
    assert distinct(person, 4).support.shape == (2, 33)
    assert len(peers(person.pose, person.hypotheses)) == 3


def test_errors_of_agreeing_looks_average_out() -> None:
    truth = made_up_pose(2)
    looks = [shifted(truth, 3, seed) for seed in range(8)]
    liar = replace(truth, landmarks_px=truth.landmarks_px[::-1].copy())

    def off(look: PoseLandmarks) -> float:
        return float(np.linalg.norm(look.landmarks_px - truth.landmarks_px, axis=1).mean())

    together = consensus(looks[0], [*looks, liar])
    assert off(together) < 0.5 * min(off(look) for look in looks)
    np.testing.assert_allclose(together.visibility, truth.visibility, atol=1e-6)


def test_what_one_look_sees_elsewhere_does_not_move_the_others() -> None:
    truth = made_up_pose(3)
    slipped = truth.landmarks_px.copy()
    slipped[15] += 80  # a wrist
    together = consensus(truth, [truth, truth, replace(truth, landmarks_px=slipped)])
    np.testing.assert_allclose(together.landmarks_px, truth.landmarks_px, atol=1)


def test_alone_a_look_stays_as_it_is() -> None:
    for look in (made_up_pose(4), made_up_pose(4, visibility=0.0)):
        together = consensus(look, [look])
        np.testing.assert_allclose(together.landmarks_px, look.landmarks_px, atol=1e-3)
        np.testing.assert_allclose(together.world_m, look.world_m, atol=1e-6)
