# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses from one stick figure onto another, by value."""

from dataclasses import replace

import numpy as np
import pytest
from stick_figures import figure, skeleton, turned

from hund_blender.errors import MapError
from hund_blender.retarget.posed import mirror_image, posed_skeleton
from hund_blender.retarget.reach import FEET, HANDS, reach
from hund_blender.retarget.rest import rest_skeleton
from hund_blender.retarget.transfer import transfer
from hund_blender.retarget.turns import about, angle, twist

X, Y, Z = np.eye(3)


@pytest.fixture(autouse=True)
def empty_file() -> None:
    """Nothing here looks at a file."""


def turn(axis: np.ndarray, degrees: float) -> np.ndarray:
    return about(axis, np.radians(degrees))


def posed(rig_and_map, turns, move=(0.0, 0.0, 0.0)):
    return posed_skeleton(skeleton(rig_and_map), turned(rig_and_map[0], turns, move))


def direction(pose, slot: str, end: str) -> np.ndarray:
    line = pose.places[end][0] - pose.places[slot][0]
    return line / np.linalg.norm(line)


@pytest.mark.parametrize("arms", [0, 45, 80])
def test_rest_of_one_is_taken_by_a_rig_that_rests_otherwise(arms: float) -> None:
    pose = transfer(posed(figure(arms=30), {}), skeleton(figure(arms=arms)))
    down = np.radians(30)
    np.testing.assert_allclose(
        direction(pose, "upper_arm.L", "forearm.L"), [np.cos(down), 0, -np.sin(down)], atol=1e-6
    )
    np.testing.assert_allclose(direction(pose, "thigh.R", "shin.R"), -Z, atol=1e-6)
    np.testing.assert_allclose(pose.turns["hips"][0, 0], np.eye(3), atol=1e-6)


def test_same_rig_gets_the_same_turns() -> None:
    turns = {"hips": turn(Z, 20), "spine1": turn(X, 10), "head": turn(Z, -30),
             "upper_arm.L": turn(Y, 40), "forearm.L": turn(Z, -50), "hand.L": turn(X, 25),
             "thigh.R": turn(X, -60), "shin.R": turn(X, 45), "index2.L": turn(Y, 30)}  # fmt: skip
    source = posed(figure(arms=20), turns)
    pose = transfer(source, skeleton(figure(arms=20)))
    for slot, own in source.turns.items():
        np.testing.assert_allclose(pose.turns[slot], own, atol=1e-6, err_msg=slot)
    np.testing.assert_allclose(pose.places["hand.L"], source.places["hand.L"], atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_spines_of_other_lengths_end_alike_and_bend_evenly(count: int) -> None:
    source = posed(figure(spine=3), {f"spine{n}": turn(X, 15) for n in range(3)})
    pose = transfer(source, skeleton(figure(spine=count)))
    bends = np.degrees(angle(pose.turns["spine"][0]))
    assert bends[-1] == pytest.approx(45, abs=0.01)
    assert np.all(np.diff(bends) > 0)
    np.testing.assert_allclose(pose.turns["shoulder.L"][0, 0], turn(X, 45), atol=1e-6)


def test_palms_lie_alike_though_forearms_do_not_twist() -> None:
    source = posed(figure(), {"hand.L": turn(X, 70)})
    one, two = (
        transfer(source, skeleton(figure(forearms=count))).turns["forearm.L"] for count in (1, 2)
    )
    assert twist_about_x(one[0, 0]) == pytest.approx(0, abs=0.01)
    assert np.degrees(angle(two[0])).max() < 0.01


def test_forearms_of_several_bones_spread_their_twist() -> None:
    source = posed(figure(), {"forearm.L": turn(X, 40), "hand.L": turn(X, 30)})
    pose = transfer(source, skeleton(figure(forearms=3)))
    rolls = [twist_about_x(bone) for bone in pose.turns["forearm.L"][0]]
    np.testing.assert_allclose(rolls, [0, 20, 40], atol=0.1)
    assert twist_about_x(pose.turns["hand.L"][0, 0]) == pytest.approx(70, abs=0.1)
    own = transfer(source, skeleton(figure()), own_twist=True)
    assert np.degrees(angle(own.turns["forearm.L"][0, 0])) < 0.1
    back = posed_skeleton(skeleton(figure(forearms=3)), matrices_of(pose))
    assert twist_about_x(transfer(back, skeleton(figure())).turns["forearm.L"][0, 0]) == (
        pytest.approx(40, abs=0.1)
    )


def matrices_of(pose) -> np.ndarray:
    rig = pose.rest.rig
    matrices = turned(rig, {})
    for slot, chain in pose.rest.bones.items():
        for number, bone in enumerate(chain):
            matrices[0, bone, :3, :3] = pose.turns[slot][0, number] @ rig.frames[bone]
        matrices[0, chain[0], :3, 3] = pose.places[slot][0]
    return matrices


def twist_about_x(rotation: np.ndarray) -> float:
    swapped = turn(Z, 90) @ rotation @ turn(Z, 90).T  # X to Y
    return float(np.degrees(twist(swapped)))


@pytest.mark.parametrize(("size", "legs"), [(1.0, 1.0), (100.0, 1.0), (1.0, 0.6)])
def test_hips_move_in_the_size_of_the_legs(size: float, legs: float) -> None:
    source = posed(figure(), {}, move=(0.5, -1.0, -0.1))
    pose = transfer(source, skeleton(figure(size=size, legs=legs)))
    np.testing.assert_allclose(pose.hips[0, :2], pose.scale * np.array([0.5, -1.0]), atol=1e-6)
    assert pose.hips[0, 2] == pytest.approx(pose.scale * (0.85 - 0.1), rel=0.02)


def test_what_a_rig_lacks_is_left_out() -> None:
    rig, bones = figure()
    few = {
        slot: chain for slot, chain in bones.items() if slot[:5] not in ("index", "shoul", "neck")
    }
    pose = transfer(posed(figure(), {"index1.L": turn(Y, 40)}), rest_skeleton(rig, few))
    assert "index1.L" not in pose.turns
    np.testing.assert_allclose(direction(pose, "upper_arm.L", "forearm.L"), X, atol=1e-6)
    back = transfer(posed_skeleton(rest_skeleton(rig, few), turned(rig, {})), skeleton(figure()))
    assert "index1.L" not in back.turns
    assert "neck" in back.turns


def test_left_and_right_must_be_told_apart() -> None:
    rig, bones = figure()
    with pytest.raises(MapError, match="left from right"):
        rest_skeleton(rig, {"hips": bones["hips"], "head": bones["head"]})


def test_figures_that_face_elsewhere_are_the_same() -> None:
    rig, bones = figure()
    spun = turn(Z, 90)
    other = replace(
        rig, heads=rig.heads @ spun.T, tails=rig.tails @ spun.T, frames=spun @ rig.frames
    )
    source = posed((rig, bones), {"upper_arm.L": turn(Y, 40)})
    pose = transfer(source, rest_skeleton(other, bones))
    np.testing.assert_allclose(pose.turns["upper_arm.L"], source.turns["upper_arm.L"], atol=1e-6)
    np.testing.assert_allclose(pose.rest.axes, spun, atol=1e-9)


def test_mirror_image() -> None:
    source = posed(figure(), {"upper_arm.L": turn(Y, 40), "hips": turn(Z, 25)}, move=(0.3, 0, 0))
    image = mirror_image(source)
    np.testing.assert_allclose(image.turn("hips")[0], turn(Z, -25), atol=1e-9)
    np.testing.assert_allclose(image.turn("upper_arm.R")[0], turn(Y, -40) @ turn(Z, -25), atol=1e-9)
    assert image.hips()[0, 0] == pytest.approx(-0.3)
    again = mirror_image(image)
    np.testing.assert_allclose(again.anatomical("hand.L"), source.anatomical("hand.L"), atol=1e-9)


def test_feet_that_are_there_already_do_not_move() -> None:
    source = posed(figure(), {"thigh.L": turn(X, -30), "shin.L": turn(X, 40)})
    pose = transfer(source, skeleton(figure()))
    after = reach(pose, source, [FEET, HANDS])
    for slot in pose.turns:
        np.testing.assert_allclose(after.turns[slot], pose.turns[slot], atol=2e-3, err_msg=slot)


@pytest.mark.parametrize("legs", [0.5, 0.9, 1.4])
def test_feet_reach_the_floor_and_bones_keep_their_lengths(legs: float) -> None:
    turns = {"thigh.L": turn(X, -50), "shin.L": turn(X, 50), "thigh.R": turn(X, 20)}
    source = posed(figure(), turns, move=(0.2, -0.5, -0.12))
    target = skeleton(figure(legs=legs, arms=40))
    after = reach(transfer(source, target), source, [FEET])
    for side in (".L", ".R"):
        for start, end in (("thigh", "shin"), ("shin", "foot")):
            line = after.places[end + side] - after.places[start + side]
            assert np.linalg.norm(line) == pytest.approx(target.length(start + side), rel=1e-6)
    np.testing.assert_allclose(after.turns["foot.L"], transfer(source, target).turns["foot.L"])


def test_hands_reach_where_the_sources_are() -> None:
    source = posed(figure(), {"upper_arm.L": turn(Y, 60), "forearm.L": turn(X, 10)})
    pose = reach(transfer(source, skeleton(figure(size=2.0))), source, [HANDS])
    np.testing.assert_allclose(pose.places["hand.L"], 2 * source.places["hand.L"], atol=0.01)
