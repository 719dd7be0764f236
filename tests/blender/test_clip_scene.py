# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters that clips move: keys, actions, sliders, files, and who was there before."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import made_clips
import made_motion
import numpy as np
import pytest
from looking import evaluated_vertices
from made_characters import RAW, clip_options, place, put
from state_of_file import state_of_file

from hund_blender.body import Body
from hund_blender.clip.data import Clip
from hund_blender.clip.keys import ADAPTIVE, BEZIER, CONSTANT, EVERY_NTH, ONLY, KeySettings
from hund_blender.clip.process import Settings
from hund_blender.compat import SLOTTED_ACTIONS, channels_of
from hund_blender.properties import clip_settings_of
from hund_blender.rigs import GAME_ENGINE, MIXAMO
from hund_blender.scene.clip_actions import NLA
from hund_blender.scene.clip_store import find, part_of

UP = [0.0, 0.0, made_clips.CAMERA_M]
NAME = "walk Person 1"


@pytest.fixture
def clip(body: Body) -> Clip:
    return made_clips.clip(body, people=1, frames=40)


def character(name: str = NAME) -> Any:
    return bpy.data.objects[name]


def action_of(owner: Any) -> Any:
    return owner.animation_data.action


def curves(kind: str = "OBJECT", name: str = NAME) -> list[Any]:
    owner = character(name) if kind == "OBJECT" else face(name)
    return list(channels_of(action_of(owner), kind).fcurves)


def face(name: str = NAME) -> Any:
    return bpy.data.objects[f"{name} Body"].data.shape_keys


def shown(frame: float, name: str = NAME) -> np.ndarray:
    bpy.context.scene.frame_set(int(frame), subframe=frame % 1)
    return evaluated_vertices(bpy.data.objects[f"{name} Body"])


def make_active(name: str = NAME) -> Any:
    bpy.context.view_layer.objects.active = character(name)
    return clip_settings_of(character(name))


def test_body_and_face_share_an_action_where_blender_can(body: Body, clip: Clip) -> None:
    place(clip, body)
    assert (action_of(character()) == action_of(face())) is SLOTTED_ACTIONS
    moving = [curve for curve in curves() if len(curve.keyframe_points) > 1]
    assert {len(curve.keyframe_points) for curve in moving} == {40}
    assert {key.interpolation for key in moving[0].keyframe_points} == {"LINEAR"}
    jaw = next(curve for curve in curves("KEY") if "jawOpen" in curve.data_path)
    assert len(jaw.keyframe_points) == 40
    still = next(curve for curve in curves("KEY") if "browInnerUp" in curve.data_path)
    assert len(still.keyframe_points) == 1  # what never moves has one key
    assert {curve.group.name for curve in curves("KEY")} == {"Face"}
    assert all(curve.group is not None for curve in curves())


@pytest.mark.parametrize("rig", [MIXAMO, GAME_ENGINE])
def test_rigs_with_fewer_bones_stand_as_well(body: Body, clip: Clip, rig: str) -> None:
    place(clip, body, clip_options(rig=rig))
    wanted = made_clips.vertices(body, clip.tracks[0], 19) + UP
    assert np.linalg.norm(shown(20) - wanted, axis=1).mean() < 0.005


def test_scale_makes_all_larger(body: Body, clip: Clip) -> None:
    place(clip, body, clip_options(scale=10.0))
    wanted = 10 * (made_clips.vertices(body, clip.tracks[0], 19) + UP)
    assert np.abs(shown(20) - wanted).max() < 1e-2


def test_scene_of_another_rate_keeps_the_pace(body: Body, clip: Clip) -> None:
    from hund_blender.scene.clip_placing import Placement

    scene = bpy.context.scene
    scene.render.fps = 60
    put(Placement(scene.name, None, "walk", clip_options()), clip, body)
    assert action_of(character()).frame_range[:] == (1, 79)
    wanted = made_clips.vertices(body, clip.tracks[0], 20) + UP
    assert np.abs(shown(41) - wanted).max() < 1e-3


def test_scene_can_take_the_clips_rate(body: Body, clip: Clip) -> None:
    odd = replace(clip, fps=30000 / 1001)
    from hund_blender.scene.clip_placing import Placement, frame_rate

    scene = bpy.context.scene
    options = clip_options(use_clip_rate=True)
    put(Placement(scene.name, None, "walk", options), odd, body)
    assert frame_rate(scene) == pytest.approx(30000 / 1001, rel=1e-5)
    assert action_of(character()).frame_range[:] == (1, 40)


def test_start_moves_all_keys(body: Body, clip: Clip) -> None:
    place(clip, body, clip_options(replace(RAW, keys=KeySettings(start=101))))
    assert action_of(character()).frame_range[:] == (101, 140)
    assert bpy.context.scene.frame_end == 250  # the range grows and does not shrink


@pytest.mark.parametrize("which", [EVERY_NTH, ADAPTIVE, ONLY])
def test_fewer_keys(body: Body, clip: Clip, which: str) -> None:
    keys = KeySettings(which, every=5, only=(5, 20), interpolation=BEZIER)
    place(clip, body, clip_options(replace(RAW, keys=keys)))
    count = max(len(curve.keyframe_points) for curve in curves())
    assert {EVERY_NTH: count == 9, ADAPTIVE: 2 < count < 40, ONLY: count == 2}[which]


def test_adaptive_curves_play_as_they_were_measured(body: Body, clip: Clip) -> None:
    """Blender evaluates handles of a third as the cubic that bounds were checked against."""
    keys = KeySettings(ADAPTIVE, angle_deg=1.0, distance_m=0.005, interpolation=BEZIER)
    place(clip, body, clip_options(replace(RAW, keys=keys)))
    moving = [len(curve.keyframe_points) for curve in curves() if len(curve.keyframe_points) > 1]
    assert sum(moving) < 0.7 * 40 * len(moving)
    for frame in range(1, 41):
        wanted = made_clips.vertices(body, clip.tracks[0], frame - 1) + UP
        assert np.linalg.norm(shown(frame) - wanted, axis=1).max() < 0.025
    curve = max(curves(), key=lambda curve: len(curve.keyframe_points))
    assert {key.handle_left_type for key in curve.keyframe_points} == {"ALIGNED"}


def test_stepped_keys(body: Body, clip: Clip) -> None:
    keys = KeySettings(EVERY_NTH, every=10, interpolation=CONSTANT)
    place(clip, body, clip_options(replace(RAW, keys=keys)))
    assert np.array_equal(shown(11), shown(19))
    assert not np.allclose(shown(19), shown(21), atol=1e-3)


def test_filled_frames_are_marked(body: Body, clip: Clip) -> None:
    track = clip.tracks[0]
    seen = replace(clip, tracks=(replace(track, seen=~np.isin(track.frames, [10, 11])),))
    place(seen, body)
    kinds = {int(key.co[0]): key.type for key in curves()[0].keyframe_points}
    assert {frame for frame, kind in kinds.items() if kind == "BREAKDOWN"} == {10, 11}


def test_reprocess_is_one_undo_step_and_needs_no_server(body: Body, clip: Clip) -> None:
    place(clip, body)
    settings = make_active()
    bpy.ops.ed.undo_push(message="Before")
    before = state_of_file()
    settings.which, settings.every = EVERY_NTH, 13
    assert bpy.ops.hund.reprocess_clip() == {"FINISHED"}
    assert max(len(curve.keyframe_points) for curve in curves()) == 4
    assert state_of_file() == before  # the same action, with other keys
    bpy.ops.ed.undo_push(message="After")
    bpy.ops.ed.undo()
    assert max(len(curve.keyframe_points) for curve in curves()) == 40


def test_reprocess_does_what_an_import_with_those_settings_would(body: Body, clip: Clip) -> None:
    place(clip, body)
    settings = make_active()
    settings.preset = "LOCOMOTION"
    settings.strength = 0.5
    assert bpy.ops.hund.reprocess_clip() == {"FINISHED"}
    again = [np.array([key.co[1] for key in curve.keyframe_points]) for curve in curves()]
    chosen = settings.chosen_settings(1)
    place(clip, body, clip_options(chosen))
    fresh = curves(name="walk Person 1.001")
    for values, curve in zip(again, fresh, strict=True):
        assert np.allclose(values, [key.co[1] for key in curve.keyframe_points], atol=1e-5)


def test_sliders_remember(body: Body, clip: Clip) -> None:
    chosen = Settings(
        replace(RAW.clean_up, arms_s=0.31, floor=0.25), KeySettings(ADAPTIVE, distance_m=0.002)
    )
    place(clip, body, clip_options(chosen))
    read = clip_settings_of(character()).chosen_settings(1)
    assert read.clean_up.arms_s == pytest.approx(0.31)
    assert read.clean_up.floor == pytest.approx(0.25)
    assert read.keys.which == ADAPTIVE
    assert read.keys.distance_m == pytest.approx(0.002)


def test_edited_keys_are_not_overwritten(body: Body, clip: Clip) -> None:
    place(clip, body)
    make_active()
    edited = action_of(character())
    max(curves(), key=lambda c: len(c.keyframe_points)).keyframe_points[7].co[1] += 0.1
    assert bpy.ops.hund.reprocess_clip() == {"FINISHED"}
    assert action_of(character()) != edited
    assert edited.use_fake_user
    assert action_of(face()) == action_of(character()) or not SLOTTED_ACTIONS


def test_strips_of_the_nla_follow_a_reprocess(body: Body, clip: Clip) -> None:
    place(clip, body)
    settings = make_active()
    from hund_blender.compat import push_down

    push_down(character())
    action = character().animation_data.nla_tracks[0].strips[0].action
    settings.which, settings.every = EVERY_NTH, 13
    bpy.ops.hund.reprocess_clip()
    assert character().animation_data.nla_tracks[0].strips[0].action == action
    assert max(len(curve.keyframe_points) for curve in curves()) == 4


def test_bones_keep_the_rotation_mode_the_artist_gave_them(body: Body, clip: Clip) -> None:
    place(clip, body)
    before = shown(20)
    bones = character().pose.bones
    bones["upperleg01.L"].rotation_mode = "XYZ"
    bones["lowerleg01.R"].rotation_mode = "AXIS_ANGLE"
    make_active()
    assert bpy.ops.hund.reprocess_clip() == {"FINISHED"}
    paths = {curve.data_path.rpartition(".")[2] for curve in curves()}
    assert paths == {"location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle"}
    assert np.abs(shown(20) - before).max() < 1e-3


@pytest.mark.parametrize("before", ["KEEP", NLA])
def test_somebody_who_is_there_moves_and_keeps_what_moved_before(
    body: Body, clip: Clip, before: str
) -> None:
    place(clip, body)
    other = character()
    other.location = (3.0, 1.0, 0.0)
    old = action_of(other)
    del other["hund_action"]  # the artist's own, as far as we know
    if "hund_face_action" in other:
        del other["hund_face_action"]
    place(clip, body, clip_options(character=NAME, before=before))
    assert action_of(other) != old
    tracks = other.animation_data.nla_tracks
    assert old.use_fake_user if before == "KEEP" else tracks[0].strips[0].action == old
    assert tuple(other.location) == (3.0, 1.0, 0.0)
    bpy.context.scene.frame_set(1)
    assert np.abs(np.array(other.pose.bones[0].head)[:2]).max() < 0.02
    assert len(bpy.data.armatures) == 1


def test_a_child_walks_with_shorter_steps(body: Body, clip: Clip) -> None:
    place(clip, body)
    adult = character()
    place(replace(clip, tracks=(child_of(body, clip),)), body)
    child = character("walk Person 1.001")
    place(clip, body, clip_options(character=child.name))
    bpy.context.scene.frame_set(40)
    gone = [abs(np.array(who.pose.bones[0].head)[1]) for who in (adult, child)]
    assert 0.5 < gone[1] / gone[0] < 0.8


def child_of(body: Body, clip: Clip) -> Any:
    track = clip.tracks[0]
    shape = track.phenotypes.copy()
    shape[body.phenotype_names.index("age")] = 1 / 3
    return replace(track, phenotypes=shape)


def test_feet_stand_in_blender_too(body: Body, clip: Clip) -> None:
    """From noise to Blender's own evaluation of the keys."""
    shaky = made_clips.shaken(clip)
    place(
        shaky,
        body,
        clip_options(Settings(replace(RAW.clean_up, strength=1.0, lock_feet=True), KeySettings())),
    )
    heel = np.argmin(np.linalg.norm(shown(1) - sole_point(body), axis=1))
    soles = np.array([shown(frame)[heel] for frame in range(4, 15)])
    steps_mm = 1000 * np.linalg.norm(np.diff(soles[:, :2], axis=0), axis=1)
    assert steps_mm.mean() < 2.0


def sole_point(body: Body) -> np.ndarray:
    """Where the left heel is in the first frame: it stands."""
    bones = made_motion.skeleton(body)
    heel = made_motion.soles_of(bones, made_motion.walk(bones, 1))[0, 0, 0]
    return heel + np.array([0.0, made_clips.AWAY_M, 0.0])


def test_a_linked_or_broken_character_is_refused(body: Body, clip: Clip) -> None:
    place(clip, body)
    make_active()
    find(part_of(character()).file).unlink()
    with pytest.raises(RuntimeError, match="hund_clips"):
        bpy.ops.hund.reprocess_clip()


def test_damaged_result_is_told(body: Body, clip: Clip) -> None:
    place(clip, body)
    make_active()
    find(part_of(character()).file).write_bytes(b"PK broken")
    with pytest.raises(RuntimeError, match="damaged"):
        bpy.ops.hund.reprocess_clip()


def test_results_move_beside_the_file_when_it_is_saved(
    body: Body, clip: Clip, tmp_path: Path
) -> None:
    place(clip, body)
    name = part_of(character()).file
    loose = find(name)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a" / "shot.blend"))
    assert find(name) == tmp_path / "a" / "hund_clips" / name
    assert not loose.exists()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "b" / "shot.blend"))
    assert find(name) == tmp_path / "b" / "hund_clips" / name
    assert (tmp_path / "a" / "hund_clips" / name).is_file()  # the first file still needs it
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a" / "shot.blend"))
    make_active()
    assert bpy.ops.hund.reprocess_clip() == {"FINISHED"}


def test_kept_results_come_in_again(
    body: Body, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    import clip_server

    from hund_blender.connection import ServerSettings

    place(clip, body)
    path = find(part_of(character()).file)
    with clip_server.watching(clip) as server:
        settings = ServerSettings(remote_address=server.address, remote_token=clip_server.TOKEN)
        monkeypatch.setattr("hund_blender.clip_operators.server_settings", lambda _: settings)
        assert bpy.ops.hund.open_clip_result(filepath=str(path), strength=0.0) == {"FINISHED"}
    assert len(bpy.data.armatures) == 2


def test_two_clips_stand_side_by_side(body: Body, clip: Clip) -> None:
    place(clip, body)
    place(clip, body)
    places = [character().location.x, character("walk Person 1.001").location.x]
    assert abs(places[1] - places[0]) > 3


def test_failing_leaves_nothing_half_done(
    body: Body, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state_of_file()

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("hund_blender.scene.clip_placing.remember_part", fail)
    with pytest.raises(ZeroDivisionError):
        place(clip, body)
    after = state_of_file()
    for holder in ("objects", "armatures", "meshes", "collections", "cameras"):
        assert after[holder] == before[holder]


def test_long_clips_are_keyed_fast(body: Body) -> None:
    """benchmarks/clip_keys.py measures; this keeps it from becoming hundreds of times slower."""
    place(made_clips.clip(body, frames=300), body)
    began = time.perf_counter()
    place(made_clips.clip(body, frames=300), body, clip_options(character=NAME))
    assert time.perf_counter() - began < 5.0


def test_amass_file(body: Body, clip: Clip, tmp_path: Path) -> None:
    place(clip, body)
    make_active()
    path = tmp_path / "walk.npz"
    assert bpy.ops.hund.export_motion(filepath=str(path)) == {"FINISHED"}
    with np.load(path, allow_pickle=False) as file:
        assert file["poses"].shape == (40, 156)
        assert float(file["mocap_framerate"]) == 30


def test_one_click_on_a_preset(body: Body, clip: Clip) -> None:
    place(clip, body)
    settings = make_active()
    before = [
        curve.keyframe_points[20].co[1] for curve in curves() if len(curve.keyframe_points) > 20
    ]
    assert bpy.ops.hund.reprocess_clip(preset="LOCOMOTION") == {"FINISHED"}
    assert settings.is_at("LOCOMOTION")
    assert not settings.is_at("NATURAL")
    after = [
        curve.keyframe_points[20].co[1] for curve in curves() if len(curve.keyframe_points) > 20
    ]
    assert before != after
