# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the face network: `python -m model_server.learning.faces.train`.

Runs on a GPU when there is one, goes on from its checkpoint, and may be stopped at any time.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import time
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from model_server.learning.body.rotations import six_from_matrix
from model_server.learning.faces.anatomy import seen_points
from model_server.learning.faces.batch import (
    Faces,
    Sides,
    clear,
    evidence_of,
    imagined,
    mirrored,
    nudged,
    read_faces,
    sides_of,
    truth_of,
)
from model_server.learning.faces.config import FaceNetworkConfig, FaceTrainConfig
from model_server.learning.faces.expressions import random_expressions
from model_server.learning.faces.face_model import FaceModel
from model_server.learning.faces.losses import trajectory_loss
from model_server.learning.faces.network import FaceDescent, flat
from model_server.learning.faces.sculpt import load_sculpt
from model_server.learning.rendering.body_arrays import load_body_arrays
from model_server.learning.runs import Run, descend, load, save, start
from model_server.learning.tensors import joined

HELD_OUT: Final = 400  # first faces of the training set, never trained on
LINEAR_BATCHES: Final = 60
BELOW_REST: Final = 0.12
CLEAR: Final = 0.75  # share of the rendered faces that are trained on
EXPRESSIONS: Final = 8000  # to imagine
AT_REST: Final = 0.1  # an artist takes a face whose actions are below for a resting one
log = logging.getLogger(__name__)


def train(
    looks: list[Faces],
    held_out: Faces,
    expressions: Tensor,
    sides: Sides,
    config: FaceTrainConfig,
    checkpoint: Path,
    minutes: float,
    network: FaceDescent,
) -> Run[FaceDescent]:
    """Train until the steps or the minutes are used up; `looks` are the same faces with different
    readings of their pictures, `expressions` (E, A) are imagined.
    """
    run = start(network, config, checkpoint)
    run.network.half_precision = config.half_precision
    generator = torch.Generator().manual_seed(config.seed + run.step)
    began, losses = time.monotonic(), list[float]()
    while run.step < config.steps and time.monotonic() - began < 60 * minutes:
        faces = looks[run.step % len(looks)]
        batch = drawn(faces, expressions, sides, run.averaged.face, config.batch, generator)
        losses.append(advance(run, batch, config))
        if run.step % 200 == 0:
            mean = sum(losses) / len(losses)
            seconds = time.monotonic() - began
            log.info(
                "step %d loss %.4f %s (%.0f s)", run.step, mean, report(run, held_out), seconds
            )
            losses.clear()
            save(run, config, checkpoint)
    save(run, config, checkpoint)
    return run


def drawn(
    faces: Faces,
    expressions: Tensor,
    sides: Sides,
    model: FaceModel,
    count: int,
    generator: torch.Generator,
) -> Faces:
    """A batch: rendered faces as somebody else's, and as many with new expressions."""

    def some(population: int) -> Tensor:
        return torch.randint(population, (count,), generator=generator)

    rendered = faces[some(len(faces))]
    new = imagined(rendered, expressions[some(len(expressions))], model, generator)
    batch = joined([nudged(rendered, model, generator), new])
    return mirrored(batch, sides) if torch.rand((), generator=generator) < 0.5 else batch


@torch.no_grad()
def guess_linearly(
    network: FaceDescent, looks: list[Faces], expressions: Tensor, sides: Sides, seed: int
) -> None:
    """Solve the linear part of the first guess on as many batches as it takes."""
    generator = torch.Generator().manual_seed(seed)
    seen, states = list[Tensor](), list[Tensor]()
    for number in range(LINEAR_BATCHES):
        faces = looks[number % len(looks)]
        batch = drawn(faces, expressions, sides, network.face, 128, generator)
        evidence = evidence_of(batch)
        truth = truth_of(batch, evidence, network.face)
        # What rests is put below rest, so that doubt does not move a face.
        actions = torch.where(truth.actions > 0, truth.actions, -BELOW_REST)
        turn = six_from_matrix(truth.rotation)
        states.append(torch.cat([turn, actions, truth.place, truth.identity], 1))
        seen.append(flat(evidence))
    network.learn_linear(torch.cat(seen), torch.cat(states))


def advance(run: Run[FaceDescent], faces: Faces, config: FaceTrainConfig) -> float:
    """One step on one batch; returns its loss."""
    evidence = evidence_of(faces)
    truth = truth_of(faces, evidence, run.network.face)
    loss = trajectory_loss(run.network(evidence), truth, run.network.face, config.weights)
    return descend(run, loss, config)


@torch.no_grad()
def action_errors(network: FaceDescent, faces: Faces) -> list[Tensor]:
    """Mean absolute action error (N,) after every stage."""
    stages = network(evidence_of(faces))
    return [(posed.actions - faces.actions).abs().mean(1) for posed in stages]


@torch.no_grad()
def report(run: Run[FaceDescent], held_out: Faces) -> str:
    errors = " ".join(f"{error.mean():.4f}" for error in action_errors(run.averaged, held_out))
    resting = held_out[(held_out.actions == 0).all(1)]
    actions = run.averaged(evidence_of(resting))[-1].actions
    kept = (actions.amax(1) < AT_REST).float().mean()
    return f"action error {errors} at rest {kept:.2f}"


def load_network(path: Path) -> FaceDescent:
    """The averaged network of a checkpoint, ready to be evaluated."""
    saved = load(path)
    network = FaceDescent(FaceNetworkConfig(**saved["config"]["network"]))
    network.load_state_dict(saved["averaged"])
    return network.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/faces/train"))
    parser.add_argument("--checkpoint", type=Path, default=Path(".cache/runs/faces.pt"))
    parser.add_argument("--steps", type=int, default=FaceTrainConfig.steps)
    parser.add_argument("--batch", type=int, default=FaceTrainConfig.batch)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    config = dataclasses.replace(FaceTrainConfig(), steps=arguments.steps, batch=arguments.batch)
    body = load_body_arrays()
    anatomy = seen_points(body, load_sculpt(len(body.template_vertices)))
    looks = read_faces(arguments.samples, anatomy, body)
    read = int(looks[0].reading.present.sum())
    log.info("%d faces, %d pictures were read", len(looks[0]), read)
    names = [str(name) for name in body.facial_action_names]
    sides = sides_of(anatomy, names)
    torch.manual_seed(config.seed)
    network = FaceDescent(config.network)
    network.face.learn(looks[0].resting, anatomy)
    held_out = looks[0][slice(HELD_OUT)]
    expressions = torch.from_numpy(
        random_expressions(names, np.random.default_rng(config.seed), EXPRESSIONS)
    )
    kept = [clear(faces[slice(HELD_OUT, None)], network.face, CLEAR) for faces in looks]
    if not arguments.checkpoint.exists():
        guess_linearly(network, kept, expressions, sides, config.seed)
    minutes, checkpoint = arguments.minutes, arguments.checkpoint
    train(kept, held_out, expressions, sides, config, checkpoint, minutes, network)


if __name__ == "__main__":
    main()
