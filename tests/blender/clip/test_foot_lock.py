# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts, legs and locked feet, by somebody whose true steps are known."""

from dataclasses import replace

import made_motion
import numpy as np
import pytest
from made_motion import angles_between

from hund_blender.body import Body
from hund_blender.clip.contacts import ContactLimits, contacts, runs
from hund_blender.clip.foot_lock import LockSettings, locked
from hund_blender.clip.legs import reached, rise_m, stance
from hund_blender.clip.motion import Motion
from hund_blender.clip.quaternions import logarithm
from hund_blender.clip.root_shift import chained
from hund_blender.clip.skeleton import Skeleton

FPS = 30.0
RNG = np.random.default_rng(3)


@pytest.fixture
def bones(body: Body) -> Skeleton:
    return made_motion.skeleton(body)


@pytest.fixture
def walk(bones: Skeleton) -> Motion:
    return made_motion.walk(bones, 150)


def found_contacts(bones: Skeleton, motion: Motion) -> np.ndarray:
    soles = made_motion.soles_of(bones, motion)
    return contacts(soles, motion.fps, bones.leg_m, ContactLimits())


def lock(bones: Skeleton, motion: Motion, down: np.ndarray, **settings: float) -> Motion:
    rotations, root = locked(
        bones, motion.rotations_wxyz, motion.root_m, down, FPS, LockSettings(**settings)
    )
    return replace(motion, rotations_wxyz=rotations, root_m=root)


def knees_deg(bones: Skeleton, motion: Motion) -> np.ndarray:
    shins = [leg.shin for leg in bones.legs]
    return np.degrees(np.linalg.norm(logarithm(motion.rotations_wxyz[:, shins]), axis=-1))


def test_steps_are_found(bones: Skeleton, walk: Motion) -> None:
    seconds = walk.frames / FPS
    for side, down in enumerate(found_contacts(bones, walk).any(2).T):
        _, lift = made_motion.foot_path(seconds + side * made_motion.STEP_S)
        assert not down[lift > 0.08].any()
        assert down[lift == 0].mean() > 0.95
        steps = [run for run in runs(lift == 0) if run.stop - run.start > 3]
        assert len(list(runs(down))) == len(steps)


def test_nobody_stands_in_the_air(bones: Skeleton) -> None:
    """A jump of 0.4 s: the feet are as slow at its top as on the floor."""
    jump = made_motion.still(bones, 60)
    time_s = np.clip((jump.frames - 30) / FPS, -0.3, 0.3)
    jump.root_m[:, 2] += 0.5 * 9.81 * (0.3**2 - time_s**2)
    down = found_contacts(bones, jump).any((1, 2))
    assert down[:18].all()
    assert down[-18:].all()
    assert not down[26:35].any()


def test_legs_reach(bones: Skeleton, walk: Motion) -> None:
    leg = bones.legs[0]
    stands = stance(bones, walk.rotations_wxyz, walk.root_m)
    ankles = stands.heads[:, leg.foot] + 0.04 * RNG.normal(size=(150, 3)) + [0, 0, 0.05]
    rotations = walk.rotations_wxyz.copy()
    wanted = stands.turns_wxyz[:, leg.foot]
    chain = [leg.thigh, leg.shin, leg.foot]
    rotations[:, chain] = reached(bones, leg, stands, ankles, wanted)
    after = stance(bones, rotations, walk.root_m)
    near = np.linalg.norm(ankles - stands.heads[:, leg.thigh], axis=-1) < 0.99 * bones.leg_m
    assert near.mean() > 0.8
    assert np.abs(after.heads[near, leg.foot] - ankles[near]).max() < 1e-6
    assert angles_between(after.turns_wxyz[:, leg.foot], wanted).max() < 1e-6
    others = [bone for bone in range(len(bones.names)) if bone not in chain]
    assert np.array_equal(rotations[:, others], walk.rotations_wxyz[:, others])


def test_legs_that_are_where_they_shall_be_stay(bones: Skeleton, walk: Motion) -> None:
    leg = bones.legs[1]
    stands = stance(bones, walk.rotations_wxyz, walk.root_m)
    same = reached(bones, leg, stands, stands.heads[:, leg.foot], stands.turns_wxyz[:, leg.foot])
    chain = [leg.thigh, leg.shin, leg.foot]
    assert angles_between(same, walk.rotations_wxyz[:, chain]).max() < 1e-4


def test_chain_is_solved_as_the_whole_matrix_would_be() -> None:
    near, held = RNG.random(20) + 0.1, RNG.random(19)
    wanted, steps = RNG.normal(size=(20, 2)), RNG.normal(size=(19, 2))
    differences = np.diff(np.eye(20), axis=0)
    matrix = np.diag(near) + differences.T @ np.diag(held) @ differences
    expected = np.linalg.solve(matrix, wanted + differences.T @ steps)
    assert np.allclose(chained(near, held, wanted, steps), expected)


def test_who_does_not_slide_is_left_alone(bones: Skeleton, walk: Motion) -> None:
    same = lock(bones, walk, found_contacts(bones, walk))
    assert np.abs(same.root_m - walk.root_m).max() < 0.012
    moved = np.degrees(angles_between(same.rotations_wxyz, walk.rotations_wxyz))
    assert moved.mean() < 0.1


@pytest.mark.parametrize("slide_m_s", [0.1, 0.3])
def test_sliding_feet_stand_still(bones: Skeleton, walk: Motion, slide_m_s: float) -> None:
    drift = slide_m_s * walk.frames[:, None] / FPS * [1.0, 0.3, 0.0]
    sliding = replace(walk, root_m=walk.root_m + drift)
    down = found_contacts(bones, sliding)
    before = made_motion.skate_mm(made_motion.soles_of(bones, sliding), down)
    after = made_motion.skate_mm(made_motion.soles_of(bones, lock(bones, sliding, down)), down)
    assert before > 1000 * slide_m_s / FPS * 0.9
    assert after < 0.1


def test_feet_come_to_the_floor_and_hips_with_them(bones: Skeleton, walk: Motion) -> None:
    floating = replace(walk, root_m=walk.root_m + np.array([0.0, 0.0, 0.06]))
    down = found_contacts(bones, floating)
    snapped = lock(bones, floating, down)
    heights = made_motion.soles_of(bones, snapped)[..., 2]
    assert np.abs(heights[down]).max() < 1e-6
    assert heights.min() > -1e-6
    assert np.abs(snapped.root_m[:, 2] - walk.root_m[:, 2]).max() < 0.02
    left = made_motion.soles_of(bones, lock(bones, floating, down, floor=0.0))[..., 2]
    assert abs(left[down].mean() - 0.06) < 0.01


def test_knees_do_not_pop(bones: Skeleton, walk: Motion) -> None:
    drift = 0.2 * walk.frames[:, None] / FPS * [0.0, 1.0, 0.0]
    sliding = replace(walk, root_m=walk.root_m + drift + [0, 0, 0.03])
    after = lock(bones, sliding, found_contacts(bones, sliding))
    jerks_deg = np.abs(np.diff(knees_deg(bones, after), 2, axis=0))
    assert jerks_deg.max() < 10  # per frame, and frame; recorded walks have up to 20
    assert np.percentile(jerks_deg, 90) < 2


def straddling(bones: Skeleton, motion: Motion, apart_m: np.ndarray) -> Motion:
    """The same with feet so much farther apart (F,), knees as bent, and hips as low as it takes."""
    stands = stance(bones, motion.rotations_wxyz, motion.root_m)
    ankles = [stands.heads[:, leg.foot] for leg in bones.legs]
    aside = ankles[0] - ankles[1]
    aside = apart_m[:, None] * aside / np.linalg.norm(aside, axis=-1, keepdims=True)
    ankles = [ankles[0] + aside / 2, ankles[1] - aside / 2]
    lower = np.outer(rise_m(bones.legs[0], stands, ankles[0]), [0.0, 0.0, 1.0])
    rotations = motion.rotations_wxyz.copy()
    for leg, places in zip(bones.legs, ankles, strict=True):
        feet = stands.turns_wxyz[:, leg.foot]
        chain = [leg.thigh, leg.shin, leg.foot]
        rotations[:, chain] = reached(bones, leg, stands.moved(lower), places, feet)
    return replace(motion, rotations_wxyz=rotations, root_m=motion.root_m + lower)


def test_knees_stay_as_bent_where_feet_are_held_in_place(bones: Skeleton) -> None:
    still = made_motion.still(bones, 120)
    seen = straddling(bones, still, 0.2 + 0.15 * np.sin(np.arange(120) / 8))
    down = np.ones((120, 2, 2), bool)
    assert made_motion.skate_mm(made_motion.soles_of(bones, seen), down) > 5
    after = lock(bones, seen, down)
    assert made_motion.skate_mm(made_motion.soles_of(bones, after), down) < 0.1
    bends = knees_deg(bones, after) - knees_deg(bones, seen)
    assert np.abs(bends).max() < 5.0


def test_hip_rises_until_the_leg_is_as_long_as_before(bones: Skeleton, walk: Motion) -> None:
    leg = bones.legs[0]
    stands = stance(bones, walk.rotations_wxyz, walk.root_m)
    ankles = stands.heads[:, leg.foot] + 0.03 * RNG.normal(size=(150, 3))
    raised = stands.moved(np.outer(rise_m(leg, stands, ankles), [0.0, 0.0, 1.0]))
    lengths = np.linalg.norm(raised.heads[:, leg.thigh] - ankles, axis=-1)
    before = np.linalg.norm(stands.heads[:, leg.thigh] - stands.heads[:, leg.foot], axis=-1)
    assert np.allclose(lengths, before)


def test_foot_out_of_reach_pulls_the_hips_down(bones: Skeleton) -> None:
    """Somebody on tiptoe legs: straight, and seen 8 cm too high."""
    high = made_motion.still(bones, 60)
    high = replace(high, root_m=high.root_m + np.array([0.0, 0.0, 0.08]))
    down = np.ones((60, 2, 2), bool)
    after = lock(bones, high, down)
    assert np.abs(made_motion.soles_of(bones, after)[..., 2]).max() < 1e-3


def test_foot_turns_about_the_heel_that_is_down(bones: Skeleton) -> None:
    """The toe comes down while the heel slides: the heel stands, and the toe where it lands."""
    motion = made_motion.walk(bones, 20)
    motion = replace(motion, root_m=motion.root_m + 0.004 * motion.frames[:, None] * [1, 0, 0])
    down = np.zeros((20, 2, 2), bool)
    down[2:14, 0, 0] = True
    down[6:18, 0, 1] = True
    soles = made_motion.soles_of(bones, lock(bones, motion, down))
    assert np.ptp(soles[2:14, 0, 0], axis=0).max() < 1e-6
    assert np.ptp(soles[6:18, 0, 1], axis=0).max() < 1e-6


def test_nothing_down_nothing_changes(bones: Skeleton, walk: Motion) -> None:
    assert lock(bones, walk, np.zeros((150, 2, 2), bool)).root_m is walk.root_m


def test_who_stands_on_a_roof_stays_there(bones: Skeleton, walk: Motion) -> None:
    up = replace(walk, root_m=walk.root_m + np.array([0.0, 0.0, 3.0]))
    down = found_contacts(bones, up)
    after = lock(bones, up, down)
    assert np.abs(after.root_m - up.root_m).max() < 0.03
    assert made_motion.skate_mm(made_motion.soles_of(bones, after), down) < 0.1


def test_steps_far_from_the_floor_are_steps(bones: Skeleton) -> None:
    """Two steps of a stair, 0.4 m high: only the first stands on the floor."""
    stairs = made_motion.still(bones, 90)
    stairs.root_m[30:, 2] += 0.4
    stairs.root_m[60:, 2] += 0.4
    down = np.ones((90, 2, 2), bool)
    down[28:32] = down[58:62] = False
    heights = made_motion.soles_of(bones, lock(bones, stairs, down))[..., 2]
    assert 0.3 < heights[80].mean() - heights[45].mean() < 0.5
    assert 0.3 < heights[45].mean() - heights[10].mean() < 0.5
