# SPDX-License-Identifier: GPL-3.0-or-later
"""Learn which places on the face the detector means: `python -m
model_server.learning.faces.learn_points`.

Every point begins where it mostly lies on rendered faces that look ahead, and then becomes the
weighted sum of vertices around that reprojects best onto the detections, expressions included; so
the two lips come apart where mouths are open. Left and right are made alike.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Final

import numpy as np

from model_server.learning.faces.anatomy import (
    Anatomy,
    anatomy_of,
    coefficients_of,
    seen_points,
    write_points,
)
from model_server.learning.faces.points import IRISES, POINTS
from model_server.learning.faces.sculpt import load_sculpt
from model_server.learning.faces.store import FaceSamples, read_shards
from model_server.learning.rendering.body_arrays import BodyArrays, load_body_arrays

FACES: Final = 800
AHEAD: Final = np.cos(np.radians(25))  # first places come from faces turned less than this
_EYES: Final = (14598, 14741)  # eyeballs of hm08, ends included
_TONGUE: Final = (13380, 13605)
_REACH_M: Final = 0.013  # around the first place
_CANDIDATES: Final = 24
_KEPT: Final = 6  # vertices that make up a point
_RIDGE: Final = 0.05
_OUTLIER: Final = 0.01  # residuals beyond, in metres, count less
log = logging.getLogger(__name__)


def learn(samples: FaceSamples, body: BodyArrays) -> float:
    """Write the points; returns their median distance from the detections in metres."""
    sculpt = load_sculpt(len(body.template_vertices))
    vertices = face_vertices(body)
    face = anatomy_of(body, sculpt, vertices)
    neutral = face.neutral(coefficients_of(body, samples.phenotypes), samples.sculpt)
    cam = in_camera(samples, neutral + face.expression(samples.actions))
    tangents = seen_tangents(samples)
    first = first_places(samples, face, cam, tangents, on_eyeball(vertices))
    mirror_vertex, mirror_point = mirrors(face.template), mirrors(first)
    weights = np.zeros((len(POINTS), len(vertices)))
    for row, point in enumerate(POINTS):
        allowed = on_eyeball(vertices) == (point in IRISES)
        gap = np.linalg.norm(face.template - first[row], axis=1) + np.where(allowed, 0, 1)
        near = np.argsort(gap)[:_CANDIDATES]
        near = near[gap[near] < max(_REACH_M, gap[near[_KEPT]])]
        weights[row, near] = fitted(cam[:, near], tangents[:, row])
    weights = (weights + weights[mirror_point][:, mirror_vertex]) / 2
    order = np.argsort(-np.abs(weights), axis=1)[:, : 2 * _KEPT]
    kept = np.take_along_axis(weights, order, 1)
    kept /= kept.sum(1, keepdims=True)
    write_points(vertices[order].tolist(), kept.tolist())
    return float(np.median(distances(samples, seen_points(body, sculpt), body)))


def face_vertices(body: BodyArrays) -> np.ndarray:
    """Indices of the front of the head, without the tongue."""
    used = np.unique(body.faces)
    place = body.template_vertices[used]
    tongue = (used >= _TONGUE[0]) & (used <= _TONGUE[1])
    return used[(place[:, 2] > 0.58) & (place[:, 1] < -0.03) & ~tongue]


def on_eyeball(vertices: np.ndarray) -> np.ndarray:
    return (vertices >= _EYES[0]) & (vertices <= _EYES[1])


def in_camera(samples: FaceSamples, points: np.ndarray) -> np.ndarray:
    """Points (N, P, 3) of the head's rest axes, in the camera."""
    return points @ samples.rotation.swapaxes(1, 2) + samples.translation[:, None]


def seen_tangents(samples: FaceSamples) -> np.ndarray:
    """Detected `POINTS` (N, P, 2) as tangents of the camera."""
    px = samples.landmarks_px[:, list(POINTS)] - samples.center_px[:, None]
    return px / samples.focal_px[:, None, None]


def first_places(
    samples: FaceSamples, face: Anatomy, cam: np.ndarray, tangents: np.ndarray, eye: np.ndarray
) -> np.ndarray:
    """Where on the template (P, 3) the points lie mostly: what is nearest in the picture and in
    front, of faces that look ahead.
    """
    ahead = np.flatnonzero(samples.rotation[:, 2, 1] > AHEAD)[:400]
    places = np.zeros((len(ahead), len(POINTS), 3))
    iris = np.array([point in IRISES for point in POINTS])
    for row, sample in enumerate(ahead):
        seen = cam[sample, :, :2] / cam[sample, :, 2:]
        deep = cam[sample, :, 2] - cam[sample, :, 2].min()
        gap = (
            np.linalg.norm(tangents[sample][:, None] - seen, axis=2)
            * samples.translation[sample, 2]
        )
        gap = gap + np.where(deep > 0.11, 1.0, 0.02 * deep) + (iris[:, None] != eye)
        nearest = np.argsort(gap, axis=1)[:, :3]
        places[row] = face.template[nearest].mean(1)
    return np.median(places, axis=0)


def mirrors(places: np.ndarray) -> np.ndarray:
    """For every place (P, 3), the index of the one on the other side."""
    flipped = places * np.array([-1.0, 1, 1])
    return np.array([np.argmin(np.linalg.norm(places - place, axis=1)) for place in flipped])


def fitted(cam: np.ndarray, tangents: np.ndarray) -> np.ndarray:
    """Weights (C,) of vertices (N, C, 3) whose sum projects onto tangents (N, 2), robustly.

    `sum w (x - u z) = 0` is linear in the weights, which sum to 1 and stay near equal.
    """
    rows = cam[..., :2] - tangents[:, None] * cam[..., 2:]  # (N, C, 2)
    rows = rows.transpose(0, 2, 1)
    count = rows.shape[2]
    weights = np.full(count, 1 / count)
    scale = np.abs(rows).mean() ** 2 * rows.shape[0]
    for _ in range(8):
        residual = np.linalg.norm(rows @ weights, axis=1)
        trust = 1 / np.maximum(residual / _OUTLIER, 1.0)
        gram = np.einsum("n,nic,nid->cd", trust, rows, rows, optimize=True)
        ridge = _RIDGE * scale
        system = gram + ridge * np.eye(count) + 1e3 * scale
        weights = np.linalg.solve(system, np.full(count, ridge / count + 1e3 * scale))
    return weights / weights.sum()


def distances(samples: FaceSamples, points: Anatomy, body: BodyArrays) -> np.ndarray:
    """Metres (N, P) between learned points and detections, across the line of sight."""
    neutral = points.neutral(coefficients_of(body, samples.phenotypes), samples.sculpt)
    cam = in_camera(samples, neutral + points.expression(samples.actions))
    gap = cam[..., :2] / cam[..., 2:] - seen_tangents(samples)
    return np.linalg.norm(gap, axis=2) * cam[..., 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/faces/train"))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    samples = read_shards(arguments.samples)[slice(FACES)]
    error = learn(samples, load_body_arrays())
    log.info("points learned from %d faces, %.1f mm away", len(samples), 1000 * error)


if __name__ == "__main__":
    main()
