# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import made_motion
import numpy as np
import pytest
from made_motion import angles_between

from hund_blender.body import Body
from hund_blender.clip.cleanup import NATURAL, PRESETS, cleaned
from hund_blender.clip.keys import (
    ADAPTIVE,
    BEZIER,
    CONSTANT,
    EVERY,
    EVERY_NTH,
    LINEAR,
    ONLY,
    Channel,
    KeySettings,
    keys_of,
)
from hund_blender.clip.motion import Motion
from hund_blender.clip.quaternions import normalised
from hund_blender.clip.reduction import reduced
from hund_blender.clip.skeleton import Skeleton


@pytest.fixture
def bones(body: Body) -> Skeleton:
    return made_motion.skeleton(body)


@pytest.fixture
def walk(bones: Skeleton) -> Motion:
    return cleaned(made_motion.noisy(made_motion.walk(bones, 120)), bones, PRESETS[NATURAL], 30.0)


def plays(channel: Channel, frames: np.ndarray) -> np.ndarray:
    """What Blender shows of keys, as its manual has it: lines, or Hermite curves."""
    result = np.empty((len(frames), channel.values.shape[1]))
    for row, frame in enumerate(frames):
        right = min(int(np.searchsorted(channel.frames, frame)), len(channel.frames) - 1)
        if channel.frames[right] == frame:
            result[row] = channel.values[right]
            continue
        a, b = channel.frames[right - 1], channel.frames[right]
        t, start, end = (frame - a) / (b - a), *channel.values[right - 1 : right + 1]
        if channel.slopes is None:
            result[row] = start + t * (end - start)
        else:
            first, last = (b - a) * channel.slopes[right - 1 : right + 1]
            result[row] = (
                (2 * t**3 - 3 * t**2 + 1) * start
                + (t**3 - 2 * t**2 + t) * first
                + (3 * t**2 - 2 * t**3) * end
                + (t**3 - t**2) * last
            )
    return result


def test_every_frame(bones: Skeleton, walk: Motion) -> None:
    keys = keys_of(walk, bones, KeySettings(start=101))
    assert keys.root.frames.tolist() == list(range(101, 221))
    assert np.array_equal(keys.root.values, walk.root_m)
    assert len(keys.rotations) == 104
    assert np.array_equal(keys.rotations[5].values, walk.rotations_wxyz[:, 5])
    assert len(keys.facial_actions) == 52
    assert not keys.root.holds.any()


def test_every_nth_with_the_last(bones: Skeleton, walk: Motion) -> None:
    keys = keys_of(walk, bones, KeySettings(EVERY_NTH, every=50))
    assert keys.rotations[0].frames.tolist() == [1, 51, 101, 120]


def test_only_some_frames(bones: Skeleton, walk: Motion) -> None:
    keys = keys_of(walk, bones, KeySettings(ONLY, only=(10, 40, 500)))
    assert keys.root.frames.tolist() == [10, 40]
    assert keys_of(walk, bones, KeySettings(ONLY)).root.frames.tolist() == [1]  # never nothing


def test_stills_are_spaced(bones: Skeleton, walk: Motion) -> None:
    three = walk.part(slice(0, 3))
    assert keys_of(three, bones, KeySettings(spacing=12)).root.frames.tolist() == [1, 13, 25]


@pytest.mark.parametrize("interpolation", [LINEAR, BEZIER])
@pytest.mark.parametrize("angle_deg", [0.3, 2.0])
def test_adaptive_keys_play_within_bounds(
    bones: Skeleton, walk: Motion, interpolation: str, angle_deg: float
) -> None:
    settings = KeySettings(ADAPTIVE, angle_deg=angle_deg, interpolation=interpolation)
    keys = keys_of(walk, bones, settings)
    frames = np.arange(1, 121)
    shown = normalised(np.stack([plays(channel, frames) for channel in keys.rotations], 1))
    off_deg = np.degrees(angles_between(shown, walk.rotations_wxyz))
    assert off_deg.max() <= angle_deg + 1e-6
    assert sum(len(channel.frames) for channel in keys.rotations) < 0.5 * 120 * 104
    root = plays(keys.root, frames)
    hands_and_feet = [
        bones.placed(bones.turns(turns), place)[:, bones.limb_ends]
        for turns, place in ((shown, root), (walk.rotations_wxyz, walk.root_m))
    ]
    off_m = np.linalg.norm(hands_and_feet[0] - hands_and_feet[1], axis=-1)
    assert off_m.max() <= settings.distance_m + 1e-9


def test_curves_need_fewer_keys_than_lines_and_looser_bounds_fewer_still(
    bones: Skeleton, walk: Motion
) -> None:
    def count(interpolation: str, angle_deg: float, distance_m: float) -> int:
        settings = KeySettings(
            ADAPTIVE, angle_deg=angle_deg, distance_m=distance_m, interpolation=interpolation
        )
        return sum(len(channel.frames) for channel in keys_of(walk, bones, settings).rotations)

    counts = [count(LINEAR, 0.5, 0.003), count(BEZIER, 0.5, 0.003), count(BEZIER, 2.0, 0.01)]
    assert counts == sorted(counts, reverse=True)
    assert counts[1] < 0.8 * counts[0]


def test_what_does_not_move_has_two_keys(bones: Skeleton) -> None:
    keys = keys_of(made_motion.still(bones, 90), bones, KeySettings(ADAPTIVE))
    assert all(channel.frames.tolist() == [1, 90] for channel in keys.rotations)
    assert all(channel.frames.tolist() == [1, 90] for channel in keys.facial_actions)


def test_steps_have_all_keys(bones: Skeleton, walk: Motion) -> None:
    keys = keys_of(walk, bones, KeySettings(ADAPTIVE, interpolation=CONSTANT))
    assert len(keys.root.frames) == 120


@pytest.mark.parametrize("which", [EVERY, EVERY_NTH, ADAPTIVE])
def test_who_is_away_holds_still(bones: Skeleton, walk: Motion, which: str) -> None:
    keep = (walk.frames < 40) | (walk.frames >= 80)
    gappy = replace(
        walk,
        frames=walk.frames[keep],
        seen=walk.seen[keep],
        rotations_wxyz=walk.rotations_wxyz[keep],
        root_m=walk.root_m[keep],
        facial_actions=walk.facial_actions[keep],
    )
    keys = keys_of(gappy, bones, KeySettings(which, interpolation=BEZIER))
    for channel in (keys.root, *keys.rotations):
        assert channel.frames[channel.holds].tolist() == [40]
        assert {40, 81} <= set(channel.frames.tolist())


def test_a_line_with_a_corner_needs_three_keys() -> None:
    values = np.abs(np.arange(21.0) - 7)[:, None, None]

    def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.abs(a - b)[..., 0]

    keyed = reduced(values, None, distance, np.array([0.01]), np.zeros((21, 1), bool))
    assert np.flatnonzero(keyed[:, 0]).tolist() == [0, 7, 20]
