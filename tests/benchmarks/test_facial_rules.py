# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import pytest

from benchmarks.facial_rules import facial_actions, ramp
from model_server.landmarks import FaceLandmarks
from tests.server.portrait_face import eyes_px, moved, portrait_face

LOWER_LIP = (14, 17, 152)
RIGHT_LIDS = ((159, 145), (158, 153), (160, 144))
LEFT_LIDS = ((386, 374), (385, 380), (387, 373))


@pytest.fixture(scope="module")
def face() -> FaceLandmarks:
    return portrait_face()


def closed(face: FaceLandmarks, lids: tuple[tuple[int, int], ...]) -> FaceLandmarks:
    px = face.landmarks_px.copy()
    for upper, lower in lids:
        px[upper] = px[lower] - [0, 1]
    return replace(face, landmarks_px=px)


def test_a_calm_face_stays_at_rest(face: FaceLandmarks) -> None:
    assert sum(facial_actions(face).values()) < 0.5


def test_an_open_mouth(face: FaceLandmarks) -> None:
    half, full = (moved(face, LOWER_LIP, (0, share * eyes_px(face))) for share in (0.22, 0.5))
    assert 0.3 < facial_actions(half)["jawOpen"] < 0.7
    assert facial_actions(full)["jawOpen"] == 1


@pytest.mark.parametrize(("side", "lids"), [("Left", LEFT_LIDS), ("Right", RIGHT_LIDS)])
def test_a_wink(face: FaceLandmarks, side: str, lids: tuple[tuple[int, int], ...]) -> None:
    other = "Right" if side == "Left" else "Left"
    actions = facial_actions(closed(face, lids))
    assert actions[f"eyeBlink{side}"] > 0.8
    assert f"eyeBlink{other}" not in actions


def test_a_smile_on_one_side_is_stronger_there(face: FaceLandmarks) -> None:
    step = 0.12 * eyes_px(face)
    actions = facial_actions(moved(face, (291,), (step, -step)))
    assert actions["mouthSmileLeft"] > 0.6
    assert actions["mouthSmileLeft"] > actions.get("mouthSmileRight", 0) + 0.3


def test_a_glance_to_the_left(face: FaceLandmarks) -> None:
    actions = facial_actions(moved(face, (468, 473), (0.05 * eyes_px(face), 0)))
    assert actions["eyeLookOutLeft"] == actions["eyeLookInRight"] > 0.2
    assert "eyeLookOutRight" not in actions


def test_size_and_place_do_not_matter(face: FaceLandmarks) -> None:
    open_mouth = moved(face, LOWER_LIP, (0, 0.3 * eyes_px(face)))
    expected = facial_actions(open_mouth)
    assert facial_actions(open_mouth.scaled(3)) == pytest.approx(expected, abs=2e-3)
    aside = moved(open_mouth, tuple(range(478)), (300, -40))
    assert facial_actions(aside) == pytest.approx(expected, abs=2e-3)


def test_small_and_averted_faces_say_nothing(face: FaceLandmarks) -> None:
    open_mouth = moved(face, LOWER_LIP, (0, 0.3 * eyes_px(face)))
    assert facial_actions(open_mouth.scaled(0.1)) == {}
    averted = replace(open_mouth, depth=open_mouth.depth + open_mouth.landmarks_px[:, 0])
    assert facial_actions(averted) == {}


def test_ramps_go_either_way() -> None:
    assert [ramp(v, (0.2, 0.4)) for v in (0.1, 0.3, 0.9)] == pytest.approx([0, 0.5, 1])
    assert [ramp(v, (0.4, 0.2)) for v in (0.1, 0.3, 0.9)] == pytest.approx([1, 0.5, 0])
