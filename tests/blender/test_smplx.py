# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters with the rig of SMPL-X: what Blender shows is what SMPL-X's own formulas say."""

from pathlib import Path
from typing import Any

import bpy
import made_clips
import made_mhr
import made_people
import numpy as np
import pytest
from looking import evaluated_vertices
from made_characters import clip_options, place
from made_photos import add, made_result
from made_smplx import made_body, made_model
from mathutils import Euler

from hund_blender import api
from hund_blender.axes import BLENDER_FROM_CAM
from hund_blender.body import Body
from hund_blender.clip.cleanup import AS_SEEN
from hund_blender.clip.keys import KeySettings
from hund_blender.clip.process import Settings
from hund_blender.errors import SceneError
from hund_blender.other_results.mhr_model import JOINTS as MHR_JOINTS
from hund_blender.other_results.mhr_model import read_mhr_model
from hund_blender.other_results.smpl_motion import CAM_FROM_WORLD, Y_UP
from hund_blender.retarget.mapping import SOURCE, automatic_map
from hund_blender.retarget.presets import built_in_presets
from hund_blender.rigs import MAKEHUMAN, SMPLX, rig_of
from hund_blender.scene.body_data import kept_body
from hund_blender.scene.people import SceneOptions
from hund_blender.scene.rig_description import describe
from hund_blender.smplx import JOINTS
from model_server.smplx.model import SmplxModel
from model_server.smplx.rotations import matrices_from_vectors

NAME = "actor Person 1"
TENTH_MM = 1e-4
PARTS = (
    "global_orient", "body_pose", "jaw_pose", "leye_pose", "reye_pose", "left_hand_pose",
    "right_hand_pose",
)  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SmplxModel:
    return made_model(tmp_path_factory.mktemp("smplx"))


@pytest.fixture(scope="module")
def smplx(model: SmplxModel) -> Body:
    return made_body(model)


@pytest.fixture
def actor(smplx: Body, tmp_path: Path) -> Any:
    """Somebody in a random pose with a face, active."""
    person = made_people.person(smplx, 1)
    result = made_result(smplx, tmp_path / "actor.png", [person])
    add(result, options=SceneOptions(rig=SMPLX, match_camera=False))
    found = bpy.data.objects[NAME]
    bpy.context.view_layer.objects.active = found
    return found


def saved(path: Path) -> dict[str, np.ndarray]:
    """What the active character's pose is in SMPL-X's parameters."""
    assert bpy.ops.hund.export_motion(filepath=str(path), what="POSE") == {"FINISHED"}
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def vectors_of(arrays: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([arrays[name][0].reshape(-1, 3) for name in PARTS])


def own_skin(model: SmplxModel, arrays: dict[str, np.ndarray], actor: Any) -> np.ndarray:
    """World vertices (V, 3) that the model's own formulas make of saved parameters."""
    skin, _ = model.posed(
        arrays["betas"].astype(float),
        arrays["expression"][0].astype(float),
        vectors_of(arrays).astype(float),
        arrays["transl"][0].astype(float),
    )
    world = np.array(actor.matrix_world)
    return skin @ BLENDER_FROM_CAM.T @ world[:3, :3].T + world[:3, 3]


def apart_deg(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    turned = matrices_from_vectors(a).swapaxes(-1, -2) @ matrices_from_vectors(b)
    return np.degrees(np.arccos(((np.trace(turned, axis1=-2, axis2=-1) - 1) / 2).clip(-1, 1)))


def test_bones_are_the_joints_under_a_root(actor: Any) -> None:
    assert {bone.name for bone in actor.data.bones} == {*JOINTS, "root"}
    assert actor.data.bones["pelvis"].parent.name == "root"
    assert actor.data.bones["left_elbow"].parent.name == "left_shoulder"
    assert np.abs(actor.data.bones["pelvis"].vector.normalized().x) < 0.05
    assert actor.data.bones["pelvis"].tail_local.z > actor.data.bones["pelvis"].head_local.z
    assert {"Arms.L", "Head", "Fingers.R"} <= set(actor.data.collections.keys())


def test_shape_and_expression_keys_are_there(actor: Any, smplx: Body) -> None:
    keys = actor.children[0].data.shape_keys.key_blocks
    named = {f"{kind}{number:03}" for kind in ("Shape", "Exp") for number in range(10)}
    assert named | set(smplx.facial_action_names) <= set(keys.keys())
    assert all(keys[name].value == 0 and keys[name].slider_min == -5 for name in named)
    skin = actor.children[0]
    before = evaluated_vertices(skin)
    keys["Shape000"].value = 2.0
    assert np.linalg.norm(evaluated_vertices(skin) - before, axis=1).mean() > 0.01


def test_with_pose_correctives_the_skin_is_smplxs(
    actor: Any, model: SmplxModel, tmp_path: Path
) -> None:
    """All of it: shape, pose, corrections. A calm face, for jaws turn among the shape keys."""
    skin = actor.children[0]
    for key in skin.data.shape_keys.key_blocks:
        key.value = 0.0
    arrays = saved(tmp_path / "pose.npz")
    wanted = own_skin(model, arrays, actor)
    without = np.linalg.norm(evaluated_vertices(skin) - wanted, axis=1)
    assert bpy.ops.hund.pose_correctives() == {"FINISHED"}
    bpy.context.view_layer.update()
    np.testing.assert_allclose(evaluated_vertices(skin), wanted, atol=2 * TENTH_MM)
    assert without.max() > 0.002


def test_faces_are_near_what_smplx_makes_of_them(
    actor: Any, model: SmplxModel, tmp_path: Path
) -> None:
    arrays = saved(tmp_path / "pose.npz")
    assert arrays["jaw_pose"][0, 0] > np.radians(2)
    plain = SmplxModel(**{**vars(model), "pose_directions": 0 * model.pose_directions})
    wanted = own_skin(plain, arrays, actor)
    away = np.linalg.norm(evaluated_vertices(actor.children[0]) - wanted, axis=1)
    assert away.mean() < 2e-4
    assert away.max() < 0.01


def test_pose_correctives_follow_bones_in_any_mode_and_go_again(actor: Any) -> None:
    skin = actor.children[0]
    names = set(skin.data.shape_keys.key_blocks.keys())
    bpy.ops.hund.pose_correctives()
    keys = skin.data.shape_keys.key_blocks
    bone = actor.pose.bones["left_knee"]
    first = 9 * (JOINTS.index("left_knee") - 1)
    for mode in ("QUATERNION", "XYZ"):
        bone.rotation_mode = mode
        bone.matrix_basis.identity()
        bone.rotation_quaternion = (1, 0, 0, 0)
        bone.rotation_euler = (0, 0, 0)
        bpy.context.view_layer.update()
        values = [keys[f"Pose{first + entry:03}"].value for entry in range(9)]
        np.testing.assert_allclose(values, 0, atol=1e-5)
        euler = Euler((0.7, 0.2, -0.3))
        bone.rotation_euler, bone.rotation_quaternion = euler, euler.to_quaternion()
        bpy.context.view_layer.update()
        values = [keys[f"Pose{first + entry:03}"].value for entry in range(9)]
        trace = np.array(euler.to_matrix()).trace()
        assert values[0] + values[4] + values[8] == pytest.approx(trace - 3, abs=1e-3)
    bpy.ops.hund.pose_correctives()
    assert set(skin.data.shape_keys.key_blocks.keys()) == names
    drivers = skin.data.shape_keys.animation_data
    assert drivers is None or not drivers.drivers


def test_pose_correctives_are_for_smplx_alone(body: Body, tmp_path: Path) -> None:
    add(made_result(body, tmp_path / "actor.png", [made_people.person(body, 1)]))
    bpy.context.view_layer.objects.active = bpy.data.objects[NAME]
    assert not bpy.ops.hund.pose_correctives.poll()


def test_a_pose_comes_back(actor: Any, tmp_path: Path) -> None:
    before = saved(tmp_path / "pose.npz")
    options = clip_options(
        Settings(AS_SEEN, KeySettings()), match_camera=False, rig=SMPLX, character=NAME
    )
    imported = api.import_result(tmp_path / "pose.npz", options)
    assert imported.problems == ()
    bpy.context.scene.frame_set(1)
    after = saved(tmp_path / "again.npz")
    vectors = vectors_of(before)
    vectors[JOINTS.index("left_eye_smplhf") : JOINTS.index("right_eye_smplhf") + 1] = 0
    again = vectors_of(after)
    jaw = JOINTS.index("jaw")
    assert np.delete(apart_deg(vectors, again), jaw).max() < 1
    assert abs(vectors[jaw, 0] - again[jaw, 0]) < np.radians(1)
    np.testing.assert_allclose(after["betas"], before["betas"], atol=1e-3)


def test_a_new_character_of_a_result_needs_no_server(actor: Any, tmp_path: Path) -> None:
    saved(tmp_path / "pose.npz")
    options = clip_options(Settings(AS_SEEN, KeySettings()), match_camera=False, rig=SMPLX)
    imported = api.import_result(tmp_path / "pose.npz", options)
    made = bpy.data.objects[imported.characters[0]]
    assert {bone.name for bone in made.data.bones} == {*JOINTS, "root"}


def test_skeletons_of_others_move_it(actor: Any, tmp_path: Path) -> None:
    """As MHR's does, and as those of BVH files go the same way."""
    model = read_mhr_model(made_mhr.write_model(tmp_path / "mhr_model.pt"))
    told = made_mhr.parameters(root_ry=0.4, r_uparm_rz=0.9, r_elbow_bend=0.8, r_index1_rz=1.0)
    np.savez(tmp_path / "waves.npz", mhr_model_params=told)
    options = clip_options(
        Settings(AS_SEEN, KeySettings()), match_camera=False, rig=SMPLX, character=NAME
    )
    assert api.import_result(tmp_path / "waves.npz", options).problems == ()
    bpy.context.scene.frame_set(1)
    places = model.posed(told).places_m[0] @ (BLENDER_FROM_CAM @ CAM_FROM_WORLD[Y_UP]).T
    bones = actor.pose.bones
    for ours, theirs in (
        (("right_shoulder", "right_elbow"), ("r_uparm", "r_lowarm")),
        (("right_elbow", "right_wrist"), ("r_lowarm", "r_wrist")),
        (("right_index1", "right_index2"), ("r_index1", "r_index2")),
        (("left_hip", "left_knee"), ("l_upleg", "l_lowleg")),
    ):
        start, end = (np.array(actor.matrix_world @ bones[name].head) for name in ours)
        wanted = places[MHR_JOINTS.index(theirs[1])] - places[MHR_JOINTS.index(theirs[0])]
        cosine = (end - start) @ wanted / np.linalg.norm(end - start) / np.linalg.norm(wanted)
        assert np.degrees(np.arccos(min(cosine, 1.0))) < 0.2, ours


def test_sliders_shape_it(actor: Any, tmp_path: Path) -> None:
    """The pose in SMPL-X's parameters stays, and so do the keys."""
    skin = actor.children[0]
    actor.data.hund.age = 0.7
    bpy.context.view_layer.update()
    before, height = saved(tmp_path / "a.npz"), np.ptp(evaluated_vertices(skin)[:, 2])
    keys = skin.data.shape_keys.key_blocks
    moved = np.empty(3 * len(skin.data.vertices))
    basis = moved.copy()
    actor.data.hund.age = 0.3
    bpy.context.view_layer.update()
    assert abs(np.ptp(evaluated_vertices(skin)[:, 2]) - height) > 0.05
    after = saved(tmp_path / "b.npz")
    assert apart_deg(vectors_of(before), vectors_of(after)).max() < 1
    assert np.abs(after["betas"] - before["betas"]).max() > 0.5
    keys["Shape000"].data.foreach_get("co", moved)
    keys["Basis"].data.foreach_get("co", basis)
    assert np.abs(moved - basis).max() > 0.01


def test_mirroring_knows_its_sides(actor: Any) -> None:
    left, right = (actor.pose.bones[f"{side}_elbow"] for side in ("left", "right"))
    turns = [np.array(bone.matrix_basis) for bone in (left, right)]
    bpy.ops.hund.mirror_pose()
    angles = [np.trace(np.array(bone.matrix_basis)) for bone in (right, left)]
    np.testing.assert_allclose(angles, [np.trace(turn) for turn in turns], atol=1e-4)


def test_retargeting_knows_its_bones(actor: Any) -> None:
    found = automatic_map(describe(actor), built_in_presets(), SOURCE)
    assert found.preset.name == "SMPL-X"


def test_each_rig_wants_its_own_body(actor: Any, body: Body, smplx: Body) -> None:
    assert kept_body("smplx") is not None
    assert kept_body("anny") is None
    for key, wrong in ((SMPLX, body), (MAKEHUMAN, smplx)):
        with pytest.raises(SceneError, match="is not for the body"):
            rig_of(key, wrong)


def test_a_clip_moves_it_like_our_own_character(body: Body, smplx: Body) -> None:
    """Through the whole clean-up, feet that stand included."""
    walk = made_clips.clip(body, frames=40)
    settings = Settings(api.PRESETS["LOCOMOTION"], KeySettings())
    for key, own in ((MAKEHUMAN, body), (SMPLX, smplx)):
        place(walk, own, clip_options(settings, match_camera=False, rig=key))
    ours, theirs = (bpy.data.objects[name] for name in ("walk Person 1", "walk Person 1.001"))
    names = {
        "head": "head",
        "wrist.L": "left_wrist",
        "lowerarm01.R": "right_elbow",
        "foot.L": "left_ankle",
        "lowerleg01.R": "right_knee",
    }
    away = []
    for frame in range(5, 36, 5):
        bpy.context.scene.frame_set(frame)
        for bone, joint in names.items():
            places = [
                np.array(thing.pose.bones[name].head - thing.pose.bones[root].head)
                for thing, name, root in ((ours, bone, "root"), (theirs, joint, "root"))
            ]
            away.append(np.linalg.norm(places[0] - places[1]))
    assert max(away) < 0.06
    soles = evaluated_vertices(theirs.children[0])[:, 2].min()
    assert abs(soles) < 0.02
