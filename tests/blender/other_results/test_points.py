# SPDX-License-Identifier: GPL-3.0-or-later
"""What SAM 3D Body's points tell of people poses our body as they are."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import other_files
import pytest
from other_files import JoblibPickler, check_refusal, posed_points, torch_file

from hund_blender.body import Body
from hund_blender.clip.conversion import body_heads, body_turns, motion_of, world_of
from hund_blender.clip.data import Clip, Track
from hund_blender.clip.quaternions import product
from hund_blender.errors import ClipError
from hund_blender.other_results.files import read_result
from hund_blender.other_results.mhr_points import NAMES, SIDES
from hund_blender.other_results.points import posed_from_points
from hund_blender.other_results.posed_body import average_adult
from hund_blender.other_results.smpl_motion import CAM_FROM_WORLD, Z_UP
from hund_blender.retarget.turns import about, angle, unit
from hund_blender.rotations import matrices_from_quaternions, quaternions_from_matrices

DRAWN = Path(__file__).parents[3] / "benchmarks" / "drawn_poses.json"
UPRIGHT = CAM_FROM_WORLD[Z_UP]
LIMBS = (
    ("upperarm01", "lowerarm01"),
    ("lowerarm01", "wrist"),
    ("upperleg01", "lowerleg01"),
    ("lowerleg01", "foot"),
    ("finger1-2", "finger1-3"),
    ("finger3-1", "finger3-2"),
    ("finger5-2", "finger5-3"),
)
ENDS = ("wrist", "foot")
Pose = Mapping[str, np.ndarray]


def drawn(body: Body) -> Pose:
    """Poses as people draw and record them (12, 4), and fingers bent half way."""
    stored = json.loads(DRAWN.read_text())
    poses = dict(zip(stored["bones"], np.swapaxes(stored["quaternions"], 0, 1), strict=True))
    del poses["root"]
    fingers = {name: bend(body, name, 40.0) for name in body.bone_names if "finger" in name}
    return poses | {name: np.tile(turn, (12, 1)) for name, turn in fingers.items()}


def bend(body: Body, bone: str, degrees: float) -> np.ndarray:
    """About the axis of the joint (4,)."""
    axis = body.arrays["reference_rotations"][body.bone_names.index(bone)][:, 0]
    return quaternions_from_matrices(about(axis.astype(float), np.radians(degrees)))


def twist(body: Body, bone: str, degrees: float) -> np.ndarray:
    axis = body.arrays["reference_rotations"][body.bone_names.index(bone)][:, 1]
    return quaternions_from_matrices(about(axis.astype(float), np.radians(degrees)))


def apart(body: Body, truth: Any, found: Any) -> dict[str, float]:
    """The most that directions of limbs, and turns of ends and head, differ, in degrees."""
    number = {name: bone for bone, name in enumerate(body.bone_names)}
    lines = [
        [
            unit(posed.heads[:, number[end + at]] - posed.heads[:, number[start + at]])
            for posed in (truth, found)
        ]
        for start, end in LIMBS
        for at in SIDES.values()
    ]
    cosines = [np.sum(a * b, 1) for a, b in lines]
    ends = [number[name + at] for name in ENDS for at in SIDES.values()] + [number["head"]]
    turns = truth.turns[:, ends].swapaxes(-1, -2) @ found.turns[:, ends]
    return {
        "limbs": float(np.degrees(np.arccos(np.clip(cosines, -1, 1))).max()),
        "ends": float(np.degrees(angle(turns)).max()),
    }


@pytest.mark.parametrize(
    ("shape", "limbs", "ends"), [({}, 1.5, 1.0), ({"age": 1 / 3, "weight": 0.9}, 2.0, 4.0)]
)
def test_poses_come_back_from_points(
    body: Body, shape: dict[str, float], limbs: float, ends: float
) -> None:
    """In any direction to the camera, upside down as well, and any size."""
    phenotypes = {**average_adult(body), **shape}
    poses = drawn(body)
    turns = matrices_from_quaternions(np.random.default_rng(0).normal(size=(12, 4)))
    truth = posed_points(body, phenotypes, poses, turns)
    rest = body.rest(phenotypes).standing()
    found = posed_from_points(body, rest, 1.3 * truth.points + [1.0, 2.0, 3.0])
    differences = apart(body, truth, found)
    assert differences["limbs"] < limbs
    assert differences["ends"] < ends


def extremes(body: Body) -> dict[str, Pose]:
    straight = {f"lowerarm01{at}": bend(body, f"lowerarm01{at}", -38.0) for at in SIDES.values()}
    arm = product(twist(body, "upperarm01.L", 60.0), bend(body, "upperarm01.L", 30.0))
    crossed = {
        f"{bone}{at}": bend(body, f"{bone}{at}", degrees)
        for bone, degrees in (("upperarm01", 40.0), ("lowerarm01", 85.0))
        for at in SIDES.values()
    }
    crouched = {
        f"{bone}{at}": bend(body, f"{bone}{at}", degrees)
        for bone, degrees in (("upperleg01", -110.0), ("lowerleg01", 130.0))
        for at in SIDES.values()
    }
    return {
        "rest": {},
        "straight and twisted": {**straight, "upperarm01.L": arm},
        "crossed": crossed,
        "crouched": crouched,
    }


@pytest.mark.parametrize("name", ["rest", "straight and twisted", "crossed", "crouched"])
@pytest.mark.parametrize("tilt", [0.0, 180.0])
def test_extreme_poses_come_back(body: Body, name: str, tilt: float) -> None:
    phenotypes = average_adult(body)
    pose = {bone: turn[None] for bone, turn in extremes(body)[name].items()}
    turn = (about(np.array([0.0, 0.0, 1.0]), np.radians(tilt)) @ UPRIGHT)[None]
    truth = posed_points(body, phenotypes, pose, turn)
    found = posed_from_points(body, body.rest(phenotypes).standing(), truth.points)
    differences = apart(body, truth, found)
    assert differences["limbs"] < 1.0
    assert differences["ends"] < 1.0
    arms = [body.bone_names.index(f"upperarm01{at}") for at in SIDES.values()]
    twisted = angle(truth.turns[:, arms].swapaxes(-1, -2) @ found.turns[:, arms])
    assert np.degrees(twisted).max() < 5.0


def test_noise_moves_limbs_little(body: Body) -> None:
    phenotypes = average_adult(body)
    truth = posed_points(body, phenotypes, drawn(body), np.tile(UPRIGHT, (12, 1, 1)))
    noise = 0.01 * np.random.default_rng(0).normal(size=truth.points.shape)
    body_only = [(a, b) for a, b in LIMBS if "finger" not in a]
    found = posed_from_points(body, body.rest(phenotypes).standing(), truth.points + noise)
    for start, end in body_only:
        a, b = (body.bone_names.index(f"{name}.L") for name in (start, end))
        lines = [unit(posed.heads[:, b] - posed.heads[:, a]) for posed in (truth, found)]
        assert np.degrees(np.arccos(np.sum(lines[0] * lines[1], 1))).mean() < 5.0


@pytest.mark.parametrize("lost", ["wrist", "ear", "toe", "third_joint", "olecranon", "elbow"])
def test_unknown_points_leave_the_rest_as_it_is(body: Body, lost: str) -> None:
    phenotypes = average_adult(body)
    truth = posed_points(body, phenotypes, drawn(body), np.tile(UPRIGHT, (12, 1, 1)))
    points = truth.points.copy()
    points[:, [place for place, name in enumerate(NAMES) if lost in name]] = np.nan
    found = posed_from_points(body, body.rest(phenotypes).standing(), points)
    assert np.isfinite(found.turns).all()
    knee, ankle = (body.bone_names.index(name) for name in ("lowerleg01.R", "foot.R"))
    lines = [unit(posed.heads[:, ankle] - posed.heads[:, knee]) for posed in (truth, found)]
    assert np.degrees(np.arccos(np.sum(lines[0] * lines[1], 1))).max() < 1.5


def person(points: np.ndarray, place: np.ndarray, **others: Any) -> dict[str, Any]:
    """One of the dictionaries that SAM 3D Body returns, without its mesh."""
    return {
        "bbox": np.array([0, 0, 100, 200], np.float32),
        "focal_length": np.float32(1000.0),
        "pred_keypoints_3d": points.astype(np.float32),
        "pred_keypoints_2d": np.zeros((70, 2), np.float32),
        "pred_cam_t": place.astype(np.float32),
        "pred_joint_coords": np.zeros((127, 3), np.float32),
        "pred_global_rots": np.tile(np.eye(3, dtype=np.float32), (127, 1, 1)),
        "mhr_model_params": np.zeros(204, np.float32),
        "body_pose_params": np.zeros(133, np.float32),
        "hand_pose_params": np.zeros(108, np.float32),
        "shape_params": np.zeros(45, np.float32),
        "expr_params": np.zeros(72, np.float32),
        "mask": None,
        **others,
    }


class Walk:
    """Two people over some frames, as SAM 3D Body tells of them."""

    def __init__(self, body: Body, count: int = 4) -> None:
        poses = {name: turns[:count] for name, turns in drawn(body).items()}
        turns = np.tile(UPRIGHT, (count, 1, 1))
        self.truth = posed_points(body, average_adult(body), poses, turns)
        hips = self.truth.points[:, 9:11].mean(1, keepdims=True)
        self.points = self.truth.points - hips
        way = np.array([0.1, 0.0, 0.0]) * np.arange(count)[:, None]
        self.places = [np.array([x, 0.2, 4.0]) + way + hips[:, 0] for x in (-1.0, 1.5)]
        self.count = count

    def frame(self, number: int, order: tuple[int, ...] = (0, 1), **keys: Any) -> list[Any]:
        return [person(self.points[number], self.places[who][number], **keys) for who in order]


def one_npz(path: Path, walk: Walk) -> None:
    """As MHR's own examples have it: a person in a picture."""
    one = walk.frame(0)[0]
    np.savez(path, **{key: value for key, value in one.items() if value is not None})


def video_npz(path: Path, walk: Walk) -> None:
    """Arrays of all frames, of one person."""
    np.savez_compressed(
        path,
        pred_keypoints_3d=walk.points,
        pred_cam_t=walk.places[0],
        frame_indices=np.arange(walk.count),
        fps=25.0,
    )


def picture_npy(path: Path, walk: Walk) -> None:
    np.save(path, np.array(walk.frame(0), object))


def picture_npz(path: Path, walk: Walk) -> None:
    np.savez(path, outputs=np.array(walk.frame(0), object))


def frames_pkl(path: Path, walk: Walk) -> None:
    """A list for each frame; the people in any order."""
    frames = [walk.frame(f, (0, 1) if f % 2 else (1, 0)) for f in range(walk.count)]
    path.write_bytes(pickle.dumps(frames))


def named_joblib(path: Path, walk: Walk) -> None:
    """By picture, with what tracked them."""
    frames = {
        f"img/{f:06d}.jpg": [
            person(walk.points[f], walk.places[who][f], track_id=7 - who) for who in (0, 1)
        ]
        for f in range(walk.count)
    }
    file = io.BytesIO()
    JoblibPickler(file).dump(frames)
    path.write_bytes(file.getvalue())


def frames_pt(path: Path, walk: Walk) -> None:
    torch_file(path, {f: walk.frame(f)[0] for f in range(walk.count)})


def frames_json(path: Path, walk: Walk) -> None:
    frames = [
        {"frame_idx": f, "persons": [{**p, "person_id": n} for n, p in enumerate(walk.frame(f))]}
        for f in range(walk.count)
    ]
    content = {"video_info": {"fps": 25.0}, "frames": frames}
    path.write_text(json.dumps(content, default=lambda array: array.tolist()))


def numbered_pkl(path: Path, walk: Walk) -> None:
    """One dictionary for each frame, in any order."""
    frames = [{**walk.frame(f)[0], "frame_idx": f} for f in reversed(range(walk.count))]
    path.write_bytes(pickle.dumps(frames))


def by_person_pkl(path: Path, walk: Walk) -> None:
    people = {
        7 - who: {"pred_keypoints_3d": walk.points, "pred_cam_t": place}
        for who, place in enumerate(walk.places)
    }
    path.write_bytes(pickle.dumps(people))


FORMS: dict[str, tuple[Callable[[Path, Walk], None], int, bool]] = {
    "img_subj00.npz": (one_npz, 1, False),
    "video.npz": (video_npz, 1, True),
    "outputs.npy": (picture_npy, 2, False),
    "outputs.npz": (picture_npz, 2, False),
    "frames.pkl": (frames_pkl, 2, True),
    "numbered.pkl": (numbered_pkl, 1, True),
    "by_person.pkl": (by_person_pkl, 2, True),
    "frames.joblib": (named_joblib, 2, True),
    "frames.pt": (frames_pt, 1, True),
    "frames.json": (frames_json, 2, True),
}


def read(path: Path, body: Body, **phenotypes: float) -> Clip:
    return read_result(path)(body, {**average_adult(body), **phenotypes})


def heads(clip: Clip, track: Track, body: Body) -> np.ndarray:
    """In the camera frame (F, B, 3)."""
    rest = body.rest(clip.phenotypes_of(track))
    from_root = body_heads(body, rest, body_turns(body, rest, track.rotations_wxyz))
    turn = matrices_from_quaternions(track.root_wxyz)
    return np.asarray(
        (from_root - rest.heads[0]) @ turn.swapaxes(1, 2) + track.translation_m[:, None]
    )


@pytest.mark.parametrize("name", FORMS)
def test_every_form_poses_everybody(body: Body, name: str, tmp_path: Path) -> None:
    write, people, is_clip = FORMS[name]
    walk = Walk(body)
    write(tmp_path / name, walk)
    clip = read(tmp_path / name, body)
    assert len(clip.tracks) == people
    count = walk.count if is_clip else 1
    ways = []
    for track in clip.tracks:
        assert track.frames.tolist() == list(range(1, count + 1))
        found = heads(clip, track, body)
        for bone, limit_m in (("lowerarm01.L", 0.06), ("wrist.L", 0.06), ("foot.R", 0.06)):
            place = body.bone_names.index(bone)
            away = found[:, place] - found[:, 0]
            wanted = walk.truth.heads[:count, place] - walk.truth.heads[:count, 0]
            assert np.linalg.norm(away - wanted, axis=1).max() < limit_m, bone
        ways.append(found[:, 0])
    if people == 2:
        assert np.abs(ways[0] - ways[1])[:, 0] == pytest.approx(np.full(count, 2.5), abs=0.01)
    if name in ("video.npz", "frames.json"):
        assert clip.fps == 25.0


def test_frames_without_a_person_stay_out(body: Body, tmp_path: Path) -> None:
    walk = Walk(body)
    frames = [walk.frame(0)[:1], [], walk.frame(2)[:1], walk.frame(3)[:1]]
    frames[2][0]["pred_keypoints_3d"][:] = np.nan
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(frames))
    assert read(tmp_path / "a.pkl", body).tracks[0].frames.tolist() == [1, 4]


def test_a_child_is_made_as_large_as_the_character(body: Body, tmp_path: Path) -> None:
    """Both feet stay where they stand, and all people keep their distance."""
    walk = Walk(body, 1)
    child, grown = walk.frame(0)
    child["pred_keypoints_3d"] = child["pred_keypoints_3d"] * 0.6
    drop = 0.4 * (walk.points[0, 13:15, 1].max())
    child["pred_cam_t"] = child["pred_cam_t"] + np.array([0, drop, 0], np.float32)
    (tmp_path / "a.pkl").write_bytes(pickle.dumps([child, grown]))
    clip = read(tmp_path / "a.pkl", body)
    feet = [body.bone_names.index(name) for name in ("foot.L", "foot.R")]
    low = [heads(clip, track, body)[0, feet, 1].max() for track in clip.tracks]
    assert low[0] == pytest.approx(low[1], abs=0.01)


def test_who_is_upright_stands_on_the_floor(body: Body, tmp_path: Path) -> None:
    rest = average_adult(body)
    truth = posed_points(body, rest, {}, UPRIGHT[None])
    np.savez(tmp_path / "a.npz", pred_keypoints_3d=truth.points[0], pred_cam_t=np.array([0, 1, 5]))
    clip = read(tmp_path / "a.npz", body)
    who = other_files.mover(body)
    motion = motion_of(clip, clip.tracks[0], world_of(clip, body), who)
    skeleton = who.skeleton
    placed = skeleton.placed(skeleton.turns(motion.rotations_wxyz), motion.root_m)[0]
    assert np.abs(placed - skeleton.heads)[:, 2].max() < 0.02


POINTS = {"pred_keypoints_3d": np.zeros((70, 3))}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "other points": ({"pred_keypoints_3d": np.zeros((17, 3))}, r"\(17, 3\); expected were \(70, 3"),
    "other places": (POINTS | {"pred_cam_t": np.zeros((2, 3))}, r"“pred_cam_t” has the shape"),
    "texts": ({"pred_keypoints_3d": np.array([["a"]])}, "no array of numbers"),
    "no number": (POINTS | {"frame_idx": np.nan}, "“frame_idx” has numbers that are not finite"),
    "no rate": (POINTS | {"fps": 0.0}, "no frame rate"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_a_remedy(case: str, tmp_path: Path) -> None:
    check_refusal(*WRONG[case], tmp_path / "a.npz")


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_nobody_is_told(value: float, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", pred_keypoints_3d=np.full((2, 70, 3), value))
    with pytest.raises(ClipError, match=r"a\.npz: In no frame"):
        read_result(tmp_path / "a.npz")


def test_a_turned_world_is_told_by_the_artist(body: Body, tmp_path: Path) -> None:
    truth = posed_points(body, average_adult(body), {}, np.eye(3)[None])
    np.savez(tmp_path / "a.npz", pred_keypoints_3d=truth.points[0])
    clip = read_result(tmp_path / "a.npz", world=Z_UP)(body, average_adult(body))
    found = heads(clip, clip.tracks[0], body)[0]
    assert found[body.bone_names.index("head"), 1] < found[body.bone_names.index("foot.L"), 1] - 1
