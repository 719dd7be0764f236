# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what the exported descent is usually off by: `python -m
model_server.learning.training.doubt --first K` writes `assets/doubt.json`.

Bodies are fitted to outlines as far as this doubt goes (`outlining.py`). It is the covariance of
the steps from answers to truths, of people whose pictures neither the encoder nor the descent was
taught on. A few answers are wrong altogether, so it is that of a t-distribution, which they do not
widen much (expectation maximisation).
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from model_server.body_state import BodyState, state_of, step_between
from model_server.learning.encoder.read import read_shard_people
from model_server.learning.export_onnx import DEFAULT_OUT
from model_server.learning.samples.store import shard_paths
from model_server.learning.tensors import joined
from model_server.learning.training.batch import People
from model_server.learning.training.exported import evidence_of
from model_server.misleading import posed_without_being_misled
from model_server.outlining import columns_of
from model_server.placing import placed
from model_server.reaching import Goal
from model_server.session import DescentSession, OnnxDescent

log = logging.getLogger(__name__)
Array = npt.NDArray[np.float64]

FREEDOM: Final = 5  # degrees of it, of the t-distribution
ROUNDS: Final = 30
LEAST: Final = 1e-5  # variance, radians and parts


def steps_to_truth(descent: DescentSession, people: People) -> Array:
    """Steps (N, D) from what the descent says of people to what is true."""
    evidence = evidence_of(people[:])
    posed = placed(posed_without_being_misled(descent, evidence), evidence)
    away = evidence.landmarks_px - evidence.center_px[:, None]
    tangents = (away / evidence.focal_px[:, None, None]).astype(np.float64)
    trust = np.square(evidence.visibility.astype(np.float64))
    return np.stack(
        [
            step_between(
                state_of(posed, row), truth_of(people, row), Goal(tangents[row], trust[row]).size
            )
            for row in range(len(people))
        ]
    )


def truth_of(people: People, row: int) -> BodyState:
    """The true state of somebody; the first of their rotations is the root's."""
    root, *turns = people.rotations[row].double().numpy()
    place, phenotypes = people.translation[row], people.phenotypes[row]
    return BodyState(root, place.double().numpy(), phenotypes.double().numpy(), np.stack(turns))


def covariance_of(steps: Array) -> Array:
    """(D, D) of steps (N, D) about none."""
    size = steps.shape[1]
    covariance = np.cov(steps.T) + LEAST * np.eye(size)
    for _ in range(ROUNDS):
        far = np.einsum("ni,ij,nj->n", steps, np.linalg.inv(covariance), steps)
        weights = (FREEDOM + size) / (FREEDOM + far)
        covariance = (weights[:, None] * steps).T @ steps / len(steps) + LEAST * np.eye(size)
    return covariance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/train"))
    parser.add_argument("--first", type=int, default=0, help="the first of its shards")
    parser.add_argument("--graph", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT.with_name("doubt.json"))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    paths = [path for path in shard_paths(arguments.samples) if int(path.stem) >= arguments.first]
    people = joined([read_shard_people(path) for path in paths])
    descent = OnnxDescent(arguments.graph)
    covariance = covariance_of(steps_to_truth(descent, people))
    told = {
        "columns": columns_of(descent.config),
        "covariance": [[float(f"{value:.6g}") for value in row] for row in covariance],
    }
    arguments.out.write_text(json.dumps(told), encoding="utf-8")
    log.info("%s: the doubt of %d people", arguments.out, len(people))


if __name__ == "__main__":
    main()
