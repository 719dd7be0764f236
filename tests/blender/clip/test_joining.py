# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import clip_server
import made_clips
import numpy as np
import pytest

from hund_blender.body import Body
from hund_blender.clip.data import Clip, Track
from hund_blender.clip.joining import continued


@pytest.fixture
def clip(body: Body) -> Clip:
    return made_clips.clip(body, people=2, frames=40)


def frames(track: Track, first: int, last: int) -> Track:
    return clip_server.part_of_track(track, list(range(first, last + 1)))


def part(clip: Clip, first: int, last: int) -> Clip:
    return replace(clip, tracks=tuple(frames(track, first, last) for track in clip.tracks))


def test_people_go_on_whatever_their_numbers(clip: Clip) -> None:
    swapped = tuple(
        replace(track, number=number)
        for track, number in zip(part(clip, 15, 40).tracks, (7, 0), strict=True)
    )
    whole = continued(part(clip, 1, 24), replace(clip, tracks=swapped))
    assert [track.number for track in whole.tracks] == [0, 1]
    for joined, track in zip(whole.tracks, clip.tracks, strict=True):
        assert joined.frames.tolist() == list(range(1, 41))
        assert np.allclose(joined.translation_m, track.translation_m)
        assert np.allclose(joined.phenotypes, track.phenotypes)


def test_who_comes_later_gets_a_number_of_its_own(clip: Clip) -> None:
    before = replace(clip, tracks=(frames(clip.tracks[0], 1, 24),))
    whole = continued(before, part(clip, 15, 40))
    assert [track.number for track in whole.tracks] == [0, 1]
    assert whole.tracks[1].frames.tolist() == list(range(15, 41))


def test_who_left_stays_as_it_was(clip: Clip) -> None:
    after = replace(clip, tracks=(frames(clip.tracks[1], 15, 40),))
    whole = continued(part(clip, 1, 24), after)
    assert [len(track.frames) for track in whole.tracks] == [24, 40]


def test_one_body_weighed_by_how_long_it_was_seen(clip: Clip) -> None:
    before, after = part(clip, 1, 30), part(clip, 21, 40)
    taller = replace(after.tracks[0], phenotypes=after.tracks[0].phenotypes + 0.2)
    whole = continued(before, replace(after, tracks=(taller, after.tracks[1])))
    assert np.allclose(whole.tracks[0].phenotypes, clip.tracks[0].phenotypes + 0.2 * 10 / 40)
