# SPDX-License-Identifier: GPL-3.0-or-later
"""How well the posed body agrees with held-out motion capture: `python -m benchmarks.fit`.

Rendered people in recorded poses of subjects that were never trained on, seen as photos are:

    python -m model_server.learning.samples.generate --split test --shards 3
    python -m model_server.learning.samples.look_again --split test
    python -m model_server.learning.encoder.read --split test_seen_again

The baseline is the detector as it comes: its own 3D landmarks after one plain pass. Beside it stand
the 3D landmarks of the look that the descent is given. The measure is PA-MPJPE in millimetres over
12 limb joints. The exported graph is measured, not the training code.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.encoder.read import read_people
from model_server.learning.export_onnx import DEFAULT_OUT
from model_server.learning.samples.look_again import plain_world
from model_server.learning.training.batch import People
from model_server.learning.training.metrics import (
    COCO_LIMBS,
    LIMB_JOINTS,
    POSE_LIMBS,
    mpjpe,
    pa_mpjpe,
)
from model_server.session import Evidence, OnnxDescent

SIZES: Final = (1, 32)


def true_joints(people: People) -> Tensor:
    """Limb joints (N, 12, 3) in the camera frame, metres, relative to the root's head."""
    body = LandmarkModel(BodyModel())
    landmarks, _ = body(people.phenotypes, people.rotations)
    return landmarks[:, [body.names.index(f"coco:{joint}") for joint in LIMB_JOINTS]]


def evidence_of(people: People) -> Evidence:
    seen = vars(people.detection) | vars(people.reading)
    return Evidence(**{field.name: seen[field.name].numpy() for field in fields(Evidence)})


def fitted_joints(descent: OnnxDescent, people: People) -> Tensor:
    joints = descent.run(evidence_of(people[:])).keypoints_cam
    return torch.from_numpy(joints)[:, COCO_LIMBS]


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
