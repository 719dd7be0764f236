# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import made_people
import numpy as np

from hund_blender.axes import seen_at, seen_px
from hund_blender.body import Body
from hund_blender.client import Question
from hund_blender.confidence import Grip, Step, bone_steps, kind_of, step_of
from hund_blender.estimate import Landmark, parse_estimate
from hund_blender.rigs import MIXAMO, rig_of
from hund_blender.sighting import HANDLES, Correction, Sighting


def sighting(body: Body) -> Sighting:
    estimate = parse_estimate(made_people.answer([made_people.person(body)]))
    correction = Correction({"left_elbow": (10.25, 20.0)}, frozenset({"nose"}), 1)
    (person,) = estimate.people
    question = Question(3, 35.0)
    return Sighting(
        estimate.id, Path("/a b/ü.jpg"), question, estimate.photo, 0, person, correction
    )


def test_a_sighting_survives_as_text(body: Body) -> None:
    before = sighting(body)
    text = before.to_json()
    after = Sighting.from_json(text)
    assert (after.photo_id, after.path, after.question) == (
        before.photo_id,
        before.path,
        before.question,
    )
    assert (after.photo, after.correction) == (before.photo, before.correction)
    assert after.person.source == before.person.source
    assert "face" not in text
    assert len(text) < 50_000
    assert set(HANDLES) <= set(after.person.landmarks)


def test_what_is_asked_is_all_that_is_known(body: Body) -> None:
    asked = sighting(body).asked(Correction({"nose": (1.0, 2.0)}), body=True)
    assert asked == {
        "photo": "0123abcd",
        "person": 0,
        "pins": {"nose": [1.0, 2.0]},
        "dropped": [],
        "hypothesis": 0,
        "body": True,
    }


def test_pixels_come_back_from_the_cameras_axes() -> None:
    px, center = np.array([123.0, 45.0]), (320.0, 240.0)
    point = seen_at(px, 3.0, 700.0, center)
    assert point[2] == -3  # in front of Blender's camera
    assert point[0] < 0 < point[1]  # to the left and above
    np.testing.assert_allclose(seen_px(point, 700.0, center), px)


def test_steps_of_confidence() -> None:
    assert [step_of(value) for value in (0.9, 0.5, 0.1)] == list(Step)
    seen = Landmark(np.zeros(2), 0.9)
    assert kind_of(seen, dropped=False) is Step.SEEN
    assert kind_of(seen, dropped=True) is Grip.DROPPED
    assert kind_of(Landmark(np.zeros(2), 2.0), dropped=False) is Grip.PINNED


def test_bones_are_as_sure_as_what_they_hang_on(body: Body) -> None:
    rig = rig_of(MIXAMO, body)
    confidence = {"upperarm01.L": 0.9, "lowerarm01.L": 0.5, "lowerarm02.L": 0.1, "wrist.L": 0.2}
    steps = dict(zip(rig.bone_names, bone_steps(rig, confidence), strict=True))
    assert steps["mixamorig:LeftArm"] is Step.SEEN
    assert steps["mixamorig:LeftForeArm"] is Step.GUESSED  # the least sure of those merged
    assert steps["mixamorig:LeftHandIndex1"] is Step.GUESSED  # as its wrist
    assert steps["mixamorig:RightHand"] is Step.SEEN
