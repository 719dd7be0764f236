# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from model_server.camera import camera_of
from model_server.hand_poses import pose_hands
from model_server.hand_session import HandEvidence, OnnxHands, PosedHands
from model_server.hypotheses import vote
from model_server.landmarks import DetailReading, HandLandmarks
from model_server.settings import ASSETS
from model_server.turns import turn_about
from tests.server.doubles import made_up_pose
from tests.server.tiny_hands import write_tiny_hands

CAMERA = camera_of(600, 400)
X, Y, Z = np.eye(3)


@dataclass
class Recorder:
    """Answers every hand alike and remembers what it was asked."""

    asked: list[HandEvidence] = field(default_factory=list)

    def run(self, evidence: HandEvidence) -> PosedHands:
        self.asked.append(evidence)
        fingers = np.stack([turn_about(Y, 0.1 * i) for i in range(15)])
        palm = turn_about(Z, 0.4) @ turn_about(X, 0.3)
        count = len(evidence.confidence)
        return PosedHands(np.tile(fingers, (count, 1, 1, 1)), np.tile(palm, (count, 1, 1)))


def hand(seed: int) -> HandLandmarks:
    rng = np.random.default_rng(seed)
    px, world = rng.uniform(100, 300, (21, 2)), rng.normal(0, 0.05, (21, 3))
    return HandLandmarks(px.astype(np.float32), world.astype(np.float32), 0.9)


def read(seen: HandLandmarks) -> HandLandmarks:
    """The same hand, its picture read."""
    rng = np.random.default_rng(9)
    heat_px = (seen.landmarks_px + rng.normal(0, 3, (21, 2))).astype(np.float32)
    features, trust = rng.normal(size=64), rng.random(21)
    reading = DetailReading(features.astype(np.float32), heat_px, trust.astype(np.float32))
    return replace(seen, reading=reading)


def mirrored(seen: HandLandmarks) -> HandLandmarks:
    def flipped(px: np.ndarray) -> np.ndarray:
        flipped_px = px * np.array([-1, 1]) + np.array([2 * CAMERA.center_px[0], 0])
        return flipped_px.astype(np.float32)

    reading = seen.reading and replace(seen.reading, heat_px=flipped(seen.reading.heat_px))
    world = seen.world_m * np.array([-1, 1, 1])
    return HandLandmarks(flipped(seen.landmarks_px), world, 0.9, reading)


def test_all_hands_of_all_people_in_one_call() -> None:
    session = Recorder()
    nobody = vote([made_up_pose(0)])
    people = [replace(nobody, left_hand=hand(0), right_hand=hand(1)), nobody]
    people.append(replace(nobody, right_hand=hand(2)))
    found = pose_hands(session, people, CAMERA)
    assert [set(hands) for hands in found] == [{"left", "right"}, set(), {"right"}]
    assert len(session.asked) == 1
    assert session.asked[0].landmarks_px.shape == (3, 21, 2)


def test_nobody_shows_a_hand() -> None:
    session = Recorder()
    assert pose_hands(session, [vote([made_up_pose(0)])], CAMERA) == [{}]
    assert not session.asked


def test_a_right_hand_is_a_left_one_in_the_mirror() -> None:
    session, nobody = Recorder(), vote([made_up_pose(0)])
    seen = read(hand(0))
    (left,) = pose_hands(session, [replace(nobody, left_hand=seen)], CAMERA)
    (right,) = pose_hands(session, [replace(nobody, right_hand=mirrored(seen))], CAMERA)
    for name, value in vars(session.asked[0]).items():
        np.testing.assert_allclose(getattr(session.asked[1], name), value, atol=1e-4)
    mirror = np.diag([-1.0, 1, 1])
    np.testing.assert_allclose(right["right"].palm, mirror @ left["left"].palm @ mirror)
    np.testing.assert_allclose(right["right"].fingers, mirror @ left["left"].fingers @ mirror)


def test_a_graph_is_told_of_pictures_if_it_wants_to_know(tmp_path: Path) -> None:
    nobody = vote([made_up_pose(0)])
    people = [replace(nobody, left_hand=hand(0), right_hand=read(hand(1)))]
    blind = OnnxHands(write_tiny_hands(tmp_path / "blind.onnx"))
    seeing = OnnxHands(write_tiny_hands(tmp_path / "seeing.onnx", wants_pictures=True))
    (before,), (after,) = (pose_hands(session, people, CAMERA) for session in (blind, seeing))
    np.testing.assert_allclose(after["left"].palm, before["left"].palm)
    np.testing.assert_allclose(after["right"].palm, np.diag([-1, -1, 1]) @ before["right"].palm)


def test_the_shipped_network_poses_hands() -> None:
    nobody = vote([made_up_pose(0)])
    people = [replace(nobody, left_hand=hand(i), right_hand=hand(i + 9)) for i in range(3)]
    for hands in pose_hands(OnnxHands(ASSETS / "hands.onnx"), people, CAMERA):
        for pose in hands.values():
            turns = np.concatenate([pose.fingers, pose.palm[None]])
            np.testing.assert_allclose(
                turns @ turns.swapaxes(1, 2), np.tile(np.eye(3), (16, 1, 1)), atol=1e-4
            )
            assert (np.linalg.det(turns) > 0).all()
