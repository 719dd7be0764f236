# SPDX-License-Identifier: GPL-3.0-or-later
"""How well the posed body agrees with held-out motion capture: `python -m benchmarks.fit`.

Rendered people in recorded poses of subjects that were never trained on, seen as photos are:

    python -m model_server.learning.samples.generate --split test --shards 3
    python -m model_server.learning.samples.look_again --split test
    python -m model_server.learning.encoder.read --split test_seen_again

The baseline is the detector as it comes: its own 3D landmarks after one plain pass. Beside it stand
the 3D landmarks of the look that the descent is given. The measure is PA-MPJPE in millimetres over
12 limb joints. The exported graph is measured, not the training code: "body" is what it answers,
"outlined" what becomes of that once bodies fill the outlines of the people.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from model_server.bones import BodyBones
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.encoder.read import read_people
from model_server.learning.export_onnx import DEFAULT_OUT
from model_server.learning.samples.look_again import plain_world
from model_server.learning.training.batch import People
from model_server.learning.training.exported import contours_of, evidence_of
from model_server.learning.training.metrics import (
    COCO_LIMBS,
    LIMB_JOINTS,
    POSE_LIMBS,
    mpjpe,
    pa_mpjpe,
)
from model_server.misleading import posed_without_being_misled
from model_server.outlining import Outliner, load_doubt
from model_server.physique import Physique
from model_server.placing import placed
from model_server.session import OnnxDescent, Posed

SIZES: Final = (1, 32)


def true_joints(people: People) -> Tensor:
    """Limb joints (N, 12, 3) in the camera frame, metres, relative to the root's head."""
    body = LandmarkModel(BodyModel())
    landmarks, _ = body(people.phenotypes, people.rotations)
    return landmarks[:, [body.names.index(f"coco:{joint}") for joint in LIMB_JOINTS]]


def fitted_joints(descent: OnnxDescent, people: People) -> Tensor:
    return limbs_of(descent.run(evidence_of(people[:])))


def limbs_of(posed: Posed) -> Tensor:
    return torch.from_numpy(posed.keypoints_cam)[:, COCO_LIMBS]


def outlined_joints(descent: OnnxDescent, people: People, samples: Path, graph: Path) -> Tensor:
    """Limb joints once bodies fill the masks of the people, as they do at run time."""
    asset = graph.with_name(f"{descent.config.rig}.npz")
    doubt = load_doubt(graph.with_name("doubt.json"), descent.config)
    outliner = Outliner(descent.config, Physique(asset, BodyBones(asset)), doubt)
    evidence = evidence_of(people[:])
    posed = placed(posed_without_being_misled(descent, evidence), evidence)
    everybody = range(len(people))
    return limbs_of(outliner.outlined(posed, evidence, contours_of(samples), everybody))


def milliseconds(descent: OnnxDescent, people: People, size: int) -> float:
    """Median time of one call for `size` people."""
    evidence, times = evidence_of(people[:size]), []
    for _ in range(20):
        began = time.perf_counter()
        descent.run(evidence)
        times.append(time.perf_counter() - began)
    return 1000 * float(np.median(times))


def measure(samples: Path, graph: Path) -> dict[str, float]:
    people = read_people(samples)
    descent = OnnxDescent(graph)
    true, fitted = true_joints(people), fitted_joints(descent, people)
    detector = pa_mpjpe(torch.from_numpy(plain_world(samples))[:, POSE_LIMBS], true)
    looks = pa_mpjpe(people.detection.world[:, POSE_LIMBS], true)
    body = pa_mpjpe(fitted, true)
    outlined_people = outlined_joints(descent, people, samples, graph)
    outlined = pa_mpjpe(outlined_people, true)
    return {
        "people": len(people),
        "detector_pa_mpjpe_mm": detector.mean().item(),
        "looks_pa_mpjpe_mm": looks.mean().item(),
        "body_pa_mpjpe_mm": body.mean().item(),
        "detector_pa_median_mm": detector.median().item(),
        "looks_pa_median_mm": looks.median().item(),
        "body_pa_median_mm": body.median().item(),
        "body_mpjpe_mm": mpjpe(fitted, true).mean().item(),
        "ratio": (body.mean() / detector.mean()).item(),
        "outlined_pa_mpjpe_mm": outlined.mean().item(),
        "outlined_pa_median_mm": outlined.median().item(),
        "outlined_mpjpe_mm": mpjpe(outlined_people, true).mean().item(),
        "outlined_ratio": (outlined.mean() / detector.mean()).item(),
        **{f"ms_for_{size}": milliseconds(descent, people, size) for size in SIZES},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/test_seen_again"))
    parser.add_argument("--graph", type=Path, default=DEFAULT_OUT)
    arguments = parser.parse_args()
    json.dump(measure(arguments.samples, arguments.graph), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
