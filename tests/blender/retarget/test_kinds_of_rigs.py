# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs as artists have them: locked, Euler, scaled, parented, linked, with IK, animated."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from rig_motions import given, target

from benchmarks.artist_rigs import Built, build
from benchmarks.retarget_measures import limb_errors, movement, turn_errors
from hund_blender.body import Body
from hund_blender.compat import object_channels
from hund_blender.retarget.controls import ROOT_MOVES, ROOT_TURNS
from hund_blender.retarget.slots import PARTS
from hund_blender.scene.overrides import override_of
from hund_blender.scene.retarget import RetargetOptions
from hund_blender.scene.retarget_source import whole_motion
from hund_blender.scene.rig_keys import animate_rig, key_rig, pose_rig
from hund_blender.scene.rig_state import rotation_channel

EXACT = RetargetOptions(feet=False)
COUNT = 10
ARMS = frozenset({"ARM.L", "ARM.R", "HAND.L", "HAND.R"})


@pytest.fixture
def unreal(body: Body) -> Built:
    return build("Unreal", body)


def curves_of(thing: Any) -> set[str]:
    return {curve.data_path for curve in object_channels(thing).fcurves}


@pytest.mark.parametrize("mode", ["XYZ", "ZXY", "YXZ", "AXIS_ANGLE", "QUATERNION"])
def test_rotation_modes_stay_and_hold_the_pose(body: Body, unreal: Built, mode: str) -> None:
    source, before = given(body, COUNT)
    for bone in unreal.armature.pose.bones:
        bone.rotation_mode = mode
    animate_rig(target(unreal.armature), source, EXACT)
    assert limb_errors(before, movement(unreal, source.frames)).max() < 0.1
    assert {bone.rotation_mode for bone in unreal.armature.pose.bones} == {mode}
    channels = {path.rpartition(".")[2] for path in curves_of(unreal.armature)}
    assert channels == {rotation_channel(mode), "location"}


def test_curves_have_no_jumps(body: Body, unreal: Built) -> None:
    source, _ = given(body)
    for bone in unreal.armature.pose.bones:
        bone.rotation_mode = "XYZ" if bone.name.endswith("_l") else "QUATERNION"
    animate_rig(target(unreal.armature), source, EXACT)
    for curve in object_channels(unreal.armature).fcurves:
        values = np.array([point.co.y for point in curve.keyframe_points])
        assert np.abs(np.diff(values)).max() <= np.pi + 0.01


def test_locked_channels_stay(body: Body, unreal: Built) -> None:
    source, before = given(body, COUNT)
    bones = unreal.armature.pose.bones
    bones["lowerarm_l"].rotation_mode = "YZX"
    bones["lowerarm_l"].rotation_euler = (0.1, 0.2, 0.3)
    bones["lowerarm_l"].lock_rotation = (True, False, False)
    bones["head"].lock_rotation = (True, True, True)
    bones["pelvis"].lock_location = (True, True, True)
    animate_rig(target(unreal.armature), source, EXACT)
    paths = curves_of(unreal.armature)
    assert not any(path.startswith('pose.bones["head"]') for path in paths)
    assert 'pose.bones["pelvis"].location' not in paths
    bpy.context.scene.frame_set(3)
    assert bones["lowerarm_l"].rotation_euler.x == pytest.approx(0.1)
    after = movement(unreal, source.frames)
    assert turn_errors(before, after, "wrist.L", "wrist.R").max() < 3  # children make up for it


def test_bones_that_stick_to_their_parents_get_no_location(body: Body) -> None:
    source, _ = given(body, 2)
    rig = build("Mixamo", body).armature
    animate_rig(target(rig), source)
    assert {path for path in curves_of(rig) if path.endswith("location")} == {
        'pose.bones["mixamorig:Hips"].location'
    }


@pytest.mark.parametrize("case", ["scaled", "turned", "parented", "everything"])
def test_objects_may_be_anywhere(body: Body, unreal: Built, case: str) -> None:
    source, before = given(body, COUNT)
    thing = unreal.armature
    if case in ("scaled", "everything"):
        thing.scale = (0.01, 0.01, 0.01)
    if case in ("turned", "everything"):
        thing.rotation_euler, thing.location = (1.5, 0.2, -0.7), (3, 4, 5)
    if case in ("parented", "everything"):
        thing.parent = bpy.data.objects.new("Up", None)
        thing.parent.parent = bpy.data.objects.new("Top", None)
        thing.parent.parent.scale, thing.parent.parent.rotation_euler = (2, 2, 2), (0, 0, 1)
    bpy.context.view_layer.update()
    place = thing.matrix_world.copy()
    animate_rig(target(thing), source, EXACT)
    bpy.context.view_layer.update()
    assert thing.matrix_world == place
    after = movement(unreal, source.frames)
    assert limb_errors(before, after).max() < 0.1
    np.testing.assert_allclose(after.joints["root"], before.joints["root"], atol=0.002)


def test_standing_at_the_source(body: Body, unreal: Built) -> None:
    from rig_motions import actor

    thing = actor(body, COUNT)
    thing.location, thing.rotation_euler = (2, 3, 0.5), (0, 0, 1.1)
    unreal.armature.location, unreal.armature.rotation_euler = (-4, 1, 0), (0, 0, 2.0)
    bpy.context.view_layer.update()
    source = whole_motion(thing)
    animate_rig(target(unreal.armature), source, RetargetOptions(feet=False, at_source=True))
    for frame in (1, COUNT):
        bpy.context.scene.frame_set(frame)
        ours = thing.matrix_world @ thing.pose.bones["wrist.L"].head
        theirs = unreal.armature.matrix_world @ unreal.armature.pose.bones["hand_l"].head
        np.testing.assert_allclose(theirs, ours, atol=0.01)


@pytest.mark.parametrize("root", [ROOT_MOVES, ROOT_TURNS])
def test_root_bone_goes_along_and_the_pose_stays(body: Body, unreal: Built, root: str) -> None:
    source, before = given(body, COUNT)
    animate_rig(target(unreal.armature), source, RetargetOptions(feet=False, root=root))
    after = movement(unreal, source.frames)
    assert limb_errors(before, after).max() < 0.1
    np.testing.assert_allclose(after.joints["root"], before.joints["root"], atol=0.002)
    bpy.context.scene.frame_set(COUNT)
    bones = unreal.armature.pose.bones
    apart = np.array(bones["root"].matrix.translation) - np.array(bones["pelvis"].head)
    rest = np.array(bones["root"].bone.head_local) - np.array(bones["pelvis"].bone.head_local)
    np.testing.assert_allclose(apart[:2], rest[:2], atol=0.05)
    assert bones["root"].matrix.translation.z == pytest.approx(0, abs=1e-4)


def test_ik_of_ones_own_is_driven(body: Body) -> None:
    """Deforming legs under IK constraints, with targets and poles as artists build them."""
    source, before = given(body, COUNT)
    rig = build("Mixamo", body)
    add_ik(rig.armature, "mixamorig:LeftLeg", "mixamorig:LeftFoot", "Left")
    add_ik(rig.armature, "mixamorig:RightLeg", "mixamorig:RightFoot", "Right")
    aim = target(rig.armature)
    assert aim.preset.bones["foot_ik.L"] == ("Left target",)
    assert aim.preset.bones["knee_pole.R"] == ("Right pole",)
    animate_rig(aim, source, EXACT)
    after = movement(rig, source.frames)
    assert np.median(limb_errors(before, after)) < 1
    assert limb_errors(before, after).max() < 8
    for bone in ("foot.L", "foot.R"):
        apart = np.linalg.norm(after.joints[bone] - before.joints[bone], axis=1)
        assert apart.max() < 0.01


def add_ik(thing: Any, shin: str, foot: str, name: str) -> None:
    bpy.context.view_layer.objects.active = thing
    bpy.ops.object.mode_set(mode="EDIT")
    edit = thing.data.edit_bones
    aim, pole = edit.new(f"{name} target"), edit.new(f"{name} pole")
    aim.head, aim.tail = edit[foot].head, edit[foot].head + edit[foot].vector
    pole.head = edit[shin].head + edit[shin].vector.cross((1, 0, 0)).normalized() * -0.5
    pole.head.y = edit[shin].head.y - 0.5
    pole.tail = pole.head + edit[shin].vector * 0.2
    bpy.ops.object.mode_set(mode="OBJECT")
    ik = thing.pose.bones[shin].constraints.new("IK")
    ik.target, ik.subtarget = thing, f"{name} target"
    ik.pole_target, ik.pole_subtarget, ik.chain_count = thing, f"{name} pole", 2
    rest = np.array(thing.pose.bones[shin].bone.matrix_local)
    ik.pole_angle = min(
        np.radians(range(-180, 180)), key=lambda angle: _off(thing, ik, shin, angle, rest)
    )


def _off(thing: Any, ik: Any, shin: str, angle: float, rest: np.ndarray) -> float:
    ik.pole_angle = angle
    bpy.context.view_layer.update()
    return float(np.abs(np.array(thing.pose.bones[shin].matrix) - rest).max())


def test_only_the_wanted_parts_take_the_pose(body: Body, unreal: Built) -> None:
    source, before = given(body, COUNT)
    bones = unreal.armature.pose.bones
    bones["spine_02"].rotation_quaternion = (0.9, 0.1, 0.4, 0.1)
    pose_rig(target(unreal.armature), source, RetargetOptions(feet=False, parts=ARMS))
    bpy.context.view_layer.update()
    assert tuple(bones["thigh_l"].rotation_quaternion) == (1, 0, 0, 0)
    assert tuple(bones["pelvis"].location) == (0, 0, 0)
    after = movement(unreal, np.array([1.0]))
    for bone in ("wrist.L", "wrist.R"):  # whatever the spine does
        np.testing.assert_allclose(after.turns[bone][0], before.turns[bone][0], atol=0.06)


def test_a_part_over_an_action_keeps_the_rest_of_it(body: Body, unreal: Built) -> None:
    source, before = given(body, COUNT)
    aim = target(unreal.armature)
    old = animate_rig(aim, source, RetargetOptions(feet=False, mirror=True))
    other = movement(unreal, source.frames)
    new = animate_rig(aim, source, RetargetOptions(feet=False, parts=ARMS))
    after = movement(unreal, source.frames)
    assert turn_errors(other, after, "head", "foot.L", "root").max() < 0.01
    assert turn_errors(before, after, "wrist.L", "wrist.R").max() < 3
    assert old != new
    assert old.use_fake_user


def test_half_an_amount_is_half_the_way(body: Body, unreal: Built) -> None:
    source, _ = given(body, 1)
    aim, bone = target(unreal.armature), unreal.armature.pose.bones["upperarm_l"]
    pose_rig(aim, source, EXACT)
    whole = bone.rotation_quaternion.copy()
    bone.rotation_quaternion = (1, 0, 0, 0)
    pose_rig(aim, source, RetargetOptions(feet=False, amount=0.5, parts=frozenset({"ARM.L"})))
    assert 2 * bone.rotation_quaternion.angle == pytest.approx(whole.angle, abs=0.2)
    pose_rig(aim, source, RetargetOptions(amount=0.0))
    assert 2 * bone.rotation_quaternion.angle == pytest.approx(whole.angle, abs=0.2)


def test_keys_go_onto_the_frame_in_the_rigs_own_action(body: Body, unreal: Built) -> None:
    source, _ = given(body, 1)
    for frame in (5, 12):
        bpy.context.scene.frame_set(frame)
        key_rig(target(unreal.armature), source)
    channels = object_channels(unreal.armature)
    times = {tuple(point.co.x for point in c.keyframe_points) for c in channels.fcurves}
    assert times == {(5.0, 12.0)}
    assert [action.name for action in bpy.data.actions if action.users] == ["Unreal"]


@pytest.fixture
def linked(body: Body, tmp_path: Path) -> Any:
    """A rig in a collection of another file."""
    rig = build("Unreal", body)
    path = tmp_path / "library.blend"
    collection = bpy.data.collections.new("Hero")
    collection.objects.link(rig.armature)
    bpy.data.libraries.write(str(path), {collection})
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.collections = ["Hero"]
    bpy.context.scene.collection.children.link(bpy.data.collections["Hero"])
    return rig, bpy.data.objects["Unreal"]


def test_linked_rig_is_a_source(linked: Any) -> None:
    from hund_blender.scene.retarget_source import shown_pose

    assert shown_pose(linked[1]).posed.has("hips")


def test_override_takes_pose_and_action(body: Body, linked: Any) -> None:
    built, thing = linked
    scene, layer = bpy.context.scene, bpy.context.view_layer
    override = override_of(thing, scene, layer)
    source, before = given(body, COUNT)
    animate_rig(target(override), source, EXACT)
    after = movement(Built(override, None, built.groups, built.turns), source.frames)
    assert limb_errors(before, after).max() < 0.1


def test_existing_scene_is_left_as_it_is(body: Body, unreal: Built) -> None:
    source, _ = given(body, 2)
    scenes, active = bpy.data.scenes.keys(), bpy.context.view_layer.objects.active
    frame = bpy.context.scene.frame_current
    animate_rig(target(unreal.armature), source)
    assert bpy.data.scenes.keys() == scenes
    assert bpy.context.view_layer.objects.active == active
    assert bpy.context.scene.frame_current == frame


def test_parts_of_the_body_are_all_there_is() -> None:
    assert RetargetOptions().is_whole
    assert not RetargetOptions(parts=frozenset(PARTS) - {"HEAD"}).is_whole
