# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest

from model_server.placing import placed
from model_server.session import Evidence, Posed

FOCAL = 500.0
CENTER = np.array([[320.0, 240.0]], np.float32)


def person(rng: np.random.Generator) -> tuple[Posed, Evidence]:
    """Somebody at three metres, and a detector that sees them exactly."""
    points = (rng.normal(0, 0.35, (1, 33, 3)) + np.array([0.4, -0.1, 3.0])).astype(np.float32)
    posed = Posed(
        rotations=np.tile(np.eye(3, dtype=np.float32), (1, 21, 1, 1)),
        root=np.eye(3, dtype=np.float32)[None],
        translation=np.array([[0.4, -0.1, 3.0]], np.float32),
        phenotypes=np.full((1, 6), 0.5, np.float32),
        keypoints_cam=points[:, :17],
        landmarks_cam=points,
        energy=np.zeros(1, np.float32),
        memory=np.zeros((1, 0), np.float32),
    )
    px = points[..., :2] / points[..., 2:] * FOCAL + CENTER[:, None]
    ones = np.ones((1, 33), np.float32)
    focal = np.array([FOCAL], np.float32)
    unread = np.zeros((1, 0), np.float32)  # placing does not look at pictures
    return posed, Evidence(px, ones, points, ones, focal, CENTER, *[unread] * 8)


def shifted(posed: Posed, by: np.ndarray) -> Posed:
    return replace(
        posed,
        translation=posed.translation + by,
        keypoints_cam=posed.keypoints_cam + by,
        landmarks_cam=posed.landmarks_cam + by,
    )


@pytest.mark.parametrize("by", [(0.0, 0.0, 0.0), (0.1, -0.05, 0.0), (-0.08, 0.04, 0.15)])
def test_a_misplaced_person_is_moved_back(by: tuple[float, float, float]) -> None:
    posed, evidence = person(np.random.default_rng(0))
    moved = placed(shifted(posed, np.array(by, np.float32)), evidence)
    np.testing.assert_allclose(moved.landmarks_cam, posed.landmarks_cam, atol=0.05)
    np.testing.assert_allclose(
        moved.landmarks_cam[..., :2], posed.landmarks_cam[..., :2], atol=0.02
    )


def test_everything_moves_together() -> None:
    posed, evidence = person(np.random.default_rng(1))
    start = shifted(posed, np.array([0.1, 0.0, 0.1], np.float32))
    moved = placed(start, evidence)
    by = moved.translation - start.translation
    np.testing.assert_allclose(
        moved.keypoints_cam - start.keypoints_cam, by[:, None] + 0 * moved.keypoints_cam, atol=1e-5
    )
    np.testing.assert_array_equal(moved.rotations, start.rotations)


def test_what_is_not_seen_does_not_pull() -> None:
    posed, evidence = person(np.random.default_rng(2))
    px, visibility = evidence.landmarks_px.copy(), evidence.visibility.copy()
    px[:, 25:] += 300
    visibility[:, 25:] = 0.0
    moved = placed(posed, replace(evidence, landmarks_px=px, visibility=visibility))
    np.testing.assert_allclose(moved.translation[:, :2], posed.translation[:, :2], atol=0.02)


def test_an_impossible_distance_is_not_believed() -> None:
    posed, evidence = person(np.random.default_rng(3))
    tiny = CENTER[:, None] + (evidence.landmarks_px - CENTER[:, None]) * 0.05
    moved = placed(posed, replace(evidence, landmarks_px=tiny.astype(np.float32)))
    assert (moved.translation == posed.translation).all()
