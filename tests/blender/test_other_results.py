# SPDX-License-Identifier: GPL-3.0-or-later
"""Other tools' results onto characters of the file, and characters' motions out of it again."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import made_clips
import made_mhr
import numpy as np
import other_files
import pytest
from made_characters import clip_options, place
from state_of_file import state_of_file

from hund_blender import api
from hund_blender.body import Body
from hund_blender.clip.cleanup import AS_SEEN
from hund_blender.clip.keys import KeySettings
from hund_blender.clip.process import Settings
from hund_blender.errors import ClipError
from hund_blender.other_results.posed_body import average_adult
from hund_blender.other_results.smpl_motion import CAM_FROM_WORLD, Z_UP
from hund_blender.preferences import chosen_mhr_model
from hund_blender.rigs import MIXAMO

NAME = "walk Person 1"
LIMBS = ("head", "wrist.L", "wrist.R", "foot.L", "foot.R", "lowerleg01.L", "lowerarm01.R")
FRAMES = 12


def raw(**others: Any) -> Any:
    return clip_options(Settings(AS_SEEN, KeySettings()), match_camera=False, **others)


@pytest.fixture
def character(body: Body) -> Any:
    """Somebody who walks, active."""
    place(made_clips.clip(body, frames=FRAMES), body, raw())
    found = bpy.data.objects[NAME]
    bpy.context.view_layer.objects.active = found
    return found


def heads(name: str, limbs: tuple[str, ...] = LIMBS) -> np.ndarray:
    """Where limbs are from the hips (F, L, 3), in the world's axes, over the scene's frames."""
    thing, found = bpy.data.objects[name], []
    for frame in range(1, FRAMES + 1):
        bpy.context.scene.frame_set(frame)
        bones = thing.pose.bones
        found.append([bones[limb].head - bones[0].head for limb in limbs])
    return np.array(found)


@pytest.mark.parametrize("ending", [".npz", ".bvh"])
def test_an_exported_motion_moves_the_character_alike(
    character: Any, tmp_path: Path, ending: str
) -> None:
    path, wanted = tmp_path / f"walk{ending}", heads(NAME)
    assert bpy.ops.hund.export_motion(filepath=str(path)) == {"FINISHED"}
    character.animation_data_clear()
    imported = api.import_result(path, raw(character=NAME))
    assert imported.problems == ()
    assert imported.characters == ()
    assert np.abs(heads(NAME) - wanted).max() < 0.005
    assert np.ptp(heads(NAME)[:, 3], axis=0).max() > 0.1


def test_new_people_stand_beside_and_need_no_server(
    character: Any, body: Body, tmp_path: Path
) -> None:
    path = tmp_path / "dance.npz"
    np.savez(path, **other_files.amass(body, FRAMES))
    assert bpy.ops.hund.import_other_result(filepath=str(path)) == {"FINISHED"}
    made = bpy.data.objects["dance Person 1"]
    assert made.animation_data.action is not None
    assert abs(made.location.x - character.location.x) > 1
    assert "dance Camera" not in bpy.data.objects


def test_import_and_undo_leave_the_file_as_it_was(
    character: Any, body: Body, tmp_path: Path
) -> None:
    path = tmp_path / "dance.npz"
    np.savez(path, **other_files.amass(body, FRAMES))
    bpy.ops.ed.undo_push(message="before")
    before = state_of_file()
    assert bpy.ops.hund.import_other_result(filepath=str(path)) == {"FINISHED"}
    assert state_of_file() != before
    bpy.ops.ed.undo()
    assert state_of_file() == before


def test_points_of_sam_3d_body_make_somebody_who_stands(
    character: Any, body: Body, tmp_path: Path
) -> None:
    shape = average_adult(body)
    truth = other_files.posed_points(body, shape, {}, CAM_FROM_WORLD[Z_UP][None])
    hips = truth.points[:, 9:11].mean(1)
    path = tmp_path / "img_subj00.npz"
    np.savez(path, pred_keypoints_3d=truth.points[0] - hips, pred_cam_t=[0.1, 0.4, 4.0])
    assert bpy.ops.hund.import_other_result(filepath=str(path)) == {"FINISHED"}
    made = bpy.data.objects["img_subj00 Person 1"]
    skin = next(thing for thing in bpy.data.objects if thing.parent == made)
    shown = skin.evaluated_get(bpy.context.evaluated_depsgraph_get())
    heights = [(shown.matrix_world @ vertex.co).z for vertex in shown.data.vertices]
    assert min(heights) == pytest.approx(0.0, abs=0.02)
    assert max(heights) > 1.6


def preferring(mhr_model: str) -> Any:
    """A context whose preferences name that file."""
    addon = SimpleNamespace(preferences=SimpleNamespace(mhr_model=mhr_model))
    return SimpleNamespace(preferences=SimpleNamespace(addons={"hund_blender": addon}))


def test_parameters_of_mhr_move_people_by_the_model_of_the_preferences(
    character: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = made_mhr.write_model(tmp_path / "mine.pt")
    path = tmp_path / "lifts.npz"
    lifted = made_mhr.parameters(2, l_upleg_rz=[0.0, -1.5], l_knee_bend=[0.0, 1.5])
    np.savez(path, mhr_model_params=lifted, pred_cam_t=np.tile([0.0, 0.9, 4.0], (2, 1)))
    before = state_of_file()
    with pytest.raises(RuntimeError, match="MHR Model"):
        bpy.ops.hund.import_other_result(filepath=str(path))
    assert state_of_file() == before
    for module in ("other_result_operators", "api"):
        monkeypatch.setattr(
            f"hund_blender.{module}.chosen_mhr_model",
            lambda _: chosen_mhr_model(preferring(str(model))),
        )
    assert bpy.ops.hund.import_other_result(filepath=str(path)) == {"FINISHED"}
    knees = left_knees("lifts Person 1")
    assert knees[1, 2] > knees[0, 2] + 0.3
    assert knees[1, 1] < knees[0, 1] - 0.3
    monkeypatch.undo()
    assert api.import_result(path, raw(), mhr_model=model).problems == ()


def left_knees(name: str) -> np.ndarray:
    """Where the left knee is (2, 3) in both frames, in the world's axes."""
    thing, found = bpy.data.objects[name], []
    for frame in (1, 2):
        bpy.context.scene.frame_set(frame)
        found.append(thing.matrix_world @ thing.pose.bones["lowerleg01.L"].head)
    return np.array(found)


@pytest.mark.parametrize("named", ["", "  ", "/models/mhr_model.pt"])
def test_preferences_name_a_model_or_none(named: str) -> None:
    wanted = Path(named) if named.strip() else None
    assert chosen_mhr_model(preferring(named)) == wanted
    assert chosen_mhr_model(bpy.context) is None  # where the add-on is not installed


@pytest.mark.parametrize("content", [b"", b"cos\nsystem\n(S'true'\ntR."])
def test_bad_files_change_nothing(character: Any, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "dance.pkl"
    path.write_bytes(content)
    before = state_of_file()
    with pytest.raises(RuntimeError, match=r"dance\.pkl"):
        bpy.ops.hund.import_other_result(filepath=str(path))
    with pytest.raises(ClipError):
        api.import_result(path)
    assert state_of_file() == before


def test_a_pose_goes_out_as_it_is_shown(character: Any, tmp_path: Path) -> None:
    bpy.context.scene.frame_set(5)
    character.pose.bones["head"].rotation_quaternion = (0.9, 0.0, 0.4359, 0.0)  # not keyed
    path = tmp_path / "pose.json"
    assert bpy.ops.hund.export_motion(filepath=str(path), what="POSE") == {"FINISHED"}
    content = json.loads(path.read_text())
    assert content["format"] == "hund-motion"
    assert content["frames"] == [0]
    rotations = dict(zip(content["bones"], content["rotations_wxyz"][0], strict=True))
    assert rotations["head"] == pytest.approx([0.9, 0.0, 0.4359, 0.0], abs=1e-3)
    for bone in character.pose.bones:
        shown = np.array(bone.rotation_quaternion.normalized())
        assert abs(shown @ rotations[bone.name]) == pytest.approx(1.0, abs=1e-4), bone.name
    assert content["facial_actions"]["jawOpen"][0] == pytest.approx(
        0.5 - 0.5 * np.cos(2 * np.pi * 4 / 20), abs=0.01
    )
    amass = tmp_path / "pose.npz"
    assert bpy.ops.hund.export_motion(filepath=str(amass), what="POSE") == {"FINISHED"}
    with np.load(amass, allow_pickle=False) as file:
        assert file["poses"].shape == (1, 156)


def test_what_cannot_go_out_is_told(body: Body, tmp_path: Path) -> None:
    place(made_clips.clip(body, frames=3), body, raw(rig=MIXAMO))
    bpy.context.view_layer.objects.active = bpy.data.objects[NAME]
    with pytest.raises(RuntimeError, match="MakeHuman"):
        bpy.ops.hund.export_motion(filepath=str(tmp_path / "a.npz"))
    assert bpy.ops.hund.export_motion(filepath=str(tmp_path / "a.bvh")) == {"FINISHED"}
    bpy.data.objects[NAME].animation_data_clear()
    with pytest.raises(RuntimeError, match="has no action"):
        bpy.ops.hund.export_motion(filepath=str(tmp_path / "b.bvh"))
    assert not (tmp_path / "b.bvh").exists()


def test_blender_reads_our_bvh(character: Any, tmp_path: Path) -> None:
    path, wanted = tmp_path / "walk.bvh", heads(NAME)
    assert bpy.ops.hund.export_motion(filepath=str(path)) == {"FINISHED"}
    bpy.ops.import_anim.bvh(filepath=str(path), frame_start=1)
    read = bpy.data.objects["walk"]
    turn = np.array(read.matrix_world.to_3x3())
    assert np.abs(heads("walk") @ turn.T - wanted).max() < 1e-3
