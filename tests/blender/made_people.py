# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the server made by posing the body here: what is in them is known exactly."""

import base64
import math
from typing import Any

import numpy as np

from hund_blender.body import Body
from hund_blender.rotations import matrices_from_quaternions

COCO = "coco:"


def quaternion(axis: tuple[float, float, float], angle_rad: float) -> list[float]:
    unit = np.array(axis) / np.linalg.norm(axis)
    return [math.cos(angle_rad / 2), *(math.sin(angle_rad / 2) * unit)]


def person(
    body: Body, seed: int = 0, x_m: float = 0.0, width: int = 640, height: int = 480
) -> dict[str, Any]:
    """Someone in a random pose who faces the camera from four metres away."""
    rng = np.random.default_rng(seed)
    parameters = {
        "rig": "anny",
        # Body z up, y back to camera y down, z forward: a quarter turn about x, and a lean.
        "root": _product(
            quaternion((1, 0, 0), math.pi / 2), quaternion((0.2, 1, 0.3), rng.normal(0, 0.2))
        ),
        "translation": [x_m, 0.1, 4.0],
        "rotations": {
            name: quaternion(rng.normal(size=3), rng.normal(0, 0.25))
            for name in body.bone_names[1:]
        },
        "phenotypes": dict(zip(body.phenotype_names, rng.random(6).tolist(), strict=True)),
        "facial_actions": {"jawOpen": 0.6, "mouthSmileLeft": 0.3},
    }
    return {
        "box": [100, 50, 200, 400],
        "confidence": 0.9,
        "keypoints": _keypoints(
            body, parameters, focal_px=1.2 * max(width, height), center=(width / 2, height / 2)
        ),
        "hypotheses": 2,
        "landmarks": {
            "pose": _landmarks(body, parameters, 1.2 * max(width, height), (width / 2, height / 2)),
            "left_hand": None,
            "right_hand": None,
            "face": {"px": [[1.0, 2.0]] * 478},
        },
        "joint_confidence": dict.fromkeys(parameters["rotations"], 1.0),
        "parameters": parameters,
    }


def pictured(person: dict[str, Any], pixels: np.ndarray) -> dict[str, Any]:
    """The same person with a thumbnail (S, S, 4) of bytes."""
    rgba = base64.b64encode(pixels.tobytes()).decode()
    return person | {"thumbnail": {"side": len(pixels), "rgba": rgba}}


def answer(people: list[dict[str, Any]], width: int = 640, height: int = 480) -> dict[str, Any]:
    image = {
        "width": width,
        "height": height,
        "focal_px": 1.2 * max(width, height),
        "focal_source": "default",
    }
    return {
        "version": "0.1.0",
        "id": "0123abcd",
        "image": image | {"center_px": [width / 2, height / 2]},
        "people": people,
        "timings_ms": {},
    }


def vertices_cam(body: Body, parameters: dict[str, Any]) -> np.ndarray:
    """Posed vertices in the camera frame, written out as docs/conventions.md has it."""
    rest = body.rest(parameters["phenotypes"], parameters["facial_actions"])
    posed = body.pose(rest, parameters["rotations"])
    turn = matrices_from_quaternions(np.array(parameters["root"]))
    return (posed.vertices - rest.heads[0]) @ turn.T + np.array(parameters["translation"])


def project(points_cam: np.ndarray, focal_px: float, center: tuple[float, float]) -> np.ndarray:
    return focal_px * points_cam[:, :2] / points_cam[:, 2:] + np.array(center)


def _keypoints(
    body: Body, parameters: dict[str, Any], focal_px: float, center: tuple[float, float]
) -> dict[str, Any]:
    points_cam = body.landmarks(vertices_cam(body, parameters))
    points_px = project(points_cam, focal_px, center)
    return {
        name.removeprefix(COCO): {"px": px.tolist(), "cam": cam.tolist(), "confidence": 0.9}
        for name, px, cam in zip(body.landmark_names, points_px, points_cam, strict=True)
        if name.startswith(COCO)
    }


def _landmarks(
    body: Body, parameters: dict[str, Any], focal_px: float, center: tuple[float, float]
) -> dict[str, Any]:
    """The detector's 33, seen where they are."""
    points_cam = body.landmarks(vertices_cam(body, parameters))
    points_px = project(points_cam, focal_px, center).tolist()
    seen = dict(zip(body.landmark_names, points_px, strict=True))
    names = [name for name in body.landmark_names if not name.startswith(COCO)]
    return {
        "names": names,
        "px": [seen[name] for name in names],
        "visibility": [0.9] * len(names),
        "world": [[0.0, 0.0, 0.0]] * len(names),
    }


def _product(a: list[float], b: list[float]) -> list[float]:
    w1, x1, y1, z1 = a
    w2, x2, y2, z2 = b
    return [
        w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
        w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
        w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
        w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
    ]
