# SPDX-License-Identifier: GPL-3.0-or-later
"""MHR's parameters move our body as they move MHR's own skeleton."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import made_mhr
import numpy as np
import pytest
from made_mhr import parameters, write_model
from other_files import JoblibPickler, OneCall, Scripted, check_refusal, torch_file

from hund_blender.body import Body
from hund_blender.clip.conversion import body_heads, body_turns
from hund_blender.clip.data import Clip
from hund_blender.errors import ClipError
from hund_blender.other_results.files import read_result
from hund_blender.other_results.mhr_model import JOINTS, MhrModel, PosedJoints, read_mhr_model
from hund_blender.other_results.mhr_points import FINGERS, NAMES
from hund_blender.other_results.posed_body import average_adult
from hund_blender.other_results.smpl_motion import CAM_FROM_WORLD, Y_UP, Z_UP
from hund_blender.retarget.turns import angle, frame, unit
from hund_blender.rotations import matrices_from_quaternions

EXACT = 0.01  # degrees
FLIP = CAM_FROM_WORLD[Y_UP]  # MHR's world in the camera that SAM 3D Body speaks of
# Of our bones and of MHR's joints, from where to where limbs go; {0} is the side.
LIMBS = {
    ("upperarm01.{0}", "lowerarm01.{0}"): ("{0}_uparm", "{0}_lowarm"),
    ("lowerarm01.{0}", "wrist.{0}"): ("{0}_lowarm", "{0}_wrist"),
    ("upperleg01.{0}", "lowerleg01.{0}"): ("{0}_upleg", "{0}_lowleg"),
    ("lowerleg01.{0}", "foot.{0}"): ("{0}_lowleg", "{0}_talocrural"),
    **{
        (f"finger{number}-{joint}.{{0}}", f"finger{number}-{joint + 1}.{{0}}"): (
            f"{{0}}_{finger}{joint}",
            f"{{0}}_{finger}{joint + 1}",
        )
        for finger, number in FINGERS.items()
        for joint in (1, 2)
    },
}
# Where SAM 3D Body's points are joints.
POINTS = {
    "neck": "c_neck",
    **{
        f"{side}_{point}": f"{side[0]}_{joint}"
        for side in ("left", "right")
        for point, joint in {
            "shoulder": "uparm", "elbow": "lowarm", "wrist": "wrist", "hip": "upleg",
            "knee": "lowleg", "ankle": "talocrural",
            **{f"{f}_{j}_joint": f"{f}{n}" for f in FINGERS
               for n, j in enumerate(("third", "second", "first"), 1)},
            **{f"{f}_tip": f"{f}_null" for f in FINGERS},
        }.items()
    },
}  # fmt: skip


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    return write_model(tmp_path / "mhr_model.pt")


@pytest.fixture
def model(model_file: Path) -> MhrModel:
    return read_mhr_model(model_file)


def dance(frames: int = 12) -> np.ndarray:
    """All joints bent in some way, by as much as people can (F, 204)."""
    random = np.random.default_rng(0)
    limits = {
        "twist": 0.6, "lean": 0.3, "bend": 0.4, "clavicle": 0.2, "uparm": 0.8, "elbow": 1.0,
        "wrist": 0.5, "upleg": 0.6, "knee": 1.2, "thumb": 0.3, "1_ry": 0.2, "1_rx": 0.1,
        "1_rz": 0.8, "2_rz": 0.9, "3_rz": 0.6,
    }  # fmt: skip
    told = {}
    for name in made_mhr.ALL:
        limit = next((limits[part] for part in limits if part in name), 0.0)
        if limit and "flexible" not in name and "scale" not in name:
            low = 0.0 if part_of_one_way(name) else -limit
            told[name] = random.uniform(low, limit, frames)
    turns = {f"root_{axis}": random.uniform(-1.2, 1.2, frames) for axis in ("rx", "ry", "rz")}
    return parameters(frames, **told, **turns)


def part_of_one_way(name: str) -> bool:
    """Whether it bends to one side alone."""
    return "elbow" in name or "knee" in name or name.endswith(("1_rz", "2_rz", "3_rz"))


def read(path: Path, body: Body, **others: Any) -> Clip:
    return read_result(path, **others)(body, average_adult(body))


class Shown:
    """Somebody of a clip, in the camera frame."""

    def __init__(self, clip: Clip, body: Body, number: int = 0) -> None:
        track = clip.tracks[number]
        rest = body.rest(clip.phenotypes_of(track))
        from_rest = body_turns(body, rest, track.rotations_wxyz)
        turn = matrices_from_quaternions(track.root_wxyz)
        from_root = body_heads(body, rest, from_rest) - rest.heads[0]
        self.names = body.bone_names
        self.heads = from_root @ turn.swapaxes(1, 2) + track.translation_m[:, None]
        self.turns = turn[:, None] @ matrices_from_quaternions(from_rest)

    def line(self, start: str, end: str) -> np.ndarray:
        places = [self.heads[:, self.names.index(name)] for name in (start, end)]
        return unit(places[1] - places[0])

    def turn(self, name: str) -> np.ndarray:
        turns: np.ndarray = self.turns[:, self.names.index(name)]
        return turns


def line(posed: PosedJoints, start: str, end: str) -> np.ndarray:
    """In the camera frame."""
    places = [posed.places_m[:, JOINTS.index(name)] for name in (start, end)]
    return unit(places[1] - places[0]) @ FLIP.T


def degrees(a: np.ndarray, b: np.ndarray) -> float:
    """The most that unit vectors (F, 3) are apart."""
    return float(np.degrees(np.arccos(np.clip(np.sum(a * b, -1), -1, 1))).max())


def farthest(shown: Shown, posed: PosedJoints) -> dict[tuple[str, str], float]:
    return {
        (start.format(side), end.format(side)): degrees(
            shown.line(start.format(side), end.format(side)),
            line(posed, theirs[0].format(side.lower()), theirs[1].format(side.lower())),
        )
        for (start, end), theirs in LIMBS.items()
        for side in "LR"
    }


def write(path: Path, told: np.ndarray, **others: Any) -> Path:
    """As rows of one person in a movie."""
    np.savez(path, mhr_model_params=told.astype(np.float32), **others)
    return path


def test_the_file_tells_how_joints_lie_at_rest(model: MhrModel) -> None:
    posed = model.posed(parameters())
    for name, height in (("root", 0.92), ("c_head", 1.56), ("l_lowleg", 0.5), ("r_ball", 0.02)):
        assert posed.places_m[0, JOINTS.index(name), 1] == pytest.approx(height, abs=1e-3)
    elbows = [posed.places_m[0, JOINTS.index(f"{side}_lowarm")] for side in "lr"]
    assert elbows[0] == pytest.approx(elbows[1] * [-1, 1, 1], abs=1e-6)


def test_parameters_turn_and_move_joints(model: MhrModel) -> None:
    """Euler's angles are about axes that stay, x before z; lengths are decimetres, and powers."""
    told = parameters(root_tx=0.5, root_rx=np.pi / 2, root_rz=np.pi / 2, scale_l_hands=1.0)
    rest, posed = model.posed(parameters()), model.posed(told)
    root, head = JOINTS.index("root"), JOINTS.index("c_head")
    assert posed.places_m[0, root] - rest.places_m[0, root] == pytest.approx([0.05, 0, 0])
    _, up, ahead = rest.places_m[0, head] - rest.places_m[0, root]
    moved = posed.places_m[0, head] - posed.places_m[0, root]
    assert moved == pytest.approx([ahead, 0, up], abs=1e-6)
    fingers = [JOINTS.index(name) for name in ("l_index1", "l_index2")]
    lengths = [np.linalg.norm(np.diff(p.places_m[0, fingers], axis=0)) for p in (rest, posed)]
    assert lengths[1] == pytest.approx(2 * lengths[0])


def test_limbs_point_where_those_of_mhr_do(
    body: Body, model: MhrModel, model_file: Path, tmp_path: Path
) -> None:
    told = dance()
    clip = read(write(tmp_path / "a.npz", told), body)
    apart = farthest(Shown(clip, body), model.posed(told))
    assert max(apart.values()) < EXACT, apart


def palm(heads: np.ndarray, names: tuple[str, ...], joints: tuple[str, str, str]) -> np.ndarray:
    """Axes (F, 3, 3) by a wrist and the knuckles of index and little finger."""
    wrist, index, pinky = (heads[:, names.index(name)] for name in joints)
    return frame((index + pinky) / 2 - wrist, index - pinky)


@pytest.mark.parametrize("side", ["L", "R"])
def test_palms_lie_as_those_of_mhr_do(
    body: Body, model: MhrModel, tmp_path: Path, side: str
) -> None:
    told = dance()
    shown = Shown(read(write(tmp_path / "a.npz", told), body), body)
    places = model.posed(told).places_m @ FLIP.T
    letter = side.lower()
    theirs = palm(places, JOINTS, (f"{letter}_wrist", f"{letter}_index1", f"{letter}_pinky1"))
    ours = (f"wrist.{side}", f"finger2-1.{side}", f"finger5-1.{side}")
    found = palm(shown.heads, shown.names, ours)
    assert np.degrees(angle(found.swapaxes(-1, -2) @ theirs)).max() < EXACT


@pytest.mark.parametrize("lengths", [{"scale_uparms": 0.5}, {"scale_lowlegs": 0.4}])
def test_people_of_other_lengths_point_alike(
    body: Body, model: MhrModel, tmp_path: Path, lengths: dict[str, float]
) -> None:
    told = dance() + parameters(**lengths)
    apart = farthest(Shown(read(write(tmp_path / "a.npz", told), body), body), model.posed(told))
    assert max(apart.values()) < EXACT, apart


def relative(shown: Shown, start: str, end: str) -> np.ndarray:
    """How far bones of ours turn against others (F,), degrees."""
    return np.degrees(angle(shown.turn(start).swapaxes(-1, -2) @ shown.turn(end)))


def test_the_back_bends_along_its_length(body: Body, model_file: Path, tmp_path: Path) -> None:
    bent = parameters(2, spine_bend0=[0.0, 0.6], spine_bend1=[0.0, 0.5])
    shown = Shown(read(write(tmp_path / "a.npz", bent), body), body)
    wanted = np.degrees(0.65 * (0.6 + 0.5))
    assert relative(shown, "root", "spine01") == pytest.approx([0, wanted], abs=0.5)
    middle = relative(shown, "root", "spine03")[1]
    assert 0.3 * wanted < middle < 0.9 * wanted
    head = shown.line("neck01", "head")
    assert head[1, 2] < head[0, 2] - 0.4  # forward is towards the camera


def test_twists_go_where_mhr_has_them(body: Body, model_file: Path, tmp_path: Path) -> None:
    told = parameters(2, l_lowarm_twist=[0.0, 1.0], r_lowleg_twist=[0.0, 0.5])
    shown = Shown(read(write(tmp_path / "a.npz", told), body), body)
    for bone, wanted in (
        ("lowerarm01.L", 0.0), ("lowerarm02.L", 0.6), ("wrist.L", 1.0), ("finger3-1.L", 1.0),
        ("lowerleg01.R", 0.0), ("lowerleg02.R", 0.3), ("foot.R", 0.5),
    ):  # fmt: skip
        turned = shown.turn(bone)[0].T @ shown.turn(bone)[1]
        assert angle(turned) == pytest.approx(wanted, abs=0.02), bone


def test_feet_bend_lean_and_roll_over_their_toes(
    body: Body, model_file: Path, tmp_path: Path
) -> None:
    told = parameters(
        3, l_foot_bend=[0, 0.5, 0], l_foot_lean0=[0, 0, 0.3], l_ball_bend=[0, -0.4, 0]
    )
    shown = Shown(read(write(tmp_path / "a.npz", told), body), body)
    turns = shown.turn("foot.L")
    turned = angle(turns[0].T @ turns)
    assert turned == pytest.approx([0, 0.5, 0.3], abs=0.01)
    assert np.radians(relative(shown, "foot.L", "toe2-1.L")) == pytest.approx([0, 0.4, 0], abs=0.01)
    knees = shown.line("lowerleg01.L", "foot.L")
    assert degrees(knees[:1], knees) < 0.5


def test_rest_is_upright_before_the_camera(body: Body, model_file: Path, tmp_path: Path) -> None:
    shown = Shown(read(write(tmp_path / "a.npz", parameters()), body), body)
    assert shown.line("root", "head")[0] == pytest.approx([0, -1, 0], abs=0.15)
    hands = shown.heads[0, [shown.names.index(f"wrist.{side}") for side in "LR"]]
    assert hands[0, 0] > 0.2 > -0.2 > hands[1, 0]
    toes = shown.line("foot.L", "toe2-1.L")[0]
    assert toes[2] < -0.7


def test_people_stay_where_they_stand(body: Body, model: MhrModel, tmp_path: Path) -> None:
    """In the camera frame, however long their legs are, and go on from there."""
    places = np.array([[[x + 0.2 * f, 0.9, 4.0] for f in range(4)] for x in (-1.0, 1.5)])
    large = parameters(4, scale_uplegs=0.5, scale_lowlegs=0.5)
    told = [parameters(4), large]
    frames = [
        [{"mhr_model_params": told[who][f], "pred_cam_t": places[who, f]} for who in order]
        for f, order in enumerate([(0, 1), (1, 0), (0, 1), (1, 0)])
    ]
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(frames))
    clip = read(tmp_path / "a.pkl", body)
    assert [track.frames.tolist() for track in clip.tracks] == [[1, 2, 3, 4]] * 2
    for who in (0, 1):
        shown, posed = Shown(clip, body, who), model.posed(told[who])
        theirs = posed.places_m[:, [JOINTS.index(f"{side}_talocrural") for side in "lr"]]
        spots = theirs.mean(1) @ FLIP.T + places[who]
        ours = shown.heads[:, [shown.names.index(f"foot.{side}") for side in "LR"]].mean(1)
        assert np.abs((ours - spots)[:, [0, 2]]).max() < 0.1
        assert np.abs((ours - spots)[:, 1]).max() < 0.05


def one_npz(path: Path, people: list[Any]) -> None:
    np.savez(path, **people[0][0])


def picture_npy(path: Path, people: list[Any]) -> None:
    np.save(path, np.array([frames[0] for frames in people], object))


def by_person_pkl(path: Path, people: list[Any]) -> None:
    rows = [
        {name: np.stack([frame[name] for frame in frames]) for name in frames[0]}
        for frames in people
    ]
    path.write_bytes(pickle.dumps({7 - who: part for who, part in enumerate(rows)}))


def by_picture_joblib(path: Path, people: list[Any]) -> None:
    file = io.BytesIO()
    pictures = zip(*people, strict=True)
    JoblibPickler(file).dump({f"img/{f:03d}.jpg": list(p) for f, p in enumerate(pictures)})
    path.write_bytes(file.getvalue())


def frames_pt(path: Path, people: list[Any]) -> None:
    torch_file(path, {frame: people[0][frame] for frame in range(len(people[0]))})


def frames_json(path: Path, people: list[Any]) -> None:
    frames = [
        {"frame_idx": f, "persons": [{**person, "person_id": n} for n, person in enumerate(there)]}
        for f, there in enumerate(zip(*people, strict=True))
    ]
    content = {"video_info": {"fps": 25.0}, "frames": frames}
    path.write_text(json.dumps(content, default=lambda array: array.tolist()))


def numbered_pkl(path: Path, people: list[Any]) -> None:
    frames = [{**frame, "frame_idx": f} for f, frame in enumerate(people[0])]
    path.write_bytes(pickle.dumps(frames[::-1]))


FORMS: dict[str, tuple[Any, int, int]] = {
    "one.npz": (one_npz, 1, 1),
    "picture.npy": (picture_npy, 2, 1),
    "by_person.pkl": (by_person_pkl, 2, 4),
    "by_picture.joblib": (by_picture_joblib, 2, 4),
    "frames.pt": (frames_pt, 1, 4),
    "frames.json": (frames_json, 2, 4),
    "numbered.pkl": (numbered_pkl, 1, 4),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_files_poses_everybody(
    body: Body, model: MhrModel, tmp_path: Path, name: str
) -> None:
    make, people, count = FORMS[name]
    told = [dance(4), dance(4)[::-1]]
    make(
        tmp_path / name,
        [
            [{"mhr_model_params": row, "pred_cam_t": np.array([x, 1.0, 4.0])} for row in told[who]]
            for who, x in enumerate((-1.0, 1.0))
        ],
    )
    clip = read(tmp_path / name, body)
    assert [track.frames.tolist() for track in clip.tracks] == [list(range(1, count + 1))] * people
    for who in range(people):
        apart = farthest(Shown(clip, body, who), model.posed(told[who][:count]))
        assert max(apart.values()) < EXACT
    assert clip.fps == (25.0 if name == "frames.json" else 30.0)


def with_points(model: MhrModel, told: np.ndarray) -> np.ndarray:
    """SAM 3D Body's points (F, 70, 3), as far as they are joints."""
    posed, points = model.posed(told), np.full((len(told), len(NAMES), 3), np.nan)
    for point, joint in POINTS.items():
        points[:, NAMES.index(point)] = posed.places_m[:, JOINTS.index(joint)] @ FLIP.T
    return points


def test_points_of_the_same_file_say_the_same(
    body: Body, model: MhrModel, model_file: Path, tmp_path: Path
) -> None:
    """The frame of both is one, and parameters go before points as soon as there is a model."""
    told, places = dance(), np.tile([0.3, 0.2, 5.0], (12, 1))
    told[:, 6:30] = told[:, 30:36] = 0.0  # points tell neither backs nor clavicles exactly
    path = write(
        tmp_path / "a.npz", told, pred_keypoints_3d=with_points(model, told), pred_cam_t=places
    )
    by_parameters = Shown(read(path, body), body)
    model_file.unlink()
    by_points = Shown(read(path, body), body)
    for start, end in LIMBS:
        for bones in ((start.format(side), end.format(side)) for side in "LR"):
            # Shoulders, hips and knees of points are no joints, and lie a little elsewhere.
            limit = 0.1 if "finger" in start else 8.0
            assert degrees(by_parameters.line(*bones), by_points.line(*bones)) < limit, bones
    hips = [shown.heads[:, 0] for shown in (by_parameters, by_points)]
    assert np.abs(hips[0] - hips[1]).max() < 0.06
    assert angle(by_parameters.turn("root").swapaxes(-1, -2) @ by_points.turn("root")).max() < 0.2


def test_mhrs_own_parameters_have_their_own_way(
    body: Body, model: MhrModel, tmp_path: Path
) -> None:
    """Their translation is among them, and their world has y up."""
    told = dance(4) + parameters(4, root_tz=[0.0, 5.0, 10.0, 15.0])
    np.savez(tmp_path / "a.npz", lbs_model_params=told, identity_coeffs=np.zeros((4, 45)))
    sam = Shown(read(write(tmp_path / "b.npz", told), body), body)
    own = Shown(read(tmp_path / "a.npz", body), body)
    assert np.abs(own.heads - sam.heads).max() < 1e-4
    clip = read(tmp_path / "a.npz", body, world=Z_UP)
    lying = Shown(clip, body)
    turn = CAM_FROM_WORLD[Z_UP] @ FLIP.T
    for bones in (("root", "head"), ("upperleg01.L", "lowerleg01.L")):
        assert degrees(lying.line(*bones), own.line(*bones) @ turn.T) < 0.1


def test_the_way_is_as_long_as_the_legs(body: Body, model: MhrModel, tmp_path: Path) -> None:
    told = parameters(2, root_tz=[0.0, 5.0])
    shown = Shown(read(write(tmp_path / "a.npz", told), body), body)
    step = shown.heads[1, 0] - shown.heads[0, 0]
    ours = shown.heads[0, shown.names.index("foot.L"), 1] - shown.heads[0, 0, 1]
    assert step == pytest.approx([0, 0, -0.5 * ours / 0.84], abs=0.03)


@pytest.mark.parametrize("place", ["mhr_model.pt", "assets/mhr_model.pt", "else/model.pt"])
def test_the_model_is_found_beside_results_or_chosen(
    body: Body, tmp_path: Path, place: str
) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    write_model(tmp_path / place)
    path = write(tmp_path / "a.npz", parameters())
    chosen = tmp_path / place if place.startswith("else") else None
    assert len(read(path, body, mhr_model=chosen).tracks) == 1


def test_who_chooses_a_model_is_heard_first(body: Body, tmp_path: Path) -> None:
    (tmp_path / "mhr_model.pt").write_bytes(b"not this one")
    path = write(tmp_path / "a.npz", parameters())
    chosen = write_model(tmp_path / "chosen.pt")
    assert len(read(path, body, mhr_model=chosen).tracks) == 1


def test_without_a_model_the_remedy_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", parameters())
    with pytest.raises(ClipError, match=r"a\.npz has MHR's parameters without points") as error:
        read_result(path)
    for way in ("mhr_model.pt", "“MHR Model”", "preferences", "assets/", "pred_keypoints_3d"):
        assert way in error.value.remedy
    with pytest.raises(ClipError, match=r"There is no model of MHR at .*gone\.pt"):
        read_result(path, mhr_model=tmp_path / "gone.pt")


def checkpoint(path: Path) -> None:
    torch_file(path, {"state_dict": {"backbone.weight": np.ones((2, 2))}})


def other_module(path: Path) -> None:
    torch_file(path, Scripted("Net", weight=np.ones((2, 2))))


def pickled_program(path: Path) -> None:
    torch_file(path, Scripted("MHR", character_torch=OneCall("os", "system", "touch x")))


def no_array(path: Path) -> None:
    write_model(path, {"joint_parents": 3})


def fewer_joints(path: Path) -> None:
    write_model(path, {"joint_translation_offsets": np.zeros((24, 3))})


def other_order(path: Path) -> None:
    write_model(path, {"joint_parents": np.arange(len(JOINTS), dtype=np.int32)})


def fewer_parameters(path: Path) -> None:
    write_model(path, {"parameter_transform": np.zeros((889, 100))})


def no_numbers(path: Path) -> None:
    write_model(path, {"joint_prerotations": np.full((127, 4), np.nan)})


def cut_off(path: Path) -> None:
    path.write_bytes(write_model(path).read_bytes()[:2000])


def no_archive(path: Path) -> None:
    path.write_bytes(b"")


def no_torch(path: Path) -> None:
    np.savez(path.with_suffix(".npz"), a=np.ones(3))
    path.with_suffix(".npz").rename(path)


OTHER_MODELS: dict[Any, str] = {
    checkpoint: "“character_torch.skeleton.joint_parents” is missing",
    other_module: "“character_torch.skeleton.joint_parents” is missing",
    pickled_program: "wants to run os.system",
    no_array: "“character_torch.skeleton.joint_parents” is missing",
    fewer_joints: r"joint_translation_offsets” has the shape \(24, 3\)",
    other_order: "in another order",
    fewer_parameters: "has 100 parameters, not 204",
    no_numbers: "joint_prerotations” has numbers that are not finite",
    cut_off: "no model of MHR, or it is damaged",
    no_archive: "no model of MHR, or it is damaged",
    no_torch: "no model of MHR, or it is damaged",
}


@pytest.mark.parametrize("make", OTHER_MODELS, ids=lambda make: make.__name__)
def test_other_files_are_no_model(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "model.pt")
    with pytest.raises(ClipError, match=OTHER_MODELS[make]) as error:
        read_mhr_model(tmp_path / "model.pt")
    assert error.value.message.startswith("model.pt is no model of MHR")
    assert "mhr_model.pt" in error.value.remedy


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="cannot be read"):
        read_mhr_model(tmp_path)


def test_frames_without_a_body_stay_out(body: Body, model: MhrModel, tmp_path: Path) -> None:
    """Neither unknown parameters nor those of results of a hand alone are of a body."""
    told = dance(4)
    points = with_points(model, told)
    points[1] = 0.0
    told[2] = np.nan
    points[2] = np.nan
    path = write(tmp_path / "a.npz", told, pred_keypoints_3d=points)
    clip = read(path, body)
    assert clip.tracks[0].frames.tolist() == [1, 4]
    apart = farthest(Shown(clip, body), model.posed(told[[0, 3]]))
    assert max(apart.values()) < EXACT


def test_parameters_of_some_frames_do_not_go_before_points_of_all(
    body: Body, model: MhrModel, tmp_path: Path
) -> None:
    told = dance(4)
    points = with_points(model, told)
    told[2] = np.nan
    path = write(tmp_path / "a.npz", told, pred_keypoints_3d=points)
    assert read(path, body).tracks[0].frames.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("shape", [(4, 275), (1, 204), (4, 133)])
def test_parameters_of_another_kind_leave_points_as_they_are(
    body: Body, model: MhrModel, tmp_path: Path, shape: tuple[int, int]
) -> None:
    points = with_points(model, dance(4))
    write(tmp_path / "a.npz", np.zeros(shape), pred_keypoints_3d=points)
    np.savez(tmp_path / "b.npz", pred_keypoints_3d=points)
    found = [Shown(read(tmp_path / name, body), body).heads for name in ("a.npz", "b.npz")]
    np.testing.assert_array_equal(*found)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "fewer": ({"mhr_model_params": np.zeros((2, 133))}, r"“mhr_model_params” has the shape"),
    "places": (
        {"mhr_model_params": np.zeros((2, 204)), "pred_cam_t": np.zeros((3, 3))},
        "“pred_cam_t” has the shape",
    ),
    "nobody": ({"mhr_model_params": np.full((2, 204), np.nan)}, "In no frame"),
    "in part": ({"body_pose_params": np.zeros(133)}, "neither all of their parameters nor points"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_a_remedy(case: str, tmp_path: Path) -> None:
    check_refusal(*WRONG[case], tmp_path / "a.npz")
