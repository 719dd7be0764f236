# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import made_motion
import numpy as np
import pytest
from made_motion import angles_between

from hund_blender.body import Body
from hund_blender.clip.motion import Motion, filled, joined, resampled


@pytest.fixture
def walk(body: Body) -> Motion:
    return made_motion.walk(made_motion.skeleton(body), 60)


def without(motion: Motion, *frames: int) -> Motion:
    keep = ~np.isin(motion.frames, frames)
    return replace(
        motion,
        frames=motion.frames[keep],
        seen=motion.seen[keep],
        rotations_wxyz=motion.rotations_wxyz[keep],
        root_m=motion.root_m[keep],
        facial_actions=motion.facial_actions[keep],
    )


def test_short_gaps_are_filled_and_marked(walk: Motion) -> None:
    whole = filled(without(walk, 20, 21, 22), 0.2)
    assert whole.frames.tolist() == list(range(60))
    assert np.flatnonzero(~whole.seen).tolist() == [20, 21, 22]
    assert np.degrees(angles_between(whole.rotations_wxyz, walk.rotations_wxyz)).max() < 8
    assert np.abs(whole.root_m - walk.root_m).max() < 0.01


def test_long_gaps_stay(walk: Motion) -> None:
    gone = without(walk, *range(20, 40))
    kept = filled(gone, 0.5)
    assert kept.frames.tolist() == gone.frames.tolist()
    assert [part.start for part in kept.segments] == [0, 20]
    assert joined([gone.part(s) for s in gone.segments]).frames.tolist() == gone.frames.tolist()


def test_another_rate_keeps_time(walk: Motion) -> None:
    at_24 = resampled(walk, 24.0)
    assert len(at_24.frames) == 48  # 59/30 s
    assert at_24.fps == 24.0
    wanted = np.interp(at_24.frames / 24.0, walk.frames / 30.0, walk.root_m[:, 1])
    assert np.allclose(at_24.root_m[:, 1], wanted)
    assert np.array_equal(resampled(walk, 29.97).root_m, walk.root_m)


def test_another_rate_keeps_gaps_and_marks(walk: Motion) -> None:
    gappy = without(replace(walk, seen=walk.frames != 10), *range(20, 40))
    at_60 = resampled(gappy, 60.0)
    assert len(at_60.segments) == 2
    assert set(at_60.frames[~at_60.seen].tolist()) <= {19, 20, 21}
    assert not at_60.seen.all()


def test_one_frame_is_a_motion(walk: Motion) -> None:
    one = walk.part(slice(7, 8))
    assert len(resampled(filled(one, 1.0), 24.0).frames) == 1
