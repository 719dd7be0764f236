# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses exchanged left for right, on every rig."""

from pathlib import Path
from typing import Any

import bpy
import made_people
import numpy as np
import pytest
from made_photos import add, made_result, problems_of

from hund_blender.body import Body
from hund_blender.mirroring import other_side
from hund_blender.rigs import MAKEHUMAN, MIXAMO, RIGS, rig_of
from hund_blender.scene.mirror import mirrored_copy
from hund_blender.scene.people import SceneOptions
from hund_blender.scene.pose_assets import add_pose_assets
from hund_blender.scene.sightings import was_sighted

NOT_QUITE_SYMMETRIC_M = 0.006  # the resting spine


def character(body: Body, tmp_path: Path, rig: str) -> Any:
    result = made_result(body, tmp_path / "actor.png", [made_people.person(body, 3)])
    add(result, options=SceneOptions(rig=rig))
    return bpy.data.objects["actor Person 1"]


def joints(armature: Any) -> dict[str, np.ndarray]:
    bpy.context.view_layer.update()
    return {bone.name: np.array(bone.head) for bone in armature.pose.bones}


def turns(armature: Any) -> dict[str, np.ndarray]:
    return {bone.name: np.array(bone.matrix_basis) for bone in armature.pose.bones}


@pytest.mark.parametrize("rig", RIGS)
def test_every_bone_knows_its_other_side(body: Body, rig: str) -> None:
    names = set(rig_of(rig, body).bone_names) | set(body.facial_action_names)
    assert {other_side(name) for name in names} == names
    assert all(other_side(other_side(name)) == name for name in names)
    lefts = [name for name in names if other_side(name) != name]
    assert len(lefts) > len(names) / 2


@pytest.mark.parametrize("rig", RIGS)
def test_joints_are_mirrored(body: Body, tmp_path: Path, rig: str) -> None:
    actor = character(body, tmp_path, rig)
    before = joints(actor)
    assert bpy.ops.hund.mirror_pose() == {"FINISHED"}
    after = joints(actor)
    for bone, place in before.items():
        expected = place * [-1, 1, 1]
        np.testing.assert_allclose(after[other_side(bone)], expected, atol=NOT_QUITE_SYMMETRIC_M)
    assert max(np.abs(after[bone] - before[bone]).max() for bone in before) > 0.1


def test_twice_is_no_change_but_ends_what_the_photo_said(body: Body, tmp_path: Path) -> None:
    actor = character(body, tmp_path, MIXAMO)
    before = turns(actor)
    bpy.ops.hund.mirror_pose()
    bpy.ops.hund.mirror_pose()
    for bone, turn in turns(actor).items():
        np.testing.assert_allclose(turn, before[bone], atol=1e-5)
    assert not was_sighted(actor)


def test_the_face_is_mirrored_too(body: Body, tmp_path: Path) -> None:
    actor = character(body, tmp_path, MAKEHUMAN)
    keys = actor.children[0].data.shape_keys.key_blocks
    assert keys["mouthSmileLeft"].value == pytest.approx(0.3)
    bpy.ops.hund.mirror_pose()
    assert keys["mouthSmileRight"].value == pytest.approx(0.3)
    assert keys["mouthSmileLeft"].value == 0
    assert keys["jawOpen"].value == pytest.approx(0.6)


def test_in_pose_mode_only_selected_bones_change_sides(body: Body, tmp_path: Path) -> None:
    actor = character(body, tmp_path, MIXAMO)
    actor.pose.bones["mixamorig:RightArm"].rotation_mode = "XYZ"
    bpy.context.view_layer.objects.active = actor
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.pose.select_all(action="DESELECT")
    bone = actor.pose.bones["mixamorig:LeftArm"]
    (bone if bpy.app.version >= (5, 0, 0) else bone.bone).select = True
    before = turns(actor)
    bpy.ops.hund.mirror_pose()
    after = turns(actor)
    changed = {name for name in before if np.abs(after[name] - before[name]).max() > 1e-5}
    assert changed == {"mixamorig:LeftArm", "mixamorig:RightArm"}
    assert actor.pose.bones["mixamorig:RightArm"].rotation_mode == "XYZ"
    assert was_sighted(actor)


def test_auto_keying_keys_what_was_mirrored(body: Body, tmp_path: Path) -> None:
    actor = character(body, tmp_path, MIXAMO)
    bpy.context.scene.tool_settings.use_keyframe_insert_auto = True
    bpy.ops.hund.mirror_pose()
    assert actor.animation_data.action is not None
    assert actor.children[0].data.shape_keys.animation_data.action is not None


def test_undo(body: Body, tmp_path: Path) -> None:
    character(body, tmp_path, MIXAMO)
    bpy.ops.ed.undo_push(message="Before")
    before = turns(bpy.data.objects["actor Person 1"])
    bpy.ops.hund.mirror_pose()
    bpy.ops.ed.undo_push(message="Mirror Pose")  # a window does so by itself
    bpy.ops.ed.undo()
    actor = bpy.data.objects["actor Person 1"]
    assert all(np.array_equal(turn, before[name]) for name, turn in turns(actor).items())
    assert was_sighted(actor)


def test_other_things_have_no_pose() -> None:
    bpy.ops.object.armature_add()
    assert not bpy.ops.hund.mirror_pose.poll()
    assert not bpy.ops.hund.mirror_pose_assets.poll()


@pytest.mark.parametrize("rig", [MAKEHUMAN, MIXAMO])
def test_a_mirrored_pose_asset_is_the_mirrored_pose(body: Body, tmp_path: Path, rig: str) -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, :4] = 255
    person = made_people.pictured(made_people.person(body, 3), pixels)
    result = made_result(body, tmp_path / "jump.png", [person])
    assert problems_of(add_pose_assets(bpy.context.scene.name, [result], rig)) == []
    source = bpy.data.actions["jump"]
    copy = mirrored_copy(source)
    assert (copy.name, copy["hund_catalogue"]) == ("jump Mirrored", source["hund_catalogue"])
    assert copy.asset_data.catalog_id == source.asset_data.catalog_id
    assert {tag.name for tag in copy.asset_data.tags} == {"HUND", "jump"}
    shown = np.array(copy.preview.image_pixels_float[:]).reshape(8, 8, 4)
    assert shown[:, 4:].min() == 1
    assert shown[:, :4].max() == 0
    actor = character(body, tmp_path, rig)
    actor.pose.apply_pose_from_action(source)
    before = joints(actor)
    actor.pose.apply_pose_from_action(copy)
    after = joints(actor)
    for bone, place in before.items():
        if "ye" not in bone:  # eyes are not keyed
            expected = place * [-1, 1, 1]
            np.testing.assert_allclose(after[other_side(bone)], expected, atol=0.006)


def test_copies_of_poses_that_artists_made(body: Body, tmp_path: Path) -> None:
    actor = character(body, tmp_path, MIXAMO)
    bone = actor.pose.bones["mixamorig:LeftArm"]
    bone.rotation_mode = "XYZ"
    bone.rotation_euler = (0.1, 0.2, 0.3)
    bone.keyframe_insert("rotation_euler", index=1)  # one channel of three
    bone.keyframe_insert("scale")
    action = actor.animation_data.action
    action.asset_mark()
    other = actor.pose.bones["mixamorig:RightArm"]
    other.rotation_mode = "XYZ"
    actor.pose.apply_pose_from_action(mirrored_copy(action))
    assert other.rotation_euler.y == pytest.approx(-0.2)
    assert tuple(bone.rotation_euler) == pytest.approx((0.1, 0.2, 0.3))
