# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the descent: `python -m model_server.learning.training.loop --samples
.cache/samples/train`.

Runs on a GPU when there is one, goes on from its checkpoint, and may be stopped at any time.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model_server.landmark_names import COCO_JOINTS, POSE_LANDMARKS
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.mocap.augment import PoseSampler
from model_server.learning.network.descent import Descent, mean_state
from model_server.learning.runs import Run, descend, device, save, start
from model_server.learning.samples.store import read_shards
from model_server.learning.training.batch import People, augmented, evidence_and_truth, people_of
from model_server.learning.training.config import TrainConfig
from model_server.learning.training.imagine import concatenated, imagined
from model_server.learning.training.losses import trajectory_loss
from model_server.learning.training.metrics import LIMB_JOINTS, pa_mpjpe

log = logging.getLogger(__name__)
VALIDATION = 1500  # first people of the training set, never trained on


def train(
    people: People,
    held_out: People,
    config: TrainConfig,
    checkpoint: Path,
    minutes: float,
    poses: PoseSampler | None = None,
) -> Run[Descent]:
    """Train until the steps or the minutes are used up; with poses, half of every batch is
    imagined.
    """
    run = start(new_network(people, config), config, checkpoint)
    run.network.half_precision = config.half_precision
    generator = torch.Generator().manual_seed(config.seed + run.step)
    rng = np.random.default_rng(config.seed + run.step)
    began, losses = time.monotonic(), []
    while run.step < config.steps and time.monotonic() - began < 60 * minutes:
        rows = torch.randint(len(people), (config.batch,), generator=generator)
        batch = augmented(people[rows], generator)
        if poses is not None:
            donors = batch[: round(config.imagined * config.batch)]
            batch = concatenated(batch, imagined(donors, poses, run.network.body, rng))
        losses.append(advance(run, batch, config))
        if run.step % 250 == 0:
            report(run, losses, held_out, began)
            losses.clear()
        if run.step % 500 == 0:
            save(run, config, checkpoint)
    save(run, config, checkpoint)
    return run


def new_network(people: People, config: TrainConfig) -> Descent:
    torch.manual_seed(config.seed)
    return Descent(config.network, LandmarkModel(BodyModel()), mean_state(people.rotations))


def advance(run: Run[Descent], people: People, config: TrainConfig) -> float:
    """One step on one batch; returns its loss."""
    evidence, truth = evidence_and_truth(people.to(device()), run.network.body)
    loss = trajectory_loss(run.network(evidence), truth, evidence, config.weights)
    return descend(run, loss, config)


def report(run: Run[Descent], losses: list[float], held_out: People, began: float) -> None:
    detector, stages = limb_errors(run.averaged, held_out)
    errors = " ".join(f"{error.mean():.1f}" for error in stages)
    mean = sum(losses) / len(losses)
    seconds = time.monotonic() - began
    log.info(
        "step %d loss %.4f PA-MPJPE detector %.1f stages %s (%.0f s)",
        run.step,
        mean,
        detector.mean(),
        errors,
        seconds,
    )


@torch.no_grad()
def limb_errors(network: Descent, people: People) -> tuple[Tensor, list[Tensor]]:
    """PA-MPJPE (N,) in mm over 12 limb joints: of the detector's own 3D points, and of the body
    after every stage.
    """
    people = people.to(network.mean_state.device)
    evidence, truth = evidence_and_truth(people, network.body)
    names = network.body.names
    rows = [names.index(f"coco:{joint}") for joint in LIMB_JOINTS]
    assert all(joint in COCO_JOINTS for joint in LIMB_JOINTS)
    seen = people.detection.world[:, [POSE_LANDMARKS.index(joint) for joint in LIMB_JOINTS]]
    true = truth.landmarks[:, rows]
    stages = network(evidence)
    return pa_mpjpe(seen, true), [pa_mpjpe(posed.landmarks[:, rows], true) for posed in stages]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/train"))
    parser.add_argument("--checkpoint", type=Path, default=Path(".cache/runs/descent.pt"))
    parser.add_argument("--steps", type=int, default=TrainConfig.steps)
    parser.add_argument("--batch", type=int, default=TrainConfig.batch)
    parser.add_argument("--imagined", type=float, default=TrainConfig.imagined)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    people = people_of(read_shards(arguments.samples))
    config = dataclasses.replace(
        TrainConfig(), steps=arguments.steps, batch=arguments.batch, imagined=arguments.imagined
    )
    log.info("%d people", len(people))
    held_out, kept = people[:VALIDATION], people[VALIDATION:]
    train(kept, held_out, config, arguments.checkpoint, arguments.minutes, PoseSampler())


if __name__ == "__main__":
    main()
