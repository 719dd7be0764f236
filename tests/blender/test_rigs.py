# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs made of the body's bones: nothing is lost, and what is posed looks the same."""

from pathlib import Path

import bpy
import made_people
import numpy as np
import pytest
from looking import evaluated_vertices
from made_photos import add, made_result, meshes_of

from hund_blender.body import Body, PosedBody
from hund_blender.rigs import GAME_ENGINE, MAKEHUMAN, MIXAMO, Rig, rig_of
from hund_blender.rotations import matrices_from_quaternions
from hund_blender.scene.people import SceneOptions

RIGS = (MAKEHUMAN, MIXAMO, GAME_ENGINE)
REDUCED = (MIXAMO, GAME_ENGINE)
TENTH_MM = 1e-4
# Bones of which photos tell something, with how far they turn here.
POSED = {
    "spine04": 0.2, "spine03": 0.2, "spine02": 0.2, "neck01": 0.3, "head": 0.3,
    "upperleg01": 0.8, "lowerleg01": 0.8, "foot": 0.3, "clavicle": 0.15, "upperarm01": 0.8,
    "lowerarm01": 0.8, "lowerarm02": 0.4, "wrist": 0.4, "finger2-1": 0.8, "finger1-2": 0.4,
}  # fmt: skip
# As Mixamo's and Unreal's own files have them.
KNOWN_PARENTS = {
    MIXAMO: {
        "mixamorig:Spine2": "mixamorig:Spine1",
        "mixamorig:LeftShoulder": "mixamorig:Spine2",
        "mixamorig:Neck": "mixamorig:Spine2",
        "mixamorig:RightUpLeg": "mixamorig:Hips",
        "mixamorig:LeftToeBase": "mixamorig:LeftFoot",
        "mixamorig:RightHandPinky1": "mixamorig:RightHand",
        "mixamorig:LeftHandThumb3": "mixamorig:LeftHandThumb2",
    },
    GAME_ENGINE: {
        "spine_01": "pelvis",
        "clavicle_l": "spine_03",
        "neck_01": "spine_03",
        "calf_r": "thigh_r",
        "ball_l": "foot_l",
        "pinky_01_r": "hand_r",
        "thumb_03_l": "thumb_02_l",
    },
}


def quaternions(body: Body, seed: int) -> dict[str, list[float]]:
    rng = np.random.default_rng(seed)
    return {
        name: made_people.quaternion(rng.normal(size=3), rng.normal(0, size))
        for name in body.bone_names
        for bone, size in POSED.items()
        if name.partition(".")[0] == bone
    }


def skinned(rig: Rig, posed: PosedBody) -> np.ndarray:
    """Vertices (V, 3) as the rig's own bones and weights carry them."""
    rest = rig.body.average
    deforms, heads = rig.posed(rest, posed.bone_deforms, posed.heads)
    moved = np.einsum("rij,vrj->vri", deforms, rest.vertices[:, None] - rig.rest(rest).heads)
    return np.einsum("vr,vri->vi", rig.weights, moved + heads)


@pytest.mark.parametrize("key", RIGS)
def test_every_bone_with_skin_is_there_or_merged(body: Body, key: str) -> None:
    rig = rig_of(key, body)
    assert (rig.merged >= 0).all()
    assert len(set(rig.bone_names)) == len(rig.bone_names)
    assert rig.bone_parents[0] == -1
    assert all(0 <= parent < bone for bone, parent in enumerate(rig.bone_parents) if bone)
    np.testing.assert_allclose(rig.weights.sum(1), 1, atol=1e-12)


def test_makehuman_is_the_body_itself(body: Body) -> None:
    rig = rig_of(MAKEHUMAN, body)
    assert (rig.bone_names, rig.bone_parents) == (body.bone_names, body.bone_parents)


@pytest.mark.parametrize("key", REDUCED)
def test_names_and_parents_are_those_of_the_others(body: Body, key: str) -> None:
    rig = rig_of(key, body)
    parents = {
        name: rig.bone_names[parent]
        for name, parent in zip(rig.bone_names, rig.bone_parents, strict=True)
    }
    assert parents | KNOWN_PARENTS[key] == parents


@pytest.mark.parametrize("key", REDUCED)
def test_merged_bones_are_of_one_side_and_side_by_side(body: Body, key: str) -> None:
    """What is merged with a bone is its parent or shares its parent, and never of another side."""
    rig = rig_of(key, body)
    for bone, parent in enumerate(body.bone_parents[1:], start=1):
        group, leader = rig.merged[bone], rig.leaders[rig.merged[bone]]
        assert bone == leader or rig.merged[parent] in (group, rig.bone_parents[group])
        sides = [body.bone_names[one].partition(".")[2] for one in (bone, leader)]
        assert sides[1] in ("", sides[0])


@pytest.mark.parametrize(("key", "mean_mm", "most_mm"), [(MAKEHUMAN, 0, 0), (MIXAMO, 6, 50)])
@pytest.mark.parametrize("seed", range(5))
def test_posed_skin_is_the_bodys_or_near(
    body: Body, key: str, mean_mm: float, most_mm: float, seed: int
) -> None:
    posed = body.pose(body.average, quaternions(body, seed))
    points = skinned(rig_of(key, body), posed)
    misses_mm = 1000 * np.linalg.norm(points - posed.vertices, axis=1)
    assert misses_mm.mean() <= mean_mm + 0.001
    assert misses_mm.max() <= most_mm + 0.001


@pytest.mark.parametrize("key", RIGS)
def test_blender_makes_of_a_rig_what_it_says(body: Body, tmp_path: Path, key: str) -> None:
    person = made_people.person(body, 1)
    rotations = quaternions(body, 7)
    calm = person["parameters"] | {"rotations": rotations, "facial_actions": {}}
    calm["phenotypes"] = {}
    person = person | {"parameters": calm}
    add(made_result(body, tmp_path / "one.png", [person]), options=SceneOptions(rig=key))
    skin, rig = meshes_of("one")[0], rig_of(key, body)
    assert {bone.name for bone in skin.parent.data.bones} == set(rig.bone_names)
    assert [group.name for group in skin.vertex_groups] == list(rig.bone_names)
    posed = body.pose(body.average, rotations)
    points = skinned(rig, posed)
    turn = matrices_from_quaternions(np.array(calm["root"]))
    in_camera = (points - posed.heads[0]) @ turn.T + calm["translation"]
    made = evaluated_vertices(skin) - np.array(bpy.context.scene.camera.location)
    np.testing.assert_allclose(made @ [[1, 0, 0], [0, 0, 1], [0, -1, 0]], in_camera, atol=TENTH_MM)
