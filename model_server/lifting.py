# SPDX-License-Identifier: GPL-3.0-or-later
"""Flat looks to looks in space: a first body says how far away each landmark is."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from model_server.arrays import FloatArray
from model_server.camera import Camera
from model_server.decode import evidence_of
from model_server.landmark_names import HIPS
from model_server.landmarks import PersonLandmarks
from model_server.session import DescentSession


def with_depth(
    descent: DescentSession, people: Sequence[PersonLandmarks], camera: Camera
) -> list[PersonLandmarks]:
    """People, of whom those who were seen flat have the depth of a first body."""
    flat = [person for person in people if person.pose.is_flat]
    if not flat:
        return list(people)
    bodies = iter(descent.run(evidence_of(flat, camera)).landmarks_cam)
    return [lifted(p, next(bodies), camera) if p.pose.is_flat else p for p in people]


def lifted(person: PersonLandmarks, landmarks_cam: FloatArray, camera: Camera) -> PersonLandmarks:
    """Somebody with the depth of a body whose landmarks (33, 3) are in the camera frame, metres."""
    middle = landmarks_cam[HIPS].mean(0)
    world = landmarks_cam - middle
    px_per_metre = np.float32(camera.focal_px / max(float(middle[2]), 1e-3))
    look = replace(person.pose, world_m=world, depth=world[:, 2] * px_per_metre)
    return replace(person, hypotheses=(look,))
