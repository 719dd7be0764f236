# SPDX-License-Identifier: GPL-3.0-or-later
"""The server bends fingers of a body that the add-on poses: both must mean the same thing."""

import numpy as np
import pytest

from hund_blender.body import Body, PosedBody, RestBody
from model_server.body_params import wxyz_from_matrix
from model_server.bones import Array, BodyBones
from model_server.camera import camera_of
from model_server.fingers import angle_between, turn_about
from model_server.fusion import fuse_hands
from model_server.hand_rig import HandRig, hand_rig, unit
from model_server.hypotheses import vote
from model_server.landmarks import HandLandmarks, PersonLandmarks
from model_server.settings import ASSETS
from tests.server.doubles import made_up_pose

ASSET = ASSETS / "anny.npz"
CAMERA = camera_of(600, 400)
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
    """What a perfect detector would see: the wrist, then joints and tip of each finger."""
    heads = dict(zip(body.bone_names, posed.heads, strict=True))
    points = [heads[rig.wrist]]
    for bones in rig.fingers:
        points += [*(heads[bone] for bone in bones), tip(body, rest, posed, bones[-1])]
    return np.array(points) @ CAM_FROM_BODY.T


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
def test_fused_hands_point_as_the_seen_ones(body: Body, side: str, seed: int) -> None:
    shape = {"age": 0.6, "gender": 0.3, "weight": 0.7}
    bones, rest = BodyBones(ASSET).reference(shape), body.rest(shape)
    rig = hand_rig(bones, side)
    true = made_up_rotations(rig, seed)
    points = hand_points(body, rest, body.pose(rest, quaternions(true)), rig)
    arm = {bone: turn for bone, turn in true.items() if "arm" in bone}
    fused = fuse_hands(arm, CAM_FROM_BODY, seen(points, side), CAMERA, bones)
    again = hand_points(body, rest, body.pose(rest, quaternions(fused)), rig)
    assert np.abs(again - points)[1:].max() < 0.012
    assert np.abs(again - points).mean() < 0.004
    for bones in rig.fingers[1:]:
        assert all(angle_between(fused[bone], true[bone]) < 0.25 for bone in bones)


def seen(points: Array, side: str) -> PersonLandmarks:
    px = np.full((21, 2), CAMERA.center_px, np.float32)
    around = (points - points.mean(axis=0)).astype(np.float32)
    hand, person = HandLandmarks(px, around, 0.9), vote([made_up_pose(0)])
    left, right = (hand, None) if side == "left" else (None, hand)
    return PersonLandmarks(person.hypotheses, person.support, left, right)
