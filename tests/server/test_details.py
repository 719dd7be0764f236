# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np

from model_server.camera import camera_of
from model_server.decode import evidence_of
from model_server.details import Details, ends_of, look_closer
from model_server.face_session import SeenFace
from model_server.hand_poses import HandPose
from model_server.hypotheses import vote
from model_server.landmarks import FaceLandmarks
from model_server.turns import turn_about
from tests.server.doubles import made_up_pose
from tests.server.test_hand_poses import Recorder, hand

CAMERA = camera_of(600, 400)
NOBODY = vote([made_up_pose(0)])
TURN = turn_about(np.array([0.0, 0.0, 1.0]), 0.3)


class OneFace:
    """Answers every face alike."""

    def run(self, _face: FaceLandmarks, _camera: object) -> SeenFace:
        return SeenFace({"jawOpen": 0.5}, TURN, 0.7)


def test_faces_and_hands_go_to_whom_they_belong() -> None:
    face = FaceLandmarks(np.zeros((478, 2), np.float32), np.zeros(478, np.float32))
    people = [NOBODY, replace(NOBODY, face=face, right_hand=hand(0))]
    nothing, all_of_it = look_closer(Recorder(), OneFace(), people, CAMERA)
    assert nothing == Details()
    assert set(all_of_it.hands) == {"right"}
    assert all_of_it.face.actions == {"jawOpen": 0.5}


def test_ends_are_told_as_far_as_they_were_seen() -> None:
    person = replace(NOBODY, right_hand=hand(0))
    pose = HandPose(np.tile(np.eye(3), (15, 1, 1)), TURN)
    rest = turn_about(np.array([1.0, 0.0, 0.0]), 0.2)
    ends = ends_of(person, Details({"right": pose}, SeenFace({}, TURN @ rest, 0.7)), rest)
    np.testing.assert_allclose(ends.trust, [0.7, 0, 0.9], rtol=1e-6)
    np.testing.assert_allclose(ends.turns, [TURN, np.eye(3), TURN], atol=1e-6)


def test_all_looks_at_a_person_share_the_ends() -> None:
    people = [NOBODY, vote([made_up_pose(1), made_up_pose(2)])]
    seen = ends_of(NOBODY, Details(face=SeenFace({}, TURN)), np.eye(3))
    unseen = ends_of(NOBODY, Details(), np.eye(3))
    evidence = evidence_of(people, CAMERA, [unseen, seen])
    looks = len(people[1].hypotheses)
    np.testing.assert_allclose(evidence.ends_trust[:, 0], [0] + [1] * looks)
    np.testing.assert_allclose(evidence.ends[-1, 0], TURN, atol=1e-6)
