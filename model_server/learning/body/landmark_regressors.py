# SPDX-License-Identifier: GPL-3.0-or-later
"""Which points of the body the landmarks are: weighted sums of vertices.

Every landmark is an anchor of the body (a published COCO regressor of Anny or a bone's head) plus
an offset in the reference pose. The offsets of the detector's 33 landmarks were learned from what
the detector says of rendered people (`python -m model_server.learning.body.learn_landmarks`) and
lie beside this file. A point is then carried by the vertices around it: non-negative weights that
reproduce it over many body shapes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import anny
import numpy as np
import numpy.typing as npt
import torch
from anny.keypoints import KeypointsRegressor
from scipy.optimize import nnls

from model_server.landmark_names import COCO_JOINTS, POSE_LANDMARKS

Array = npt.NDArray[Any]

LEARNED_OFFSETS: Final = Path(__file__).with_name("landmark_offsets.json")
SUPPORT: Final = 24  # vertices that may carry a landmark
CANDIDATES: Final = 160
SHAPES: Final = 24
ADULT_STATURE_M: Final = 1.72

# Left-side anchor and first offset (metres, body frame) of the landmarks COCO does not name.
_FIRST_GUESS: Final[dict[str, tuple[str, tuple[float, float, float]]]] = {
    "left_eye_inner": ("left_eye", (-0.014, -0.005, 0.0)),
    "left_eye_outer": ("left_eye", (0.016, 0.008, 0.0)),
    "mouth_left": ("nose", (0.024, 0.016, -0.045)),
    "left_pinky": ("finger5-1.L", (0.0, 0.0, 0.0)),
    "left_index": ("finger2-1.L", (0.0, 0.0, 0.0)),
    "left_thumb": ("finger1-2.L", (0.0, 0.0, 0.0)),
    "left_heel": ("left_heel", (0.0, 0.0, 0.0)),
    "left_foot_index": ("left_big_toe", (0.01, 0.0, 0.0)),
}


def landmark_names() -> tuple[str, ...]:
    """The detector's 33 landmarks, then the 17 COCO joints as `coco:NAME`."""
    return POSE_LANDMARKS + tuple(f"coco:{name}" for name in COCO_JOINTS)


def landmark_regressors(model: anny.Anny) -> tuple[tuple[str, ...], Array, Array]:
    """Names (L,), carrying vertices (L, SUPPORT) and their weights (L, SUPPORT), rows summing to
    1.
    """
    vertices, heads, coco = _sample_shapes(model)
    stature = np.ptp(vertices[:, :, 2], axis=1)
    bones = {name: heads[:, i] for i, name in enumerate(model.bone_labels)}
    carriers = np.zeros((len(landmark_names()), SUPPORT), np.int64)
    weights = np.zeros(carriers.shape)
    for row, name in enumerate(landmark_names()):
        anchor, _ = _anchor(name)
        offset = np.asarray(offset_in_use(name))
        target = (bones | coco)[anchor] + offset * (stature / ADULT_STATURE_M)[:, None]
        carriers[row], weights[row] = carry(vertices, target)
    return landmark_names(), carriers, weights


def offset_in_use(name: str) -> tuple[float, float, float]:
    """The offset in use: the learned one where there is one, in metres from the anchor, body
    frame.
    """
    learned = json.loads(LEARNED_OFFSETS.read_text()) if LEARNED_OFFSETS.exists() else {}
    return tuple(learned.get(name, _anchor(name)[1]))


def _anchor(name: str) -> tuple[str, tuple[float, float, float]]:
    plain = name.removeprefix("coco:")
    if plain in _FIRST_GUESS:
        return _FIRST_GUESS[plain]
    mirrored = plain.replace("right", "left")
    if mirrored not in _FIRST_GUESS:
        return plain, (0.0, 0.0, 0.0)
    anchor, (x, y, z) = _FIRST_GUESS[mirrored]
    return anchor.replace("left", "right").replace(".L", ".R"), (-x, y, z)


def _sample_shapes(model: anny.Anny) -> tuple[Array, Array, dict[str, Array]]:
    """Reference-pose vertices (S, V, 3), bone heads (S, B, 3) and COCO points {name: (S, 3)} of
    random shapes.
    """
    rng = torch.Generator().manual_seed(0)
    shapes = torch.rand(SHAPES, len(model.phenotype_labels), generator=rng, dtype=model.dtype)
    shapes[:, model.phenotype_labels.index("age")] *= 0.7
    shapes[:, model.phenotype_labels.index("age")] += 0.3
    with torch.no_grad():
        output = model(None, phenotype_kwargs=shapes)
        regressor = KeypointsRegressor.coco(model)
        points = regressor(output).numpy()
    coco = {name: points[:, i] for i, name in enumerate(regressor.labels)}
    return output["vertices"].numpy(), output["bone_poses"][:, :, :3, 3].numpy(), coco


def carry(vertices: Array, target: Array) -> tuple[Array, Array]:
    """Vertices and weights whose weighted sum follows a point.

    vertices (S, V, 3) and target (S, 3): the same bodies in several shapes, metres.
    Returns indices (SUPPORT,) and non-negative weights (SUPPORT,) with sum 1.
    """
    distance = np.linalg.norm(vertices - target[:, None], axis=2).mean(0)
    near = np.argsort(distance)[:CANDIDATES]
    # Rows of ones at body size tie the sum to 1; the ridge in distance prefers near vertices.
    system = vertices[:, near].transpose(0, 2, 1).reshape(-1, CANDIDATES)
    ridge = np.diag(0.02 * distance[near])
    full = np.concatenate([system, 10 * np.ones((1, CANDIDATES)), ridge])
    wanted = np.concatenate([target.ravel(), [10.0], np.zeros(CANDIDATES)])
    solution, _ = nnls(full, wanted)
    keep = np.argsort(-solution)[:SUPPORT]
    kept, _ = nnls(full[: len(system) + 1][:, keep], wanted[: len(system) + 1])
    return near[keep], kept / kept.sum()
