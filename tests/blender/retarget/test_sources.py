# SPDX-License-Identifier: GPL-3.0-or-later
"""Where poses and motions can be taken from: files, constrained rigs, pose assets."""

import re
from pathlib import Path
from typing import Any

import bpy
import made_people
import numpy as np
import pytest
from fbx_files import read_fbx, write_fbx
from made_photos import made_result, problems_of
from rig_motions import actor, given, target

from benchmarks.artist_rigs import build
from benchmarks.mocap_actions import character
from benchmarks.retarget_measures import as_body, limb_errors, movement, turn_errors
from hund_blender.asset_pose import REFERENCE_SHAPE
from hund_blender.body import Body
from hund_blender.compat import object_channels
from hund_blender.errors import SceneError
from hund_blender.rigs import MAKEHUMAN, MIXAMO
from hund_blender.scene.pose_assets import add_pose_assets
from hund_blender.scene.retarget import RetargetOptions
from hund_blender.scene.retarget_source import pose_asset, shown_pose, whole_motion
from hund_blender.scene.rig_keys import animate_rig, pose_rig

EXACT = RetargetOptions(feet=False)
COUNT = 6
# A stick figure in a T-pose that hangs from its hips at 0, in centimetres, y up.
BVH = """HIERARCHY
ROOT Hips
{ OFFSET 0 0 0
 CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
 JOINT Spine { OFFSET 0 10 0 CHANNELS 3 Zrotation Xrotation Yrotation
  JOINT Neck { OFFSET 0 40 0 CHANNELS 3 Zrotation Xrotation Yrotation
   JOINT Head { OFFSET 0 10 0 CHANNELS 3 Zrotation Xrotation Yrotation
    End Site { OFFSET 0 20 0 } } }
  %s
  %s }
 %s
 %s
}
MOTION
Frames: 2
Frame Time: 0.0333333
%s
%s
"""
ARM = """JOINT {0}Shoulder {{ OFFSET {1}3 38 0 CHANNELS 3 Zrotation Xrotation Yrotation
   JOINT {0}Arm {{ OFFSET {1}14 0 0 CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT {0}ForeArm {{ OFFSET {1}28 0 0 CHANNELS 3 Zrotation Xrotation Yrotation
     JOINT {0}Hand {{ OFFSET {1}25 0 0 CHANNELS 3 Zrotation Xrotation Yrotation
      End Site {{ OFFSET {1}10 0 0 }} }} }} }} }}"""
LEG = """JOINT {0}UpLeg {{ OFFSET {1}9 -5 0 CHANNELS 3 Zrotation Xrotation Yrotation
  JOINT {0}Leg {{ OFFSET 0 -42 0 CHANNELS 3 Zrotation Xrotation Yrotation
   JOINT {0}Foot {{ OFFSET 0 -41 0 CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT {0}ToeBase {{ OFFSET 0 -7 12 CHANNELS 3 Zrotation Xrotation Yrotation
     End Site {{ OFFSET 0 0 5 }} }} }} }} }}"""
JOINTS = 4 + 2 * 4 + 2 * 4


@pytest.fixture
def bvh(tmp_path: Path) -> Any:
    """First at rest on the floor, then with the left arm down and a step ahead."""
    limbs = [part.format(*side) for part in (ARM, LEG) for side in (("Left", ""), ("Right", "-"))]
    still = [0, 95, 0] + [0] * 3 * JOINTS
    moved = [0, 95, 30] + [0] * 3 * JOINTS
    moved[3 + 3 * 5] = -90  # Z of LeftArm, the sixth joint
    lines = (" ".join(map(str, frame)) for frame in (still, moved))
    path = tmp_path / "walk.bvh"
    text = BVH % (*limbs, *lines)  # Blender wants a line for each of these
    path.write_text(re.sub(r"\s*(\{|\}|OFFSET|CHANNELS|JOINT|End Site)", r"\n\1", text))
    bpy.ops.preferences.addon_enable(module="io_anim_bvh")
    bpy.ops.import_anim.bvh(filepath=str(path), global_scale=0.01, rotate_mode="NATIVE")
    return bpy.context.object


def test_bvh_file(body: Body, bvh: Any) -> None:
    source, rig = whole_motion(bvh), build("Unreal", body)
    animate_rig(target(rig.armature), source)
    again = whole_motion(rig.armature)
    arm = again.posed.anatomical("upper_arm.L")[..., 1]
    np.testing.assert_allclose(arm, [[1, 0, 0], [0, 0, -1]], atol=0.02)
    np.testing.assert_allclose(
        again.posed.anatomical("thigh.L")[:, :, 1], [[0, 0, -1]] * 2, atol=0.05
    )
    soles = again.posed.places["foot.L"][:, 2] - again.posed.rest.ankle_height("foot.L")
    np.testing.assert_allclose(soles, 0, atol=0.02)
    step = again.posed.hips()[1] - again.posed.hips()[0]
    scale = again.posed.rest.legs / source.posed.rest.legs
    np.testing.assert_allclose(step, [0, -0.3 * scale, 0], atol=0.02)


def test_rig_of_other_axes_and_units(body: Body) -> None:
    """As FBX files come in: y up, centimetres, the object turned and scaled."""
    source, before = given(body, COUNT)
    rig = build("Mixamo", body)
    animate_rig(target(rig.armature), source, EXACT)
    bpy.context.view_layer.objects.active = rig.armature
    rig.armature.data.transform(turned_y_up())
    rig.armature.rotation_euler, rig.armature.scale = (np.pi / 2, 0, 0), (0.01, 0.01, 0.01)
    for curve in curves_of_hips(rig.armature):
        for point in curve.keyframe_points:
            point.co.y *= 100
    back = character(body)
    animate_rig(target(back), whole_motion(rig.armature), EXACT)
    after = movement(as_body(back, body), source.frames)
    assert limb_errors(before, after).max() < 0.5
    assert turn_errors(before, after, "root", "head", "foot.L").max() < 0.5
    np.testing.assert_allclose(after.joints["root"], before.joints["root"], atol=0.01)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Blender's own exporter
def test_fbx_file(body: Body, tmp_path: Path) -> None:
    """A rig with its skin, which tells the rest pose, was written to a file and read again."""
    source, before = given(body, COUNT)
    rig, scene = build("Mixamo", body, skin=True), bpy.context.scene
    animate_rig(target(rig.armature), source, EXACT)
    scene.frame_start, scene.frame_end = 1, COUNT
    for thing in (rig.armature, rig.skin):
        thing.select_set(True)
    path = str(tmp_path / "motion.fbx")
    write_fbx(path)
    bpy.data.batch_remove([rig.armature, rig.skin])
    read_fbx(path)
    [read] = [thing for thing in bpy.context.selected_objects if thing.type == "ARMATURE"]
    back = character(body)
    animate_rig(target(back), whole_motion(read), EXACT)
    after = movement(as_body(back, body), source.frames)
    assert limb_errors(before, after).max() < 0.5
    assert turn_errors(before, after, "root", "head", "foot.L").max() < 0.5
    np.testing.assert_allclose(after.joints["root"], before.joints["root"], atol=0.01)


def turned_y_up() -> Any:
    from mathutils import Matrix

    return Matrix.Scale(100, 4) @ Matrix.Rotation(-np.pi / 2, 4, "X")


def curves_of_hips(thing: Any) -> list[Any]:
    return [c for c in object_channels(thing).fcurves if c.data_path.endswith("location")]


def test_constraints_and_moving_objects_count(body: Body) -> None:
    thing = actor(body, COUNT)
    thing.pose.bones["head"].constraints.new("LIMIT_ROTATION").use_limit_x = True
    thing.keyframe_insert("location", frame=1)
    thing.location.x = 2
    thing.keyframe_insert("location", frame=COUNT)
    source, rig = whole_motion(thing), build("Unreal", body)
    animate_rig(target(rig.armature), source, EXACT)
    plain, _ = given(body, COUNT)
    hips = whole_motion(rig.armature).posed.hips() - plain.posed.hips()
    np.testing.assert_allclose(hips[[0, -1]], [[0, 0, 0], [2, 0, 0]], atol=0.01)


def test_muted_curves_do_not_count(body: Body) -> None:
    thing = actor(body, COUNT)
    assert np.ptp(whole_motion(thing).posed.hips(), 0).max() > 0.01
    for curve in object_channels(thing).fcurves:
        curve.mute = True
    assert np.ptp(whole_motion(thing).posed.hips(), 0).max() < 1e-6


@pytest.mark.parametrize("key", [MAKEHUMAN, MIXAMO])
def test_pose_asset_needs_no_character(body: Body, tmp_path: Path, key: str) -> None:
    person = made_people.person(body, 3)
    person["parameters"]["phenotypes"] = dict(REFERENCE_SHAPE)
    result = made_result(body, tmp_path / "j.png", [person])
    assert problems_of(add_pose_assets(bpy.context.scene.name, [result], key)) == []
    rig = build("Unreal", body)
    source = pose_asset(bpy.data.actions["j"])
    pose_rig(target(rig.armature), source, EXACT)
    again = shown_pose(rig.armature)
    for slot in ("upper_arm.L", "thigh.R", "hand.L"):
        np.testing.assert_allclose(
            again.posed.anatomical(slot), source.posed.anatomical(slot), atol=0.01
        )
    assert source.posed.floor == pytest.approx(0, abs=0.02)


def test_what_has_no_motion_says_so(body: Body) -> None:
    with pytest.raises(SceneError, match="no action"):
        whole_motion(character(body))
    action = bpy.data.actions.new("Foreign")
    with pytest.raises(SceneError, match="which rig"):
        pose_asset(action)
