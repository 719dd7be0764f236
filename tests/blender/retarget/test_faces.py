# SPDX-License-Identifier: GPL-3.0-or-later
"""Facial actions onto the shape keys of other faces."""

from typing import Any

import bpy
import numpy as np
import pytest
from rig_motions import actor, target

from benchmarks.artist_rigs import build
from hund_blender.body import Body
from hund_blender.compat import SLOTTED_ACTIONS
from hund_blender.retarget.arkit import ACTIONS
from hund_blender.retarget.faces import (
    arkit_keys,
    built_in_face_maps,
    face_map,
    key_values,
    mirrored_actions,
)
from hund_blender.scene.retarget import RetargetOptions
from hund_blender.scene.retarget_source import shown_pose, whole_motion
from hund_blender.scene.rig_keys import animate_rig, key_rig, pose_rig

VROID = ("Basis", "Fcl_EYE_Close_L", "Fcl_EYE_Close_R", "Fcl_MTH_A", "Fcl_HA_Short")


def test_arkit_has_the_bodys_52(body: Body) -> None:
    assert set(ACTIONS) == set(body.facial_action_names)
    assert len(ACTIONS) == 52


@pytest.mark.parametrize("number", range(len(built_in_face_maps())))
def test_every_face_map_is_found_by_its_keys(number: int) -> None:
    known = built_in_face_maps()[number]
    assert face_map(["Basis", "Hair", *known]) == known
    assert {action for parts in known.values() for action in parts} <= set(ACTIONS)


@pytest.mark.parametrize(
    ("key", "action"),
    [
        ("jawOpen", "jawOpen"), ("JawOpen", "jawOpen"), ("Jaw_Open", "jawOpen"),
        ("A25_Jaw_Open", "jawOpen"), ("eyeBlink_L", "eyeBlinkLeft"),
        ("head.mouthLeft", "mouthLeft"), ("mouthSmile_R", "mouthSmileRight"),
        ("EYE_LOOK_IN_LEFT", "eyeLookInLeft"),
    ],
)  # fmt: skip
def test_arkit_names_however_written(key: str, action: str) -> None:
    assert arkit_keys([key]) == {key: {action: 1.0}}


@pytest.mark.parametrize(
    "key", ["Basis", "Open", "jaw", "browse", "mouthOpenWide", "eyeBlinkLeft2"]
)
def test_other_names_are_left_alone(key: str) -> None:
    assert arkit_keys([key]) == {}


def test_values_are_shares_within_bounds() -> None:
    keys = {"Smile": {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.5}, "Puff": {"cheekPuff": 2.0}}
    actions = {"mouthSmileLeft": np.array([1.0, 0.2]), "mouthSmileRight": np.array([0.0, 0.4])}
    values = key_values(keys, actions | {"cheekPuff": np.array([0.9, 0.1])})
    np.testing.assert_allclose(values["Smile"], [0.5, 0.3])
    np.testing.assert_allclose(values["Puff"], [1.0, 0.2])
    assert key_values(keys, {"jawOpen": np.ones(1)}) == {}


def test_mirrored_face() -> None:
    given = {"eyeBlinkLeft": np.ones(1), "jawOpen": np.zeros(1)}
    assert set(mirrored_actions(given)) == {"eyeBlinkRight", "jawOpen"}


@pytest.fixture
def source(body: Body) -> Any:
    """A character who opens the mouth and winks on the way from frame 1 to 3."""
    thing = actor(body, 3, skin=True)
    keys = next(child for child in thing.children).data.shape_keys.key_blocks
    for name in ("jawOpen", "eyeBlinkLeft"):
        for frame, value in ((1, 0.0), (3, 0.8)):
            keys[name].value = value
            keys[name].keyframe_insert("value", frame=frame)
    bpy.context.scene.frame_set(3)
    return thing


def face_on(body: Body, names: tuple[str, ...]) -> tuple[Any, Any]:
    rig = build("VRoid", body, skin=True)
    for name in names:
        rig.skin.shape_key_add(name=name).value = 0.0
    return rig.armature, rig.skin.data.shape_keys.key_blocks


def test_pose_brings_the_expression(body: Body, source: Any) -> None:
    rig, keys = face_on(body, VROID)
    keys["Fcl_HA_Short"].value = 0.3
    pose_rig(target(rig), shown_pose(source))
    assert keys["Fcl_MTH_A"].value == pytest.approx(0.8)
    assert keys["Fcl_EYE_Close_L"].value == pytest.approx(0.8)
    assert keys["Fcl_EYE_Close_R"].value == 0
    assert keys["Fcl_HA_Short"].value == pytest.approx(0.3)
    pose_rig(target(rig), shown_pose(source), RetargetOptions(mirror=True))
    assert keys["Fcl_EYE_Close_R"].value == pytest.approx(0.8)
    keys["Fcl_MTH_A"].value = 0.1
    pose_rig(target(rig), shown_pose(source), RetargetOptions(face=False))
    assert keys["Fcl_MTH_A"].value == pytest.approx(0.1)


def test_action_brings_body_and_face_together(body: Body, source: Any) -> None:
    rig, keys = face_on(body, ("Basis", "jawOpen"))
    action = animate_rig(target(rig), whole_motion(source))
    values = []
    for frame in (1, 2, 3):
        bpy.context.scene.frame_set(frame)
        values.append(keys["jawOpen"].value)
    np.testing.assert_allclose(values, [0.0, 0.4, 0.8], atol=0.01)
    face = keys["jawOpen"].id_data.animation_data.action
    assert (face == action) == SLOTTED_ACTIONS
    if SLOTTED_ACTIONS:
        assert sorted(slot.target_id_type for slot in action.slots) == ["KEY", "OBJECT"]


def test_face_is_keyed_with_the_pose(body: Body, source: Any) -> None:
    rig, keys = face_on(body, ("Basis", "jawOpen"))
    bpy.context.scene.frame_set(3)
    key_rig(target(rig), shown_pose(source))
    keys["jawOpen"].value = 0.0
    bpy.context.scene.frame_set(2)
    bpy.context.scene.frame_set(3)
    assert keys["jawOpen"].value == pytest.approx(0.8)


def test_actions_before_are_kept(body: Body, source: Any) -> None:
    rig, keys = face_on(body, ("Basis", "jawOpen"))
    keys["jawOpen"].keyframe_insert("value", frame=1)
    lips = keys["jawOpen"].id_data.animation_data.action
    first = animate_rig(target(rig), whole_motion(source))
    second = animate_rig(target(rig), whole_motion(source))
    assert second not in {lips, first}
    assert lips.use_fake_user
    assert first.use_fake_user
