# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips and photos go to Blender's world by different code: they must agree."""

from dataclasses import replace

import made_clips
import made_people
import numpy as np
import pytest
from made_motion import angles_between

from hund_blender.axes import BLENDER_FROM_CAM, world_from_cam
from hund_blender.body import Body
from hund_blender.bones import drawn_bones
from hund_blender.clip.conversion import World, motion_of, world_of
from hund_blender.clip.data import Clip
from hund_blender.clip.legs import stance
from hund_blender.clip.mover import Mover
from hund_blender.clip.process import size_of
from hund_blender.estimate import parse_estimate
from hund_blender.pose import local_transforms_of, place_people
from hund_blender.rigs import MAKEHUMAN, RIGS, rig_of
from hund_blender.rotations import quaternions_from_matrices

ORIGIN = World(BLENDER_FROM_CAM, np.zeros(3))


def mover_of(body: Body, phenotypes: dict[str, float]) -> Mover:
    rig, rest = rig_of(MAKEHUMAN, body), body.rest(phenotypes).standing()
    return Mover.of(rig, rest, drawn_bones(rig, rest).frames)


@pytest.mark.parametrize("key", RIGS)
def test_a_frame_is_posed_as_a_photo_of_it(body: Body, key: str) -> None:
    answer = made_people.answer([made_people.person(body, seed=4)])
    person = parse_estimate(answer).people[0]
    placed = place_people(body, [person], on_floor=False).people[0]
    rig = rig_of(key, body)
    frames = drawn_bones(rig, placed.rest).frames
    expected = local_transforms_of(rig, frames, placed.rest, placed.posed)
    clip = made_clips.clip_of_people(body, [answer["people"][0]["parameters"]])
    mover = Mover.of(rig, placed.rest, frames)
    motion = motion_of(clip, clip.tracks[0], ORIGIN, mover)
    wanted = quaternions_from_matrices(expected[:, :3, :3])
    assert np.degrees(angles_between(motion.rotations_wxyz[0], wanted)).max() < 0.05
    assert np.abs(motion.root_m[0] - placed.posed.heads[0]).max() < 1e-6
    bones = stance(mover.skeleton, motion.rotations_wxyz, motion.root_m)
    if rig.is_the_bodys_own:
        assert np.abs(bones.heads[0] - placed.posed.heads).max() < 1e-4


def test_upright_camera_is_that_of_photos() -> None:
    assert np.allclose(world_from_cam(np.array([0.0, 2.0, 0.0])), BLENDER_FROM_CAM)


@pytest.mark.parametrize("gravity", [(0.3, 0.9, 0.2), (0, 0.5, 0.9), (0, 0, 1), (0, 0, -1.0)])
def test_tilted_cameras_have_down_below_and_look_ahead(gravity: tuple[float, ...]) -> None:
    rotation = world_from_cam(np.array(gravity))
    down = rotation @ np.array(gravity)
    assert np.allclose(down / np.linalg.norm(down), [0, 0, -1])
    assert np.allclose(rotation @ rotation.T, np.eye(3))
    assert np.linalg.det(rotation) > 0
    ahead = rotation @ [0, 0, 1]
    assert abs(ahead[0]) < 1e-9
    assert ahead[1] >= -1e-9


def test_known_floor_is_at_height_0(body: Body) -> None:
    clip = made_clips.clip(body, people=2, frames=3)
    known = replace(clip, tracks=tuple(replace(track, floor_m=1.4) for track in clip.tracks))
    assert world_of(known, body).location.tolist() == pytest.approx([0, 0, 1.4])


def test_unknown_floor_is_under_the_feet(body: Body) -> None:
    clip = made_clips.clip(body, people=2, frames=40)
    assert np.isnan(clip.tracks[0].floor_m)
    assert world_of(clip, body).location[2] == pytest.approx(made_clips.CAMERA_M, abs=0.03)


def test_another_body_walks_as_far_as_its_hips_are_high(body: Body) -> None:
    clip = made_clips.clip(body, people=1, frames=10)
    roots = []
    for phenotypes in (made_clips.ADULT, {"age": 1 / 3}):
        mover = mover_of(body, phenotypes)
        size = size_of(clip, clip.tracks[0], mover)
        roots.append(motion_of(clip, clip.tracks[0], world_of(clip, body), mover, size).root_m)
        height = mover.hips_m
    ratio = height / body.rest(made_clips.ADULT).standing().heads[0, 2]
    assert np.allclose(roots[1], ratio * roots[0])
    assert ratio < 0.8


def test_names_and_not_places_tell_bones_and_actions_apart(body: Body) -> None:
    clip = made_clips.clip(body, people=1, frames=5)
    mover = mover_of(body, made_clips.ADULT)

    def motion(given: Clip) -> tuple[np.ndarray, np.ndarray]:
        made = motion_of(given, given.tracks[0], ORIGIN, mover)
        return made.rotations_wxyz, made.facial_actions

    track = clip.tracks[0]
    shuffled = replace(
        clip,
        bones=(*clip.bones[::-1], "a bone of a later release"),
        facial_actions=clip.facial_actions[::-1],
        tracks=(
            replace(
                track,
                rotations_wxyz=np.concatenate(
                    [track.rotations_wxyz[:, ::-1], track.rotations_wxyz[:, :1]], 1
                ),
                facial_actions=track.facial_actions[:, ::-1],
            ),
        ),
    )
    for wanted, got in zip(motion(clip), motion(shuffled), strict=True):
        assert np.allclose(wanted, got)


def test_frames_count_from_the_clips_first(body: Body) -> None:
    clip: Clip = made_clips.clip(body, people=1, frames=4)
    stepped = replace(
        clip, tracks=(replace(clip.tracks[0], frames=np.array([40, 42, 44, 50], np.int32)),)
    )
    mover = mover_of(body, made_clips.ADULT)
    motion = motion_of(stepped, stepped.tracks[0], ORIGIN, mover)
    assert motion.frames.tolist() == [0, 1, 2, 5]
