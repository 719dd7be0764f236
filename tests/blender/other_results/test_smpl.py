# SPDX-License-Identifier: GPL-3.0-or-later
"""Motions in the forms of other tools come onto our body as they are."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import made_motion
import numpy as np
import other_files
import pytest
from other_files import JoblibPickler, check_refusal, torch_file

from hund_blender.body import Body
from hund_blender.clip.amass import JOINTS
from hund_blender.clip.conversion import motion_of, world_of
from hund_blender.clip.data import Clip
from hund_blender.clip.motion import Motion
from hund_blender.clip.quaternions import exponential, logarithm, product
from hund_blender.errors import ClipError
from hund_blender.other_results.files import read_result
from hund_blender.other_results.posed_body import average_adult
from hund_blender.other_results.smpl_motion import CAM_FROM_WORLD, CAMERA, Y_UP, Z_UP
from hund_blender.rotations import matrices_from_quaternions, quaternions_from_matrices

FRAMES = 12
SMPL = 22  # joints before the hands


def read(path: Path, body: Body, **phenotypes: float) -> Clip:
    return read_result(path)(body, {**average_adult(body), **phenotypes})


def motion_back(clip: Clip, body: Body, track: int = 0, **phenotypes: float) -> Motion:
    who = other_files.mover(body, **phenotypes)
    return motion_of(clip, clip.tracks[track], world_of(clip, body), who)


def apart(
    body: Body, a: Motion, b: Motion, joints: tuple[str, ...] = JOINTS, **phenotypes: float
) -> float:
    """The most that bones turn otherwise to the world, in degrees."""
    skeleton = other_files.mover(body, **phenotypes).skeleton
    bones = [skeleton.names.index(name) for name in joints]
    turns = [skeleton.turns(motion.rotations_wxyz)[:, bones] for motion in (a, b)]
    return float(np.degrees(made_motion.angles_between(*turns)).max())


def steps_apart(a: Motion, b: Motion) -> float:
    """The most that two ways differ, wherever they begin and whatever they head for, metres."""
    ways = [np.linalg.norm(motion.root_m - motion.root_m[0], axis=1) for motion in (a, b)]
    return float(np.abs(ways[0] - ways[1]).max())


@pytest.fixture
def given(body: Body) -> dict[str, Any]:
    return other_files.amass(body, FRAMES)


@pytest.fixture
def moved(body: Body) -> Motion:
    return other_files.motion(body, FRAMES)


def in_world(given: dict[str, Any], world: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rotation vectors of root (F, 3) and body (F, 63), and places (F, 3), of another world."""
    turn = CAM_FROM_WORLD[world].T @ CAM_FROM_WORLD[Z_UP]
    poses = given["poses"].astype(float)
    root = product(quaternions_from_matrices(turn), exponential(poses[:, :3]))
    return logarithm(root), poses[:, 3:66], given["trans"] @ turn.T


def amass(path: Path, given: dict[str, Any]) -> None:
    np.savez(path, **given)


def amass_of_2021(path: Path, given: dict[str, Any]) -> None:
    """SMPL-X, as the archive has it since then: in parts, and joined once more."""
    poses = given["poses"]
    nothing = np.zeros((FRAMES, 9), np.float32)
    joined = np.concatenate([poses[:, :66], nothing, poses[:, 66:]], 1)
    np.savez(
        path,
        gender=np.array("neutral"),
        surface_model_type=np.array("smplx"),
        mocap_frame_rate=np.array(30.0),
        mocap_time_length=np.array(FRAMES / 30),
        trans=given["trans"],
        poses=joined,
        betas=np.zeros(16),
        root_orient=poses[:, :3],
        pose_body=poses[:, 3:66],
        pose_hand=poses[:, 66:],
        pose_jaw=nothing[:, :3],
        pose_eye=nothing[:, 3:],
    )


def smplx_in_parts(path: Path, given: dict[str, Any]) -> None:
    poses = given["poses"]
    np.savez(
        path,
        root_orient=poses[:, :3],
        pose_body=poses[:, 3:66],
        pose_hand=poses[:, 66:],
        trans=given["trans"],
        mocap_frame_rate=30.0,
    )


def wham(path: Path, given: dict[str, Any]) -> None:
    """By person, written by joblib: rotation vectors of SMPL's 24 joints, y up."""
    root, pose, trans = in_world(given, Y_UP)
    hands = np.zeros((FRAMES, 6))
    whole = np.concatenate([root, pose, hands], 1).astype(np.float32)
    person = {
        "pose": whole,
        "trans": np.zeros((FRAMES, 3)),
        "pose_world": whole,
        "trans_world": trans.astype(np.float32),
        "betas": np.zeros((FRAMES, 10), np.float32),
        "verts": np.zeros((FRAMES, 4, 3), np.float32),
        "frame_ids": np.arange(5, 5 + FRAMES),
    }
    file = io.BytesIO()
    JoblibPickler(file).dump({0: person, 2: person})
    path.write_bytes(file.getvalue())


def gvhmr(path: Path, given: dict[str, Any]) -> None:
    root, pose, trans = in_world(given, Y_UP)
    parts = {"body_pose": pose, "betas": np.zeros((FRAMES, 10)), "global_orient": root}
    parts["transl"] = trans
    intrinsics = np.tile(np.eye(3), (FRAMES, 1, 1))
    torch_file(
        path, {"smpl_params_global": parts, "smpl_params_incam": parts, "K_fullimg": intrinsics}
    )


def phalp(path: Path, given: dict[str, Any]) -> None:
    """By picture, and by person in it: rotation matrices, seen from the camera."""
    root, pose, trans = in_world(given, CAMERA)
    body = np.concatenate([pose, np.zeros((FRAMES, 6))], 1).reshape(FRAMES, 23, 3)
    matrices = matrices_from_quaternions(exponential(body)).astype(np.float32)
    orient = matrices_from_quaternions(exponential(root)).astype(np.float32)
    frames = {
        f"outputs/img/{frame:06d}.jpg": {
            "time": frame,
            "shot": 0,
            "tid": [7, 1],
            "tracked_time": [2, 0],
            "camera": [np.zeros(3), trans[frame]],
            "smpl": [
                {
                    "global_orient": np.eye(3)[None],
                    "body_pose": np.zeros((23, 3, 3)),
                    "betas": np.zeros(10),
                },
                {
                    "global_orient": orient[frame, None],
                    "body_pose": matrices[frame],
                    "betas": np.zeros(10),
                },
            ],
        }
        for frame in range(FRAMES)
    }
    path.write_bytes(pickle.dumps(frames))


def smplx_arguments(path: Path, given: dict[str, Any]) -> None:
    root, pose, trans = in_world(given, CAMERA)
    hands = given["poses"][:, 66:]
    content = {"global_orient": root, "body_pose": pose, "transl": trans, "fps": 30}
    content |= {"left_hand_pose": hands[:, :45], "right_hand_pose": hands[:, 45:]}
    content["jaw_pose"] = np.tile([0.1, 0, 0], (FRAMES, 1))
    path.write_text(json.dumps({key: np.asarray(value).tolist() for key, value in content.items()}))


def list_of_frames(path: Path, given: dict[str, Any]) -> None:
    root, pose, trans = in_world(given, CAMERA)
    frames = [
        {"global_orient": root[f, None], "body_pose": pose[f, None], "transl": trans[f, None]}
        for f in range(FRAMES)
    ]
    path.write_bytes(pickle.dumps(frames))


FORMS: dict[str, tuple[Callable[[Path, dict[str, Any]], None], bool]] = {
    "walk.npz": (amass, True),
    "walk_stageii.npz": (amass_of_2021, True),
    "parts.npz": (smplx_in_parts, True),
    "wham_output.pkl": (wham, False),
    "hmr4d_results.pt": (gvhmr, False),
    "demo_walk.pkl": (phalp, False),
    "smplx.json": (smplx_arguments, True),
    "frames.pkl": (list_of_frames, False),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_pose_and_the_way_come_back(
    body: Body, given: dict[str, Any], moved: Motion, name: str, tmp_path: Path
) -> None:
    write, has_hands = FORMS[name]
    write(tmp_path / name, given)
    clip = read(tmp_path / name, body)
    back = motion_back(clip, body, len(clip.tracks) - 1)
    assert apart(body, moved, back, JOINTS if has_hands else JOINTS[:SMPL]) < 0.01
    assert steps_apart(moved, back) < 1e-5
    assert np.ptp(back.root_m[:, 2]) == pytest.approx(np.ptp(moved.root_m[:, 2]), abs=1e-5)
    assert clip.fps == 30.0
    assert len(back.frames) == FRAMES


def test_any_shape_takes_the_pose(
    body: Body, given: dict[str, Any], moved: Motion, tmp_path: Path
) -> None:
    """Its own arms and legs point where an average adult's would; shorter legs go less far."""
    child = {"age": 1 / 3, "weight": 0.9}
    who = other_files.mover(body, **child)
    np.savez(tmp_path / "a.npz", **other_files.amass_arrays(moved, who))
    back = motion_back(read(tmp_path / "a.npz", body, **child), body, **child)
    assert apart(body, moved, back, **child) < 0.01
    assert 0.5 < np.ptp(back.root_m[:, 1]) / np.ptp(moved.root_m[:, 1]) < 0.9


def test_who_is_upright_stands_on_the_floor(body: Body, tmp_path: Path) -> None:
    """A T-pose of SMPL's in each world: upright, arms to the sides, looking at the camera."""
    for world in (Y_UP, Z_UP, CAMERA):
        root = logarithm(quaternions_from_matrices(CAM_FROM_WORLD[world].T @ CAM_FROM_WORLD[Y_UP]))
        content = {"global_orient": root, "body_pose": np.zeros((1, 63)), "transl": np.ones((1, 3))}
        np.savez(tmp_path / "t.npz", **content)
        clip = read_result(tmp_path / "t.npz", world=world)(body, average_adult(body))
        motion = motion_back(clip, body)
        skeleton = other_files.mover(body).skeleton
        heads = dict(
            zip(
                skeleton.names,
                skeleton.placed(skeleton.turns(motion.rotations_wxyz), motion.root_m)[0],
                strict=True,
            )
        )
        arm = heads["wrist.L"] - heads["upperarm01.L"]
        assert arm / np.linalg.norm(arm) == pytest.approx([1, 0, 0], abs=0.03)
        assert heads["head"][2] > heads["foot.L"][2] + 1
        assert heads["toe1-1.L"][1] < heads["foot.L"][1]
        assert heads["foot.L"][2] == pytest.approx(
            skeleton.heads[skeleton.names.index("foot.L"), 2], abs=0.02
        )


def test_frame_numbers_and_people_of_wham(
    body: Body, given: dict[str, Any], tmp_path: Path
) -> None:
    wham(tmp_path / "wham_output.pkl", given)
    clip = read(tmp_path / "wham_output.pkl", body)
    assert [track.number for track in clip.tracks] == [0, 1]
    assert clip.tracks[0].frames[0] == 6


def test_forearms_share_the_twist_of_hands(body: Body, tmp_path: Path) -> None:
    poses = np.zeros((1, 156))
    poses[0, 3 * JOINTS.index("wrist.L")] = np.radians(80.0)  # about the arm of the T-pose
    np.savez(tmp_path / "a.npz", poses=poses, trans=np.zeros((1, 3)), mocap_framerate=30)
    motion = motion_back(read(tmp_path / "a.npz", body), body)
    skeleton = other_files.mover(body).skeleton
    turns = skeleton.turns(motion.rotations_wxyz)[0]
    arm, middle, hand = (
        turns[skeleton.names.index(name)] for name in ("lowerarm01.L", "lowerarm02.L", "wrist.L")
    )
    assert np.degrees(made_motion.angles_between(arm, middle)) == pytest.approx(40, abs=6)
    assert np.degrees(made_motion.angles_between(middle, hand)) == pytest.approx(40, abs=6)


def test_the_jaw_opens_the_mouth(body: Body, given: dict[str, Any], tmp_path: Path) -> None:
    smplx_arguments(tmp_path / "a.json", given)
    clip = read(tmp_path / "a.json", body)
    opened = clip.tracks[0].facial_actions[:, clip.facial_actions.index("jawOpen")]
    assert opened == pytest.approx(np.full(FRAMES, 0.1 / np.radians(25)))


POSES, TRANS = {"poses": np.zeros((2, 156))}, {"trans": np.zeros((2, 3))}
ROOT = {"global_orient": np.zeros((2, 3))}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no trans": (POSES, "“trans” is missing; there are poses"),
    "no body": ({"root_orient": np.zeros((2, 3))}, "“pose_body” is missing"),
    "no root": ({"body_pose": np.zeros((2, 63))}, "“global_orient” is missing"),
    "other width": ({"poses": np.zeros((2, 100))} | TRANS, "100 numbers"),
    "other length": (POSES | {"trans": np.zeros((3, 3))}, r"“trans” has the shape \(3, 3\)"),
    "not finite": ({"poses": np.full((2, 156), np.nan)} | TRANS, "not finite"),
    "texts": ({"poses": np.array([["a"]])} | TRANS, "no array of numbers"),
    "no rate": (POSES | TRANS | {"mocap_framerate": 0}, "no frame rate"),
    "others": ({"vertices": np.zeros((2, 3))}, "No people were found in vertices"),
    "joints": ({"body_pose": np.zeros((2, 24, 3))} | ROOT, r"\(2, 24, 3\)"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_a_remedy(case: str, tmp_path: Path) -> None:
    check_refusal(*WRONG[case], tmp_path / "a.npz")


@pytest.mark.parametrize("content", [[], {}, 3, "text", [1, 2], {"a": {"b": 1}}, [{"pose": 1}, 2]])
def test_other_contents_are_refused(content: Any, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(ClipError):
        read_result(tmp_path / "a.json")
