# SPDX-License-Identifier: GPL-3.0-or-later
from typing import Any

import numpy as np
import pytest

from model_server.errors import BadRequestError
from model_server.keypoint_files import KeypointFile
from model_server.landmark_names import COCO_JOINTS, WHOLE_BODY
from model_server.landmarks import WholeBody
from tests.server.made_keypoints import keypoints_at, standing

BODY_25 = (
    "nose", None, "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow",
    "left_wrist", None, "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee",
    "left_ankle", "right_eye", "left_eye", "right_ear", "left_ear", "left_big_toe",
    "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip
TRUE = keypoints_at(standing((300, 200), 250))
SMALL = keypoints_at(standing((500, 200), 100))


def triples(person: WholeBody, names: Any, score: float = 0.9) -> list[float]:
    flat: list[float] = []
    for name in names:
        place = None if name is None else WHOLE_BODY.index(name)
        if place is None or person.score[place] == 0:
            flat += [0, 0, 0]
        else:
            flat += [*map(float, person.px[place]), score]
    return flat


def openpose_person(person: WholeBody) -> dict[str, Any]:
    return {
        "person_id": [-1],
        "pose_keypoints_2d": triples(person, BODY_25),
        "face_keypoints_2d": [*triples(person, WHOLE_BODY[23:91]), *[0.0] * 6],
        "hand_left_keypoints_2d": triples(person, WHOLE_BODY[91:112]),
        "hand_right_keypoints_2d": triples(person, WHOLE_BODY[112:]),
        "pose_keypoints_3d": [],
    }


def openpose(*people: WholeBody) -> dict[str, Any]:
    return {"version": 1.3, "people": [openpose_person(person) for person in people]}


def annotation(person: WholeBody, image: int = 1) -> dict[str, Any]:
    return {
        "image_id": image,
        "category_id": 1,
        "keypoints": triples(person, COCO_JOINTS, 2),
        "foot_kpts": triples(person, WHOLE_BODY[17:23], 2),
        "face_kpts": triples(person, WHOLE_BODY[23:91], 2),
        "lefthand_kpts": triples(person, WHOLE_BODY[91:112], 2),
        "righthand_kpts": triples(person, WHOLE_BODY[112:], 2),
        "lefthand_valid": True,
    }


def mmpose(person: WholeBody) -> dict[str, Any]:
    scores = [float(score) for score in person.score]
    return {"keypoints": person.px.tolist(), "keypoint_scores": scores, "bbox": [[0, 0, 1, 1]]}


def people(content: Any, name: str = "walk.jpg") -> list[WholeBody]:
    return KeypointFile(content, name).people(640, 480)


@pytest.mark.parametrize(
    "content",
    [
        openpose(SMALL, TRUE),
        [openpose(SMALL, TRUE)],
        {
            "images": [{"id": 1, "file_name": "walk.jpg"}],
            "annotations": [annotation(SMALL), annotation(TRUE)],
        },
        {"annotations": [annotation(SMALL), annotation(TRUE)]},
        [{"image_id": 7, "score": 2.1, "keypoints": triples(p, WHOLE_BODY)} for p in (SMALL, TRUE)],
        [mmpose(SMALL), mmpose(TRUE)],
        {"meta_info": {}, "instances": [mmpose(SMALL), mmpose(TRUE)]},
    ],
    ids=["openpose", "controlnet", "coco", "coco alone", "results", "mmpose", "mmpose instances"],
)
def test_every_kind_tells_the_same_people_largest_first(content: Any) -> None:
    first, second = people(content)
    known = TRUE.score > 0
    assert ((first.score > 0) == known).all()
    np.testing.assert_allclose(first.px[known], TRUE.px[known], atol=1e-3)
    np.testing.assert_allclose(second.px[known], SMALL.px[known], atol=1e-3)


def test_a_canvas_of_another_size_is_scaled() -> None:
    content = openpose(TRUE) | {"canvas_width": 320, "canvas_height": 240}
    (person,) = people(content)
    np.testing.assert_allclose(person.px, 2 * TRUE.px, atol=1e-3)


def test_eighteen_joints_are_openpose_too() -> None:
    names = [*BODY_25[:8], *BODY_25[9:19]]
    (person,) = people({"people": [{"pose_keypoints_2d": triples(TRUE, names)}]})
    knee = WHOLE_BODY.index("left_knee")
    np.testing.assert_allclose(person.px[knee], TRUE.px[knee])
    assert person.score[WHOLE_BODY.index("left_heel")] == 0


def test_what_people_marked_as_hidden_is_less_sure() -> None:
    marked = annotation(TRUE)
    marked["keypoints"][2::3] = [2, 0, 1] + [2] * 14
    (person,) = people({"annotations": [marked]})
    assert person.score[:3].tolist() == [1, 0, 0.5]


def test_the_photo_is_found_by_its_name() -> None:
    images = [{"id": 4, "file_name": "a/run.jpg"}, {"id": 9, "file_name": "a/walk.jpg"}]
    content = {"images": images, "annotations": [annotation(SMALL, 4), annotation(TRUE, 9)]}
    (person,) = people(content, "walk.jpg")
    assert person.px.max() == pytest.approx(TRUE.px.max())
    with pytest.raises(BadRequestError, match=r"2 photos, but of none called 'sit\.jpg'"):
        people(content, "sit.jpg")


def test_nobody_is_no_error() -> None:
    assert people({"people": []}) == []
    assert people([]) == []
    assert people({"images": [], "annotations": []}) == []


def test_false_people_of_a_few_points_are_left_out() -> None:
    few = WholeBody(TRUE.px, np.where(np.arange(133) < 3, TRUE.score, 0))
    assert len(people(openpose(few, TRUE))) == 1
    with pytest.raises(BadRequestError, match="nobody with six keypoints"):
        people(openpose(few))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"photoTakenTime": 3, "geoData": {}}, "“photoTakenTime”, “geoData”"),
        ({}, "it is empty"),
        (3, "int"),
        (None, "NoneType"),
        ([1, 2], "int"),
        ({"people": [{"joints": []}]}, "“joints”"),
        ({"people": [[]]}, "list"),
        ({"annotations": [{"image_id": 1, "segmentation": []}]}, "“image_id”, “segmentation”"),
        ({"people": [{"pose_keypoints_2d": [1.0] * 63}]}, "63 numbers, not three for each of 25"),
        ({"people": [{"pose_keypoints_2d": "abc"}]}, "is str, not a list"),
        ({"people": [{"pose_keypoints_2d": ["x"] * 75}]}, "'x' where a number belongs"),
        ({"people": [{"pose_keypoints_2d": [float("nan")] * 75}]}, "'nan'"),
        ({"people": [], "canvas_width": "wide"}, "'wide'"),
        ([{"keypoints": [1.0] * 51, "image_id": i} for i in (1, 2)], "results of 2 photos"),
        ([{"keypoints": [[1, 2]], "keypoint_scores": [1, 1]}], "“keypoints”, “keypoint_scores”"),
        ([{"keypoints": [[1, 2]] * 26, "keypoint_scores": [1] * 26}], "78 numbers"),
        ([{"keypoints": [1, 2], "keypoint_scores": [1, 1]}], "no list of pairs"),
    ],
)  # fmt: skip
def test_foreign_files_are_told_by_what_they_hold(content: Any, told: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        people(content)
    assert told in refused.value.message
    assert refused.value.remedy
