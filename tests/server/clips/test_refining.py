# SPDX-License-Identifier: GPL-3.0-or-later
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from model_server.body_params import BodyParams, wxyz_from_matrix
from model_server.bones import BodyBones
from model_server.camera import Camera
from model_server.clips.recording import Names, Recording, Tracked
from model_server.clips.refining import Refiner, filled_numbers
from model_server.clips.result import ClipResult, Motion
from model_server.clips.source import ClipInfo
from model_server.crops import Box
from model_server.estimate import Keypoints, Person
from model_server.landmarks import HandLandmarks, PersonLandmarks, PoseLandmarks
from model_server.physique import Physique
from model_server.settings import ASSETS
from model_server.turns import turn_about

ASSET = ASSETS / "anny.npz"
NAMES = Names(
    "anny",
    ("spine03", "upperleg01.L", "upperleg01.R", "wrist.L", "finger2-1.L"),
    ("gender", "age", "muscle", "weight", "height", "proportions"),
    ("jawOpen",),
)
ADULT = np.array([0.0, 0.7, 0.5, 0.5, 0.4, 0.5], np.float32)
CAMERA = Camera(900.0, (640.0, 360.0), "given")
INFO = ClipInfo("walk.mp4", 1280, 720, 30.0, 1, 60)
LEVEL = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # cam_from_body of who faces a level camera
X, Z = np.array([1.0, 0, 0]), np.array([0.0, 0, 1])
HEIGHT = 1.4  # of the camera above the floor


@dataclass(frozen=True)
class Moment:
    """The truth of a frame."""

    turns: dict[str, np.ndarray]
    root: np.ndarray
    place: np.ndarray
    landmarks: np.ndarray  # (33, 3) in the camera frame
    joints: np.ndarray


@pytest.fixture(scope="module")
def physique() -> Physique:
    if not ASSET.is_file():
        pytest.skip("the body asset is not exported")
    return Physique(ASSET, BodyBones(ASSET))


@pytest.fixture(scope="module")
def walk(physique: Physique) -> list[Moment]:
    """Two seconds of somebody who swings the legs on the way past the camera, turning slowly."""
    shape = dict(zip(NAMES.phenotypes, ADULT.tolist(), strict=True))
    moments = []
    for seconds in np.arange(60) / 30:
        swing = 0.4 * np.sin(6 * seconds)
        turns = {bone: np.eye(3) for bone in NAMES.bones}
        turns |= {"upperleg01.L": turn_about(X, swing), "upperleg01.R": turn_about(X, -swing)}
        turns["finger2-1.L"] = turn_about(X, 0.5)
        root = LEVEL @ turn_about(Z, 0.5 * seconds)
        landmarks, joints = physique.landmarks(shape, turns, root)
        across = np.array([seconds - 1, HEIGHT - landmarks[:, 1].max(), 4.0])
        moments.append(Moment(turns, root, across, landmarks + across, joints + across))
    return moments


def tracked(moment: Moment, *, size: float = 1.0, hand: bool = True) -> Tracked:
    """The frame as it would be seen: exactly, but `size` times as near."""
    px = CAMERA.project(moment.landmarks).astype(np.float32)
    ones = np.ones(33, np.float32)
    pose = PoseLandmarks(px, ones, ones, ones, moment.landmarks.astype(np.float32))
    left = HandLandmarks(np.zeros((21, 2)), np.zeros((21, 3)), 0.9) if hand else None
    seen = [bone for bone in NAMES.bones if hand or not bone.startswith("finger")]
    turns = wxyz_from_matrix(np.stack([moment.turns[bone] for bone in seen]))
    root = wxyz_from_matrix(moment.root[None])[0]
    body = BodyParams(
        "anny",
        tuple(root.tolist()),
        tuple((moment.place * size).tolist()),
        {bone: tuple(turn.tolist()) for bone, turn in zip(seen, turns, strict=True)},
        dict(zip(NAMES.phenotypes, ADULT.tolist(), strict=True)),
        {"jawOpen": 0.3},
    )
    return Tracked(
        1,
        Person(
            Box(0, 0, 100, 200),
            0.95,
            Keypoints(px[:17], moment.joints, np.ones(17)),
            PersonLandmarks((pose,), np.ones((1, 33), np.float32), left_hand=left),
            dict.fromkeys(seen, 0.95),
            body,
        ),
        0.9,
    )


def refined(physique: Physique, frames: dict[int, Tracked]) -> ClipResult:
    recording = Recording(NAMES)
    for number, somebody in frames.items():
        recording.add(number, float(number), somebody)
    tracks = recording.tracks()
    recording.close()
    return Refiner(physique, NAMES).refined(tracks, {1: ADULT}, INFO, CAMERA)


def motion_of(physique: Physique, frames: dict[int, Tracked]) -> Motion:
    return refined(physique, frames).motions[1]


def degrees(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    alike = np.abs((a * b).sum(-1)).clip(0, 1)
    return np.degrees(2 * np.arccos(alike))


def roots(walk: list[Moment]) -> np.ndarray:
    return wxyz_from_matrix(np.stack([moment.root for moment in walk]))


def all_frames(walk: list[Moment]) -> dict[int, Tracked]:
    return {number: tracked(moment) for number, moment in enumerate(walk, start=1)}


def test_what_was_seen_exactly_stays(physique: Physique, walk: list[Moment]) -> None:
    motion = motion_of(physique, all_frames(walk))
    assert motion.frames.tolist() == list(range(1, 61))
    assert motion.seen.all()
    assert degrees(motion.root, roots(walk)).max() < 1
    truth = np.stack([moment.joints for moment in walk])
    assert np.linalg.norm(motion.keypoints - truth, axis=2).max() < 0.06
    np.testing.assert_array_equal(motion.phenotypes, ADULT)
    np.testing.assert_allclose(motion.facial_actions, 0.3, atol=0.01)
    np.testing.assert_allclose(np.linalg.norm(motion.rotations, axis=2), 1, atol=1e-5)


def test_the_floor_is_under_the_feet(physique: Physique, walk: list[Moment]) -> None:
    motion = motion_of(physique, all_frames(walk))
    assert np.degrees(np.arccos(motion.gravity[1])) < 6
    assert motion.floor[0] == pytest.approx(HEIGHT, abs=0.35)
    lowest = (motion.feet @ motion.gravity).max(axis=(1, 2))
    assert np.median(np.abs(lowest - motion.floor[0])) < 0.1


def test_gaps_are_filled_and_marked(physique: Physique, walk: list[Moment]) -> None:
    frames = all_frames(walk)
    for number in range(20, 28):
        del frames[number]
    motion = motion_of(physique, frames)
    assert motion.frames.tolist() == list(range(1, 61))
    assert np.flatnonzero(motion.seen == 0).tolist() == list(range(19, 27))
    assert degrees(motion.root, roots(walk)).max() < 3
    assert (motion.confidence[19:27] == 0).all()
    truth = np.stack([moment.joints for moment in walk])
    assert np.linalg.norm(motion.keypoints - truth, axis=2)[19:27].mean() < 0.1


def test_long_gaps_stay_open(physique: Physique, walk: list[Moment]) -> None:
    frames = all_frames(walk)
    late = {number + 100: somebody for number, somebody in frames.items()}
    motion = motion_of(physique, frames | late)
    assert motion.frames.tolist() == [*range(1, 61), *range(101, 161)]


def test_a_flip_is_repaired(physique: Physique, walk: list[Moment]) -> None:
    frames = all_frames(walk)
    for number in range(30, 36):
        moment = walk[number - 1]
        back = replace(moment, root=moment.root @ turn_about(Z, np.pi))
        frames[number] = tracked(back)
    motion = motion_of(physique, frames)
    assert degrees(motion.root, roots(walk)).max() < 4
    assert np.flatnonzero(motion.seen == 0).tolist() == list(range(29, 35))


def test_noise_goes_and_the_size_does_not_change(physique: Physique, walk: list[Moment]) -> None:
    rng = np.random.default_rng(0)
    frames = {}
    for number, moment in enumerate(walk, start=1):
        noise = {
            bone: turn @ turn_about(X, rng.normal(0, 0.08)) for bone, turn in moment.turns.items()
        }
        frames[number] = tracked(replace(moment, turns=noise), size=float(rng.normal(1, 0.1)))
    motion = motion_of(physique, frames)
    wanted = wxyz_from_matrix(np.stack([moment.turns["upperleg01.L"] for moment in walk]))
    assert degrees(motion.rotations[:, 1], wanted).mean() < 2.5  # 3.7 came in
    jumps = np.diff(motion.translation[:, 2], n=2)
    assert np.abs(jumps).max() < 0.02
    assert motion.translation[:, 2].std() < 0.1


def test_a_hand_that_is_lost_is_held_as_it_was(physique: Physique, walk: list[Moment]) -> None:
    frames = all_frames(walk)
    for number in range(15, 61):
        frames[number] = tracked(walk[number - 1], hand=False)
    motion = motion_of(physique, frames)
    held = wxyz_from_matrix(turn_about(X, 0.5)[None])
    assert degrees(motion.rotations[:, 4], held).max() < 3
    assert (motion.confidence[14:, 4] == 0).all()
    assert (motion.confidence[5:10, 4] > 0.5).all()


def test_somebody_who_was_hardly_there_is_nobody(physique: Physique, walk: list[Moment]) -> None:
    few = {number: tracked(walk[number - 1]) for number in (1, 2, 3)}
    assert refined(physique, few).motions == {}


def test_a_clip_of_a_few_stills_is_a_clip(physique: Physique, walk: list[Moment]) -> None:
    recording = Recording(NAMES)
    for number in (1, 2, 3):
        recording.add(number, float(number), tracked(walk[number - 1]))
    stills = replace(INFO, frames=3)
    result = Refiner(physique, NAMES).refined(recording.tracks(), {1: ADULT}, stills, CAMERA)
    recording.close()
    assert result.motions[1].frames.tolist() == [1, 2, 3]


def test_one_still_is_a_clip(physique: Physique, walk: list[Moment]) -> None:
    recording = Recording(NAMES)
    recording.add(7, 7.0, tracked(walk[6]))
    still = replace(INFO, frames=1)
    result = Refiner(physique, NAMES).refined(recording.tracks(), {1: ADULT}, still, CAMERA)
    recording.close()
    (motion,) = result.motions.values()
    assert motion.frames.tolist() == [7]
    assert degrees(motion.root, roots(walk)[6:7]).max() < 1


def test_numbers_between_are_filled() -> None:
    seen = np.array([1, 3, 5, 11, 40], np.int32)
    assert filled_numbers(seen, 2, 10).tolist() == [1, 3, 5, 7, 9, 11, 40]
    assert filled_numbers(seen, 1, 3).tolist() == [1, 2, 3, 4, 5, 11, 40]


def test_the_file_holds_what_the_protocol_says(
    physique: Physique, walk: list[Moment], tmp_path: Path
) -> None:
    path = tmp_path / "walk.npz"
    refined(physique, all_frames(walk)).save(path)
    with np.load(path, allow_pickle=False) as stored:
        header = json.loads(bytes(stored["header"]))
        assert header["bones"] == list(NAMES.bones)
        assert (header["tracks"], header["fps"], header["source"]) == ([1], 30.0, "walk.mp4")
        shapes = {name: (stored[name].shape, stored[name].dtype.name) for name in stored.files}
    del shapes["header"]
    assert shapes == {
        "track1/frames": ((60,), "int32"),
        "track1/seen": ((60,), "uint8"),
        "track1/root": ((60, 4), "float32"),
        "track1/translation": ((60, 3), "float32"),
        "track1/rotations": ((60, 5, 4), "float32"),
        "track1/phenotypes": ((6,), "float32"),
        "track1/facial_actions": ((60, 1), "float32"),
        "track1/confidence": ((60, 5), "float32"),
        "track1/box": ((60, 4), "float32"),
        "track1/gravity": ((3,), "float32"),
        "track1/floor": ((1,), "float32"),
        "track1/keypoints": ((60, 17, 3), "float32"),
        "track1/feet": ((60, 2, 3, 3), "float32"),
    }
    assert not list(tmp_path.glob("*.partial"))
