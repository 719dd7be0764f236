# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones an artist can work with: joined, mirrored, bending about local X, in collections."""

import bpy
import numpy as np
import pytest

from hund_blender.body import Body
from hund_blender.bones import drawn_bones
from hund_blender.rigs import MAKEHUMAN, rig_of
from hund_blender.scene.armature import build_armature, rest_frames
from hund_blender.scene.restore import in_scene

# A turn by +X brings the tip of the bone toward this direction of the body (x left, y back, z up).
BENDS = {
    "lowerleg01": (0, 1, 0),  # the heel goes back
    "lowerarm01": (0, -1, 1),  # the hand goes forward and up
    "finger2-2": (-1, 0, -1),  # toward the palm
    "finger3-2": (-1, 0, -1),
    "finger4-2": (-1, 0, -1),
    "finger5-2": (-1, 0, -1),
    "spine02": (0, -1, 0),  # the chest goes forward
    "neck02": (0, -1, 0),
}


@pytest.fixture
def armature(body: Body) -> bpy.types.Object:
    collection = bpy.data.collections.new("people")
    bpy.context.scene.collection.children.link(collection)
    with in_scene(bpy.context.scene) as view_layer:
        rest = body.rest({"gender": 0.3, "age": 0.6})
        bones = drawn_bones(rig_of(MAKEHUMAN, body), rest)
        return build_armature("someone", bones, collection, view_layer)


def frames_by_name(armature: bpy.types.Object) -> dict[str, np.ndarray]:
    names = [bone.name for bone in armature.data.bones]
    return dict(zip(names, rest_frames(armature, names), strict=True))


def test_all_bones_are_there_under_their_parents(body: Body, armature: bpy.types.Object) -> None:
    parents = {bone.name: bone.parent.name if bone.parent else None for bone in armature.data.bones}
    expected = [None if parent < 0 else body.bone_names[parent] for parent in body.bone_parents]
    assert parents == dict(zip(body.bone_names, expected, strict=True))


def test_left_and_right_are_mirror_images(armature: bpy.types.Object) -> None:
    frames = frames_by_name(armature)
    mirror = np.diag([-1.0, 1, 1, 1])
    for name, frame in frames.items():
        if name.endswith(".L"):
            np.testing.assert_allclose(
                frames[name[:-1] + "R"], mirror @ frame @ mirror, atol=1e-4, err_msg=name
            )


@pytest.mark.parametrize("name", BENDS)
def test_turning_by_local_x_bends_the_joint(armature: bpy.types.Object, name: str) -> None:
    frames = frames_by_name(armature)
    frame = frames.get(f"{name}.L", frames.get(name))
    assert frame is not None
    tip_moves = frame[:3, 2]  # X × Y
    toward = np.array(BENDS[name]) / np.linalg.norm(BENDS[name])
    assert tip_moves @ toward > 0.6


def test_bones_of_a_limb_are_joined(armature: bpy.types.Object) -> None:
    bones = armature.data.bones
    for name in (
        "upperleg02.L",
        "lowerleg01.R",
        "lowerarm01.L",
        "finger2-3.R",
        "spine03",
        "neck02",
    ):
        assert bones[name].use_connect, name
        np.testing.assert_allclose(bones[name].head_local, bones[name].parent.tail_local, atol=1e-6)


def test_bones_are_sorted_into_collections(armature: bpy.types.Object) -> None:
    collections = {
        collection.name: len(collection.bones) for collection in armature.data.collections
    }
    assert collections == {
        "Root": 1, "Spine": 7, "Head": 6, "Arms.L": 7, "Arms.R": 7, "Legs.L": 5, "Legs.R": 5,
        "Fingers.L": 19, "Fingers.R": 19, "Toes.L": 14, "Toes.R": 14,
    }  # fmt: skip


def test_nothing_constrains_the_bones(armature: bpy.types.Object) -> None:
    assert all(not bone.constraints for bone in armature.pose.bones)
