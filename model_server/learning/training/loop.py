# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the descent: `python -m model_server.learning.training.loop --samples
.cache/samples/train`.

Runs on a GPU when there is one, goes on from its checkpoint, and may be stopped at any time.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import logging
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model_server.landmark_names import COCO_JOINTS, POSE_LANDMARKS
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import body_with_skin
from model_server.learning.encoder.read import read_people
from model_server.learning.mocap.augment import PoseSampler
from model_server.learning.network.config import METHODS
from model_server.learning.network.descent import Descent, mean_state
from model_server.learning.network.state import Posed
from model_server.learning.tensors import joined
from model_server.learning.training.adversary import Adversary, price_of_fakes, price_of_mistakes
from model_server.learning.training.batch import (
    People,
    Truth,
    augmented,
    evidence_and_truth,
)
from model_server.learning.training.checkpoint import Judges, Run, load, save
from model_server.learning.training.config import TrainConfig, learning_rate, training_of
from model_server.learning.training.imagine import imagined
from model_server.learning.training.losses import trajectory_loss
from model_server.learning.training.metrics import LIMB_JOINTS, pa_mpjpe

log = logging.getLogger(__name__)
JUDGES_RATE = 1e-4
VALIDATION = 1500  # first people of the training set, never trained on


def train(
    people: People,
    held_out: People,
    config: TrainConfig,
    checkpoint: Path,
    minutes: float,
    poses: PoseSampler | None = None,
) -> Run:
    """Train until the steps or the minutes are used up; with poses, half of every batch is
    imagined.
    """
    run = start(people, config, checkpoint)
    generator = torch.Generator().manual_seed(config.seed + run.step)
    rng = np.random.default_rng(config.seed + run.step)
    began, losses = time.monotonic(), []
    while run.step < config.steps and time.monotonic() - began < 60 * minutes:
        rows = torch.randint(len(people), (config.batch,), generator=generator)
        batch = augmented(people[rows], generator)
        if poses is not None:
            donors = batch[: round(config.imagined * config.batch)]
            batch = joined([batch, imagined(donors, poses, run.network.body, rng)])
        losses.append(advance(run, batch, config))
        if run.step % 250 == 0:
            report(run, losses, held_out, began)
            losses.clear()
        if run.step % 500 == 0:
            save(run, config, checkpoint)
    save(run, config, checkpoint)
    return run


def start(people: People, config: TrainConfig, checkpoint: Path) -> Run:
    torch.manual_seed(config.seed)
    body = body_with_skin(BodyModel())
    network = Descent(config.network, body, mean_state(people.rotations)).to(device())
    network.half_precision = config.half_precision
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    run = Run(network, copy.deepcopy(network).requires_grad_(False), optimizer, 0)
    run.averaged.half_precision = False
    if config.adversary > 0:
        judges = Adversary().to(device())
        run.judges = Judges(judges, torch.optim.AdamW(judges.parameters(), lr=JUDGES_RATE))
    if checkpoint.exists():
        saved = load(checkpoint)
        run.network.load_state_dict(saved["network"])
        run.averaged.load_state_dict(saved["averaged"])
        run.optimizer.load_state_dict(saved["optimizer"])
        run.step = saved["step"]
        if run.judges is not None:
            run.judges.network.load_state_dict(saved["judges"])
            run.judges.optimizer.load_state_dict(saved["judges_optimizer"])
        log.info("going on from step %d", run.step)
    return run


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def advance(run: Run, people: People, config: TrainConfig) -> float:
    """One step on one batch; returns its loss."""
    for group in run.optimizer.param_groups:
        group["lr"] = learning_rate(run.step, config)
    evidence, sight, truth = evidence_and_truth(people.to(device()), run.network.body)
    stages, energies = run.network(evidence, sight)
    loss = trajectory_loss(stages, energies, truth, evidence, config.weights)
    if run.judges is not None:
        verdict = run.judges.network(stages[-1].rotations, stages[-1].phenotypes)
        loss = loss + config.adversary * price_of_fakes(verdict)
    run.optimizer.zero_grad()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(run.network.parameters(), config.clip)
    if torch.isfinite(norm):  # one degenerate person must not undo hours
        run.optimizer.step()
    if run.judges is not None:
        teach(run.judges, stages[-1], truth)
    run.step += 1
    decay = min(config.average, run.step / (run.step + 20))
    with torch.no_grad():
        for kept, new in zip(run.averaged.parameters(), run.network.parameters(), strict=True):
            kept.lerp_(new, 1 - decay)
    return loss.item()


def teach(judges: Judges, fake: Posed, real: Truth) -> None:
    """One step of the judges, on bodies of this batch."""
    price = price_of_mistakes(
        judges.network(real.rotations, real.phenotypes),
        judges.network(fake.rotations.detach(), fake.phenotypes.detach()),
    )
    judges.optimizer.zero_grad()
    price.backward()
    judges.optimizer.step()


def report(run: Run, losses: list[float], held_out: People, began: float) -> None:
    assert isinstance(run.averaged, Descent)
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
    evidence, sight, truth = evidence_and_truth(people, network.body)
    names = network.body.names
    rows = [names.index(f"coco:{joint}") for joint in LIMB_JOINTS]
    assert all(joint in COCO_JOINTS for joint in LIMB_JOINTS)
    seen = people.detection.world[:, [POSE_LANDMARKS.index(joint) for joint in LIMB_JOINTS]]
    true = truth.landmarks[:, rows]
    stages, _ = network(evidence, sight)
    return pa_mpjpe(seen, true), [pa_mpjpe(posed.landmarks[:, rows], true) for posed in stages]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/train"))
    parser.add_argument("--method", choices=sorted(METHODS), default="hund")
    parser.add_argument("--checkpoint", type=Path, help=".cache/runs/METHOD.pt where not given")
    parser.add_argument("--steps", type=int, default=TrainConfig.steps)
    parser.add_argument("--batch", type=int, default=TrainConfig.batch)
    parser.add_argument("--imagined", type=float, default=TrainConfig.imagined)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    people = read_people(arguments.samples)
    config = dataclasses.replace(
        training_of(arguments.method),
        steps=arguments.steps,
        batch=arguments.batch,
        imagined=arguments.imagined,
    )
    checkpoint = arguments.checkpoint or Path(f".cache/runs/{arguments.method}.pt")
    log.info("%d people, %d pictures read", len(people), int(people.reading.present.sum()))
    held_out, kept = people[:VALIDATION], people[VALIDATION:]
    train(kept, held_out, config, checkpoint, arguments.minutes, PoseSampler())


if __name__ == "__main__":
    main()
