# SPDX-License-Identifier: GPL-3.0-or-later
import copy
from collections.abc import Callable
from typing import Any

import made_people
import pytest

from hund_blender.body import Body
from hund_blender.errors import ServerError
from hund_blender.estimate import parse_estimate


def test_a_good_answer_is_read(body: Body) -> None:
    answer = made_people.answer([made_people.person(body), made_people.person(body, 1)])
    estimate = parse_estimate(answer)
    assert (estimate.photo.width, estimate.photo.height) == (640, 480)
    assert [person.number for person in estimate.people] == [0, 1]
    assert set(estimate.people[0].keypoints) >= {"nose", "left_wrist"}
    given = answer["people"][0]["parameters"]
    assert dict(estimate.people[0].phenotypes) == given["phenotypes"]
    assert estimate.people[0].translation_m.tolist() == given["translation"]


Spoil = Callable[[dict[str, Any]], object]
SPOILED: dict[str, Spoil] = {
    "no image": lambda answer: answer.pop("image"),
    "no people": lambda answer: answer.pop("people"),
    "people is a number": lambda answer: answer.update(people=3),
    "a short translation": lambda answer: parameters(answer).update(translation=[1, 2]),
    "not a number": lambda answer: parameters(answer).update(translation=[1, 2, float("nan")]),
    "no rotation": lambda answer: parameters(answer).update(root=[0, 0, 0, 0]),
    "a long quaternion": lambda answer: parameters(answer)["rotations"].update(head=[2, 0, 0, 0]),
    "a phenotype in words": lambda answer: parameters(answer)["phenotypes"].update(age="old"),
}


def parameters(answer: dict[str, Any]) -> dict[str, Any]:
    return answer["people"][0]["parameters"]


@pytest.mark.parametrize("name", SPOILED)
def test_bad_answers_are_refused(body: Body, name: str) -> None:
    answer = copy.deepcopy(made_people.answer([made_people.person(body)]))
    SPOILED[name](answer)
    with pytest.raises(ServerError, match="not as expected"):
        parse_estimate(answer)
