# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import made_motion
import numpy as np
import pytest
from made_motion import angles_between

from hund_blender.body import Body
from hund_blender.clip.cleanup import NATURAL, PRESETS, CleanUp, cleaned, standing
from hund_blender.clip.legs import stance
from hund_blender.clip.motion import Motion
from hund_blender.clip.skeleton import Skeleton
from hund_blender.rigs import RIGS

FPS = 30.0
RAW = CleanUp(strength=0.0, lock_feet=False, fill_s=0.0)


@pytest.fixture
def bones(body: Body) -> Skeleton:
    return made_motion.skeleton(body)


def heads(bones: Skeleton, motion: Motion) -> np.ndarray:
    return stance(bones, motion.rotations_wxyz, motion.root_m).heads


def jerks(points: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(points, 2, axis=0), axis=-1).mean())


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("rig", RIGS)
def test_noisy_walk_stands_still_and_stays_a_walk(body: Body, rig: str, preset: str) -> None:
    bones = made_motion.skeleton(body, rig)
    walk = made_motion.walk(bones, 150)
    shaky = made_motion.noisy(walk, slow_m=0.02)
    after = cleaned(shaky, bones, PRESETS[preset], FPS)
    down = standing(walk, bones, CleanUp(speed_m_s=0.3))  # truly
    before = made_motion.skate_mm(made_motion.soles_of(bones, shaky), down)
    assert before > 15
    assert made_motion.skate_mm(made_motion.soles_of(bones, after), down) < 2.0
    truth = heads(bones, walk)
    assert jerks(heads(bones, after)) < 0.2 * jerks(heads(bones, shaky))
    assert np.linalg.norm(heads(bones, after) - truth, axis=-1).mean() < 0.04


def test_no_strength_and_no_lock_is_the_raw_result(bones: Skeleton) -> None:
    shaky = made_motion.noisy(made_motion.walk(bones, 40))
    same = cleaned(shaky, bones, RAW, FPS)
    assert angles_between(same.rotations_wxyz, shaky.rotations_wxyz).max() < 1e-7
    assert np.allclose(same.root_m, shaky.root_m)


def test_more_strength_less_jitter(bones: Skeleton) -> None:
    shaky = made_motion.noisy(made_motion.still(bones, 120), degrees=3.0)
    left = [
        jerks(heads(bones, cleaned(shaky, bones, replace(RAW, strength=strength), FPS)))
        for strength in (0.0, 0.5, 1.0, 2.0)
    ]
    assert left == sorted(left, reverse=True)
    assert left[-1] < 0.1 * left[0]


def test_each_slider_has_its_part(bones: Skeleton) -> None:
    shaky = made_motion.noisy(made_motion.still(bones, 60))
    only_arms = CleanUp(
        root_s=0, height_s=0, trunk_s=0, head_s=0, legs_s=0, fingers_s=0, face_s=0, lock_feet=False
    )
    after = cleaned(shaky, bones, only_arms, FPS)
    changed = angles_between(after.rotations_wxyz, shaky.rotations_wxyz).max(0) > 1e-6
    assert {bones.parts[bone] for bone in np.flatnonzero(changed)} == {"Arms"}
    assert np.array_equal(after.root_m, shaky.root_m)


def test_faces_stay_between_0_and_1(bones: Skeleton) -> None:
    still = made_motion.still(bones, 60)
    blink = np.where((still.frames // 10) % 2, 1.0, 0.0)[:, None] * np.ones(52)
    after = cleaned(replace(still, facial_actions=blink), bones, CleanUp(), FPS)
    assert after.facial_actions.min() >= 0
    assert after.facial_actions.max() <= 1
    assert np.ptp(after.facial_actions, axis=0).min() > 0.9


def test_who_was_away_is_cleaned_in_pieces(bones: Skeleton) -> None:
    walk = made_motion.noisy(made_motion.walk(bones, 120))
    keep = (walk.frames < 40) | (walk.frames >= 80)
    gappy = replace(
        walk,
        frames=walk.frames[keep],
        seen=walk.seen[keep],
        rotations_wxyz=walk.rotations_wxyz[keep],
        root_m=walk.root_m[keep],
        facial_actions=walk.facial_actions[keep],
    )
    after = cleaned(gappy, bones, PRESETS[NATURAL], FPS)
    assert after.frames.tolist() == gappy.frames.tolist()
    alone = cleaned(gappy.part(slice(0, 40)), bones, PRESETS[NATURAL], FPS)
    assert np.allclose(after.part(slice(0, 40)).root_m, alone.root_m)


def test_other_frame_rate_first(bones: Skeleton) -> None:
    walk = made_motion.walk(bones, 60)
    assert len(cleaned(walk, bones, PRESETS[NATURAL], 24.0).frames) == 48
