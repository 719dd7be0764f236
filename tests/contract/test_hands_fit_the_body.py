# SPDX-License-Identifier: GPL-3.0-or-later
"""The server bends fingers of a body that the add-on poses: both must mean the same thing."""

import numpy as np
import pytest

from hund_blender.body import Body, PosedBody, RestBody
from model_server.body_params import wxyz_from_matrix
from model_server.bones import Array, BodyBones
from model_server.fusion import fuse_hands
from model_server.hand_poses import HandPose
from model_server.hand_rig import HandRig, hand_rig
from model_server.hands import Side
from model_server.settings import ASSETS
from model_server.turns import angle_between, turn_about, unit

ASSET = ASSETS / "anny.npz"
CAM_FROM_BODY = turn_about(np.array([1.0, 0.0, 0.0]), 1.7)


@pytest.fixture(scope="module")
def body() -> Body:
    if not ASSET.is_file():
        pytest.skip("the body asset is not exported")
    return Body.load(str(ASSET))


def tip(body: Body, rest: RestBody, posed: PosedBody, bone: str) -> Array:
    i = body.bone_names.index(bone)
    return posed.heads[i] + posed.bone_deforms[i] @ (rest.tails[i] - rest.heads[i])


def hand_points(body: Body, rest: RestBody, posed: PosedBody, rig: HandRig) -> Array:
    """Places of the wrist, then of the joints and the tip of each finger."""
    heads = dict(zip(body.bone_names, posed.heads, strict=True))
    points = [heads[rig.wrist]]
    for bones in rig.fingers:
        points += [*(heads[bone] for bone in bones), tip(body, rest, posed, bones[-1])]
    return np.array(points)


def quaternions(rotations: dict[str, Array]) -> dict[str, Array]:
    return dict(zip(rotations, wxyz_from_matrix(np.array(list(rotations.values()))), strict=True))


def made_up_rotations(rig: HandRig, seed: int) -> dict[str, Array]:
    """Arm and wrist turned somehow, fingers bent about their own hinges."""
    rng = np.random.default_rng(seed)
    wrist, _, index, _, _, pinky = rig.palm
    normal = unit(np.cross(index - wrist, pinky - wrist))
    curl = rig.directions[1:, 2].mean(axis=0) - rig.directions[1:, 0].mean(axis=0)
    normal *= np.sign(normal @ curl)
    arm = rig.wrist.replace("wrist", "upperarm01")
    rotations = {
        arm: turn_about(unit(rng.normal(size=3)), 0.8),
        rig.forearm: turn_about(rig.forearm_axis, rng.uniform(-1, 1)),
        rig.wrist: turn_about(unit(np.cross(rig.forearm_axis, rng.normal(size=3))), 0.5),
    }
    for bones, directions in zip(rig.fingers[1:], rig.directions[1:], strict=True):
        hinge = unit(np.cross(directions[0], normal))
        rotations |= {bone: turn_about(hinge, rng.uniform(0, 1)) for bone in bones}
    return rotations


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("side", ["left", "right"])
def test_fused_hands_are_posed_as_the_seen_ones(body: Body, side: Side, seed: int) -> None:
    shape = {"age": 0.6, "gender": 0.3, "weight": 0.7}
    bones, rest = BodyBones(ASSET).reference(shape), body.rest(shape)
    rig = hand_rig(bones, side)
    true = made_up_rotations(rig, seed)
    posed = body.pose(rest, quaternions(true))
    arm = {bone: turn for bone, turn in true.items() if "arm" in bone}
    fused = fuse_hands(arm, CAM_FROM_BODY, {side: hand_pose(body, posed, rig)}, bones)
    again = hand_points(body, rest, body.pose(rest, quaternions(fused)), rig)
    np.testing.assert_allclose(again, hand_points(body, rest, posed, rig), atol=1e-6)
    for bone in true:
        assert angle_between(fused[bone], true[bone]) < 1e-6, bone


def hand_pose(body: Body, posed: PosedBody, rig: HandRig) -> HandPose:
    """What a perfect network would answer: how the add-on turned each bone away from its parent."""
    in_body = dict(zip(body.bone_names, posed.bone_rotations, strict=True))
    parents = {
        bone: body.bone_names[body.bone_parents[body.bone_names.index(bone)]]
        for finger in rig.fingers
        for bone in finger
    }
    fingers = [in_body[parent].T @ in_body[bone] for bone, parent in parents.items()]
    return HandPose(np.array(fingers), CAM_FROM_BODY @ in_body[rig.wrist])
