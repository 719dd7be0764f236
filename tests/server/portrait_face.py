# SPDX-License-Identifier: GPL-3.0-or-later
"""The detector's points of a real face, and the same face with some of them moved."""

from dataclasses import replace

import numpy as np

from model_server.face import FaceDetector
from model_server.landmarks import FaceLandmarks, PoseDetector
from tests.server.pictures import portrait


def portrait_face() -> FaceLandmarks:
    """Grace Hopper's face."""
    with PoseDetector() as detector:
        (person,) = detector.detect(portrait())
    detector = FaceDetector()
    found = detector.detect(portrait(), person)
    detector.close()
    assert found is not None
    return found


def moved(
    face: FaceLandmarks, points: tuple[int, ...], by_px: tuple[float, float]
) -> FaceLandmarks:
    px = face.landmarks_px.copy()
    px[list(points)] += np.array(by_px, np.float32)
    return replace(face, landmarks_px=px)


def eyes_px(face: FaceLandmarks) -> float:
    """The distance between the outer corners of the eyes."""
    return float(np.linalg.norm(face.landmarks_px[33] - face.landmarks_px[263]))
