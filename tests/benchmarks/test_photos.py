# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from benchmarks.photos import Annotated, Candidate, Score, belonging, count
from model_server.crops import Box

BOX = Box(0, 0, 100, 200)
JOINTS = np.linspace([0, 0], [100, 200], 17).astype(np.float32)


def annotated(known: bool = True) -> Annotated:
    return Annotated(BOX, JOINTS, np.full(17, known))


def test_a_person_is_whoever_overlaps_most() -> None:
    far, near = Candidate(Box(500, 0, 100, 200), JOINTS), Candidate(Box(5, 0, 100, 200), JOINTS)
    assert belonging(annotated().box, [far.box, near.box]) == 1
    assert belonging(annotated().box, [far.box]) is None
    assert belonging(annotated().box, []) is None


@pytest.mark.parametrize(("torsos_off", "hits"), [(0.0, 17), (0.19, 17), (0.21, 0)])
def test_joints_hit_within_a_fifth_of_a_torso(torsos_off: float, hits: int) -> None:
    score, person = Score(), annotated()
    moved = JOINTS + np.float32([torsos_off * person.torso_px, 0])
    count(score, [person], [Candidate(BOX, moved)])
    assert (score.hits, score.joints, score.found) == (hits, 17, 1)


def test_all_joints_of_the_missed_count_as_missed() -> None:
    score = Score()
    count(score, [annotated()], [])
    assert (score.hits, score.joints, score.joints_of_found) == (0, 17, 0)
