# SPDX-License-Identifier: GPL-3.0-or-later
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from model_server.crops import apply_affine
from model_server.errors import BadRequestError
from model_server.landmark_names import POSE_LANDMARKS, WHOLE_BODY
from model_server.landmarks import PersonLandmarks, PoseLandmarks
from model_server.own_detector import KeypointNetwork, OwnDetector, cut_view, view_of
from model_server.people import PeopleFinder
from model_server.pipeline import Pipeline, load_pipeline
from tests.server.doubles import running
from tests.server.made_keypoints import keypoints_at, standing
from tests.server.pictures import GRACE_HOPPER, portrait
from tests.server.tiny_detector import (
    KEYPOINTS,
    SIZE,
    write_detector,
    write_finds_at,
    write_finds_brightest,
    write_finds_brightest_by_maps,
)

WRITERS = [write_finds_brightest, write_finds_brightest_by_maps]


def person(look: PoseLandmarks) -> PersonLandmarks:
    return PersonLandmarks((look,), np.ones((1, 33), np.float32))


def turned(look: PoseLandmarks, quarters: int) -> np.ndarray:
    middle = look.landmarks_px.mean(0)
    turn = np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), quarters)
    return (look.landmarks_px - middle) @ turn.T + middle


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("height", [30.0, 400.0, 1500.0])
def test_a_place_in_the_crop_is_that_place_in_the_picture(
    tmp_path: Path, write: Callable[[Path], Path], quarters: int, height: float
) -> None:
    network = KeypointNetwork(write(tmp_path / "brightest.onnx"))
    look = standing((800, 800), height)
    look = standing((800, 800), height, turned(look, quarters))
    elbow = look.landmarks_px[POSE_LANDMARKS.index("left_elbow")]
    view = view_of(look, SIZE)
    cell = float(np.linalg.norm(view[:, 0]))
    image = np.zeros((1700, 1700, 3), np.uint8)
    low, high = (
        np.round(elbow - cell / 2 - 1).astype(int),
        np.round(elbow + cell / 2 + 1).astype(int),
    )
    image[low[1] : high[1], low[0] : high[0]] = 255
    (keypoints,) = network.keypoints([cut_view(image, view, SIZE)])
    found = apply_affine(view, keypoints.px)
    assert np.abs(found - (low + high) / 2).max() < (4 if write is WRITERS[1] else 1.5) * cell


def test_whoever_lies_is_shown_upright() -> None:
    look = standing((500, 500), 400)
    for quarters in range(4):
        lying = standing((500, 500), 400, turned(look, quarters))
        view = view_of(lying, SIZE)
        places = np.linalg.solve(view[:, :2], (lying.landmarks_px - view[:, 2]).T).T
        nose, heel = (places[POSE_LANDMARKS.index(name)] for name in ("nose", "left_heel"))
        assert 0 < nose[1] < 20 < 45 < heel[1] < SIZE[0]


def test_landmarks_are_the_keypoints_of_their_names(tmp_path: Path) -> None:
    places = np.random.default_rng(0).uniform(0.1, 0.9, (KEYPOINTS, 2))
    detector = OwnDetector(
        KeypointNetwork(write_finds_at(tmp_path / "sure.onnx", places, np.ones(KEYPOINTS)))
    )
    look = standing((200, 200), 200)
    (seen,) = detector.see(np.zeros((400, 400, 3), np.uint8), [person(look)])
    view = view_of(look, SIZE)
    told = {
        "nose": "nose",
        "left_knee": "left_knee",
        "left_heel": "left_heel",
        "right_foot_index": "right_big_toe",
        "right_index": "right_hand:index_mcp",
        "left_eye_outer": "face_45",
        "mouth_right": "face_48",
    }
    for name, of in told.items():
        px = apply_affine(view, places[WHOLE_BODY.index(of)] * SIZE[::-1])
        assert np.abs(seen.pose.landmarks_px[POSE_LANDMARKS.index(name)] - px).max() < view[0, 0]
    np.testing.assert_array_equal(seen.pose.depth, look.depth)


def test_what_it_does_not_see_stays_as_our_detector_sees_it(tmp_path: Path) -> None:
    look = standing((200, 200), 200)
    view = view_of(look, SIZE)
    known = keypoints_at(look)
    inside = np.linalg.solve(view[:, :2], (known.px - view[:, 2]).T).T / SIZE[::-1]
    score = known.score.copy()
    score[WHOLE_BODY.index("left_wrist")] = 0.1
    network = KeypointNetwork(write_finds_at(tmp_path / "most.onnx", inside, score))
    moved = standing((202, 201), 200)
    (seen,) = OwnDetector(network).see(np.zeros((400, 400, 3), np.uint8), [person(moved)])
    wrist, elbow = (POSE_LANDMARKS.index(f"left_{name}") for name in ("wrist", "elbow"))
    np.testing.assert_array_equal(seen.pose.landmarks_px[wrist], moved.landmarks_px[wrist])
    assert (seen.pose.landmarks_px[elbow] != moved.landmarks_px[elbow]).any()
    np.testing.assert_array_equal(seen.pose.world_m, moved.world_m)
    np.testing.assert_array_equal(seen.pose.visibility, moved.visibility)


def test_an_unsure_detector_changes_nobody(tmp_path: Path) -> None:
    places = np.random.default_rng(0).uniform(0.1, 0.9, (KEYPOINTS, 2))
    path = write_finds_at(tmp_path / "unsure.onnx", places, np.full(KEYPOINTS, 0.4))
    somebody = person(standing((200, 200), 200))
    seen = OwnDetector(KeypointNetwork(path)).see(np.zeros((400, 400, 3), np.uint8), [somebody])
    assert seen == [somebody]
    assert OwnDetector(KeypointNetwork(path)).see(np.zeros((4, 4, 3), np.uint8), []) == []


@pytest.mark.parametrize(("batch", "half"), [(1, False), ("batch", True)])
def test_fixed_batches_and_half_precision_are_common(
    tmp_path: Path, batch: int | str, half: bool
) -> None:
    places = np.full((KEYPOINTS, 2), 0.5)
    path = write_finds_at(
        tmp_path / "fixed.onnx", places, np.ones(KEYPOINTS), batch=batch, half=half
    )
    crop = np.zeros((*SIZE, 3), np.uint8)
    for keypoints in KeypointNetwork(path).keypoints([crop, crop]):
        np.testing.assert_allclose(keypoints.px, np.tile([24, 32], (KEYPOINTS, 1)), atol=1)
        np.testing.assert_allclose(keypoints.score, 1)


def _text(path: Path) -> Path:
    path.write_text("not a network")
    return path


def _of_coco_joints(path: Path) -> Path:
    return write_finds_brightest(path, keypoints=17)


def _boxes(path: Path) -> Path:
    node = helper.make_node("ReduceMax", ["input"], ["dets"], axes=[1, 2], keepdims=0)
    return write_detector(path, [node], {"dets": ["batch", SIZE[1]]}, {})


def _of_images_last(path: Path) -> Path:
    node = helper.make_node("Identity", ["input"], ["heatmaps"])
    shape = ("batch", *SIZE, 3)
    return write_detector(path, [node], {"heatmaps": list(shape)}, {}, shape=shape)


def _of_any_size(path: Path) -> Path:
    node = helper.make_node("Identity", ["input"], ["heatmaps"])
    shape = ("batch", 3, "height", "width")
    return write_detector(path, [node], {"heatmaps": list(shape)}, {}, shape=shape)


def _of_no_numbers(path: Path) -> Path:
    return write_finds_at(path, np.full((KEYPOINTS, 2), 0.5), np.full(KEYPOINTS, np.nan))


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (_text, "ONNX Runtime cannot read it"),
        (_of_coco_joints, "it sees 17 keypoints"),
        (_boxes, "its outputs are dets 1×48"),
        (_of_images_last, "its input is input batch×64×48×3"),
        (_of_any_size, "batch×3×height×width"),
        (_of_no_numbers, "no numbers"),
    ],
)
def test_foreign_networks_are_told_by_what_was_expected_and_found(
    tmp_path: Path, write: Callable[[Path], Path], told: str
) -> None:
    with pytest.raises(BadRequestError) as refused:
        KeypointNetwork(write(tmp_path / "foreign.onnx"))
    assert told in refused.value.message
    assert "foreign.onnx" in refused.value.message
    assert "133 keypoints" in refused.value.remedy
    assert "1×3×H×W" in refused.value.remedy


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match=r"There is no detector at .*nowhere\.onnx"):
        KeypointNetwork(tmp_path / "nowhere.onnx")


@pytest.fixture(scope="module")
def looked_at(people_finder: PeopleFinder) -> PersonLandmarks:
    (somebody,) = people_finder.find(portrait())
    return somebody


@pytest.fixture(scope="module")
def own_pipeline(
    tiny_assets: Path, looked_at: PersonLandmarks, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    """With a detector that sees everything ten pixels lower than ours does."""
    view = view_of(looked_at.pose, SIZE)
    known = keypoints_at(looked_at.pose)
    inside = (
        np.linalg.solve(view[:, :2], (known.px + np.array([0, 10]) - view[:, 2]).T).T / SIZE[::-1]
    )
    path = write_finds_at(tmp_path_factory.mktemp("own") / "lower.onnx", inside, known.score)
    pipeline = load_pipeline(tiny_assets, detector=path)
    yield pipeline
    pipeline.close()


def test_a_photo_is_seen_by_the_own_detector(
    own_pipeline: Pipeline, looked_at: PersonLandmarks, tiny_assets: Path
) -> None:
    with running(own_pipeline, tiny_assets) as client:
        assert client.ask("GET", "/health").json["detector"] == "lower.onnx"
        answer = client.ask("POST", "/estimate", GRACE_HOPPER.read_bytes()).json
    (somebody,) = answer["people"]
    view = view_of(looked_at.pose, SIZE)
    crop_px = float(np.linalg.norm(view[:, 0]))
    apart = np.array(somebody["landmarks"]["pose"]["px"]) - looked_at.pose.landmarks_px
    inside = (looked_at.pose.landmarks_px[:, 1] < 560) & (looked_at.pose.visibility > 0.5)
    assert inside.sum() > 10
    np.testing.assert_allclose(apart[inside], np.tile([0, 10], (inside.sum(), 1)), atol=crop_px)
    # The tiny descent's body stands just where the landmarks are.
    nose = somebody["landmarks"]["pose"]["px"][0]
    np.testing.assert_allclose(somebody["keypoints"]["nose"]["px"], nose, atol=0.05)
    assert somebody["landmarks"]["face"] is not None
