# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded poses on the controls of a rig that Rigify has generated, FK and IK."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from rig_motions import evaluated, given, target

from benchmarks.artist_rigs import Built
from benchmarks.mocap_actions import ADULT, character
from benchmarks.retarget_measures import limb_errors, movement, turn_errors
from benchmarks.rigify_rig import build_rigify
from hund_blender.body import Body
from hund_blender.retarget.mapping import SOURCE, automatic_map
from hund_blender.retarget.presets import built_in_presets
from hund_blender.retarget.reach import reach
from hund_blender.retarget.rest import rest_skeleton
from hund_blender.retarget.transfer import transfer
from hund_blender.scene import retarget
from hund_blender.scene.retarget import FK, IK, RetargetOptions, prepare
from hund_blender.scene.retarget_source import shown_pose, whole_motion
from hund_blender.scene.rig_description import describe
from hund_blender.scene.rig_keys import animate_rig, pose_rig
from hund_blender.scene.rig_state import put_back, snapshot, state_of

COUNT = 50
ARMS = {"upper_arm_parent.L": "hand_fk.L", "upper_arm_parent.R": "hand_fk.R"}
LEGS = {"thigh_parent.L": "foot_fk.L", "thigh_parent.R": "foot_fk.R"}


@pytest.fixture(scope="module")
def generated(body: Body, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Built]:
    """Generating takes seconds, so it is done once."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    built = build_rigify(body, ADULT)
    path = tmp_path_factory.mktemp("rigify") / "rig.blend"
    bpy.data.libraries.write(str(path), {built.armature})
    bpy.ops.preferences.addon_disable(module="rigify")
    return path, built


@pytest.fixture
def rigify(generated: tuple[Path, Built]) -> Built:
    path, built = generated
    with bpy.data.libraries.load(str(path)) as (_, wanted):
        wanted.objects = ["rig"]
    bpy.context.scene.collection.objects.link(wanted.objects[0])
    return replace(built, armature=wanted.objects[0])


def test_controls_are_found_for_keys_and_bones_for_reading(rigify: Built) -> None:
    rig = describe(rigify.armature)
    controls = automatic_map(rig, built_in_presets())
    assert (controls.preset.name, controls.confidence) == ("Rigify", 1.0)
    assert controls.preset.bones["foot_ik.L"] == ("foot_ik.L",)
    bones = automatic_map(rig, built_in_presets(), SOURCE)
    assert bones.confidence == 1.0
    assert bones.preset.bones["shin.R"] == ("DEF-shin.R", "DEF-shin.R.001")


@pytest.mark.parametrize("way", [FK, IK])
def test_poses_arrive(body: Body, rigify: Built, way: str) -> None:
    source, before = given(body, COUNT)
    options = RetargetOptions(feet=False, arms_by=way, legs_by=way)
    animate_rig(target(rigify.armature), source, options)
    after = movement(rigify, source.frames)
    limbs = limb_errors(before, after)
    assert np.median(limbs) <= (0.1 if way == FK else 3)
    assert limbs.max() <= (0.1 if way == FK else 8)  # Rigify's IK lets bones stretch a little
    assert turn_errors(before, after, "wrist.L", "wrist.R").max() <= 1
    assert turn_errors(before, after, "foot.L", "foot.R").max() <= 1
    assert turn_errors(before, after, "root", "head").max() <= 1
    for bone in (*ARMS, *LEGS):
        assert rigify.armature.pose.bones[bone]["IK_FK"] == (1.0 if way == FK else 0.0)


def test_both_ways_are_keyed_and_the_switch_stays(body: Body, rigify: Built) -> None:
    source, _ = given(body, COUNT)
    bones = rigify.armature.pose.bones
    bones["upper_arm_parent.L"]["IK_FK"] = 0.25
    animate_rig(target(rigify.armature), source)
    assert bones["upper_arm_parent.L"]["IK_FK"] == 0.25
    names = ["hand_fk.L", "foot_fk.R"]
    poses = []
    for way in (FK, IK):
        for parent in (*ARMS, *LEGS):
            bones[parent]["IK_FK"] = 1.0 if way == FK else 0.0
        rigify.armature.update_tag()
        poses.append(evaluated(rigify.armature, ["DEF-hand.L", "DEF-foot.R"], source.frames))
    np.testing.assert_allclose(poses[0][..., :3, 3], poses[1][..., :3, 3], atol=0.003)
    assert all(state_of(bones[name]).turns for name in names)


def test_ik_feet_stand_where_the_sources_do(body: Body, rigify: Built) -> None:
    source, _ = given(body, COUNT)
    options = RetargetOptions(feet=True, arms_by=IK, legs_by=IK)
    aim = target(rigify.armature)
    animate_rig(aim, source, options)
    again = whole_motion(rigify.armature)
    for slot in ("foot.L", "foot.R"):
        planted = source.posed.places[slot][:, 2] - source.posed.floor < 0.15
        wanted = source.posed.places[slot][planted]
        apart = np.linalg.norm(again.posed.places[slot][planted] - wanted, axis=1)
        assert apart.max(initial=0) < 0.01
    pose = transfer(source.posed, rest_skeleton(aim.rig, aim.preset.bones), own_twist=True)
    pose = reach(pose, source.posed, ["foot"])
    knees = again.posed.places["shin.L"] - pose.places["shin.L"]
    assert np.linalg.norm(knees, axis=1).max() < 0.06


@pytest.mark.parametrize("way", [FK, IK])
def test_there_and_back_again(body: Body, rigify: Built, way: str) -> None:
    (source, before), back = given(body, COUNT), character(body)
    exact = RetargetOptions(feet=False, arms_by=way, legs_by=way)
    animate_rig(target(rigify.armature), source, exact)
    animate_rig(target(back), whole_motion(rigify.armature), exact)
    bones = {name: (name,) for name in body.bone_names}
    after = movement(replace(rigify, armature=back, groups=bones), source.frames)
    assert limb_errors(before, after).max() <= 1
    ends = ("wrist.L", "wrist.R", "foot.L", "foot.R", "root", "spine01", "head")
    assert turn_errors(before, after, *ends).max() <= 1


def test_offsets_of_other_controls_are_allowed_for_or_put_to_rest(
    body: Body, rigify: Built
) -> None:
    source, before = given(body, COUNT)
    bones = rigify.armature.pose.bones
    bones["root"].location = (1, 2, 0)
    bones["root"].rotation_quaternion = (0.9, 0, 0.436, 0)
    bones["chest"].rotation_quaternion = (0.9, 0.436, 0, 0)
    animate_rig(target(rigify.armature), source, RetargetOptions(feet=False, arms_by=FK))
    after = movement(rigify, source.frames)
    assert limb_errors(before, after)[: 4 * len(source.frames)].max() < 0.1
    assert tuple(bones["chest"].rotation_quaternion) == (1, 0, 0, 0)


def test_what_is_shown_is_what_is_read(body: Body, rigify: Built) -> None:
    source, _ = given(body, 1)
    pose_rig(target(rigify.armature), source, RetargetOptions(feet=False, legs_by=IK))
    again: Any = shown_pose(rigify.armature)
    np.testing.assert_allclose(
        again.posed.places["foot.L"], source.posed.places["foot.L"], atol=0.003
    )


def test_ik_bones_stretch_again_after_the_preview(rigify: Built) -> None:
    bone = rigify.armature.pose.bones["MCH-shin_ik.L"]
    kept, aim = snapshot(rigify.armature), target(rigify.armature)
    before = bone.ik_stretch
    prepare(aim, RetargetOptions(rigid_ik=False))
    assert bone.ik_stretch == before > 0
    prepare(aim, RetargetOptions(parts=frozenset({"ARM.L"})))
    assert bone.ik_stretch == before
    prepare(aim, RetargetOptions())
    assert bone.ik_stretch == 0
    put_back(rigify.armature, kept)
    assert bone.ik_stretch == before


def test_a_part_hangs_on_what_an_action_does_with_the_rest(
    body: Body, rigify: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by keys and spaces, it is what Blender shows frame by frame."""
    source, _ = given(body, COUNT)
    arms = RetargetOptions(feet=False, parts=frozenset({"ARM.L", "ARM.R", "HAND.L", "HAND.R"}))
    aim, hands = target(rigify.armature), ["DEF-hand.L", "DEF-hand.R"]
    turned = replace(arms, parts=RetargetOptions().parts, mirror=True)
    animate_rig(aim, source, turned)
    animate_rig(aim, source, arms)
    told = evaluated(rigify.armature, hands, source.frames)
    monkeypatch.setattr(retarget, "_only_keys_move", lambda *_: False)
    animate_rig(aim, source, turned)
    animate_rig(aim, source, arms)
    shown = evaluated(rigify.armature, hands, source.frames)
    np.testing.assert_allclose(told, shown, atol=0.002)
