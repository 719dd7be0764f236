# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the descent of hands: `python -m model_server.learning.hands.train`.

Goes on from its checkpoint and may be stopped at any time; the last tenth of the training samples
is held out and reported on.
"""

from __future__ import annotations

import argparse
import logging
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from model_server.learning.body.rotations import six_from_matrix
from model_server.learning.hands.batch import Hands, augmented, evidence_of, read_hands, truth_of
from model_server.learning.hands.hand_model import HandModel
from model_server.learning.hands.losses import HandWeights, trajectory_loss
from model_server.learning.hands.network import HandConfig, HandDescent
from model_server.learning.hands.state import STATE, encode
from model_server.learning.runs import Run, descend, load, save, start
from model_server.learning.training.metrics import pa_mpjpe

HELD_OUT: Final = 0.1
ADULT_PALM_MM: Final = 90.9
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HandTraining:
    steps: int = 3000
    batch: int = 128  # rendered hands a step
    imagined: float = 1.0  # imagined hands for each of them
    learning_rate: float = 1.5e-3
    warm_up: int = 200
    weight_decay: float = 0.02
    average: float = 0.998  # decay of the running mean of the weights, which is what is kept
    clip: float = 1.0
    seed: int = 0
    network: HandConfig = field(default_factory=HandConfig)
    weights: HandWeights = field(default_factory=HandWeights)


def train(
    looks: list[Hands], held_out: Hands, config: HandTraining, checkpoint: Path, minutes: float
) -> Run[HandDescent]:
    """Train until the steps or the minutes are used up; `looks` are the same hands with different
    readings of their pictures.
    """
    run = start(new_network(looks[0], config), config, checkpoint)
    generator = torch.Generator().manual_seed(config.seed + run.step)
    began, losses = time.monotonic(), list[float]()
    while run.step < config.steps and time.monotonic() - began < 60 * minutes:
        hands = looks[run.step % len(looks)]
        rows = torch.randint(len(hands), (config.batch,), generator=generator)
        batch = augmented(hands[rows], config.imagined, run.network.model, generator)
        losses.append(advance(run, batch, config))
        if run.step % 250 == 0:
            errors = " ".join(f"{error:.2f}" for error in errors_mm(run.averaged, held_out))
            mean = sum(losses) / len(losses)
            seconds = time.monotonic() - began
            log.info(
                "step %d loss %.4f PA mm by stage %s (%.0f s)", run.step, mean, errors, seconds
            )
            losses.clear()
            save(run, config, checkpoint)
    save(run, config, checkpoint)
    return run


def new_network(hands: Hands, config: HandTraining) -> HandDescent:
    torch.manual_seed(config.seed)
    model = HandModel()
    return HandDescent(config.network, model, mean_state(hands, model))


def mean_state(hands: Hands, model: HandModel) -> Tensor:
    """State (STATE,) of the mean angles of hands, upright, in the middle of view."""
    upright = torch.eye(3)[None]
    state = encode(hands.angles.mean(0, keepdim=True), upright, model)[0]
    state[:6] = six_from_matrix(upright)[0] * 0.1  # any way is as near as any other
    assert state.shape == (STATE,)
    return state


def advance(run: Run[HandDescent], hands: Hands, config: HandTraining) -> float:
    """One step on one batch; returns its loss."""
    evidence = evidence_of(hands)
    truth = truth_of(hands, evidence, run.network.model)
    loss = trajectory_loss(run.network(evidence), truth, evidence, config.weights)
    return descend(run, loss, config)


@torch.no_grad()
def errors_mm(network: HandDescent, hands: Hands) -> list[float]:
    """Mean Procrustes-aligned joint error of every stage, on hands of adult size."""
    evidence = evidence_of(hands)
    truth = truth_of(hands, evidence, network.model)
    return [
        float(pa_mpjpe(hand.joints, truth.joints).mean()) * ADULT_PALM_MM / 1000
        for hand in network(evidence)
    ]


def load_network(path: Path) -> HandDescent:
    """The averaged network of a checkpoint, ready to be evaluated."""
    saved = load(path)
    config = HandConfig(**saved["config"]["network"])
    network = HandDescent(config, HandModel(), torch.zeros(STATE))
    network.load_state_dict(saved["averaged"])
    return network.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/hands/train"))
    parser.add_argument("--checkpoint", type=Path, default=Path(".cache/runs/hands.pt"))
    parser.add_argument("--steps", type=int, default=HandTraining.steps)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    looks = read_hands(arguments.samples)
    count = len(looks[0])
    kept = round((1 - HELD_OUT) * count)
    read = int(looks[0].reading.present.sum())
    log.info("%d hands, %d pictures were read", count, read)
    config = replace(HandTraining(), steps=arguments.steps)
    taught, held_out = [hands[:kept] for hands in looks], looks[0][kept:]
    train(taught, held_out, config, arguments.checkpoint, arguments.minutes)


if __name__ == "__main__":
    main()
