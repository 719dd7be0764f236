# SPDX-License-Identifier: GPL-3.0-or-later
"""Train a prior: `python -m model_server.learning.priors.train body`, or `hand`, or `dynamics`.

Flows are trained by maximum likelihood. A run goes on from its checkpoint, may be stopped at any
time, and writes its flow when its steps are done. The dynamics need the trained body flow.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from model_server.learning.mocap.library import Library
from model_server.learning.mocap.so3 import Array
from model_server.learning.priors.body_poses import (
    BODY_BONES,
    BodyPoses,
    moving_frames,
    recorded,
    sound_runs,
    validation_poses,
)
from model_server.learning.priors.dynamics import BODY_DYNAMICS, Moments, fit, save_dynamics
from model_server.learning.priors.hand_poses import HAND_BONES, HandSampler
from model_server.learning.priors.pose_flow import (
    BODY_FLOW,
    HAND_FLOW,
    PoseFlow,
    load_flow,
    save_flow,
)
from model_server.learning.priors.pose_space import widened
from model_server.learning.runs import Run, descend, device, save, start

RUNS: Final = Path(".cache/runs")
REPORT_EVERY: Final = 200
STRIDES: Final = (1, 2, 3)  # of frames, so that the dynamics are right at several rates

Draw = Callable[[np.random.Generator, int], Array]  # (n, J, 3, 3) rotations
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PriorConfig:
    """How a flow is built and trained; saved in the checkpoint and with the flow."""

    noise: float  # radians that every rotation is widened by (see `pose_space`)
    couplings: int = 8
    hidden: int = 128
    steps: int = 1200
    batch: int = 256
    pool: int = 40_000  # poses drawn at the start; each is seen with new noise every time
    learning_rate: float = 2e-3
    warm_up: int = 50
    weight_decay: float = 1e-3
    average: float = 0.99  # decay of the running mean of the weights, which is what is kept
    clip: float = 50.0
    seed: int = 0


BODY: Final = PriorConfig(noise=0.02)
HAND: Final = PriorConfig(noise=0.02, hidden=96)


def new_flow(bones: tuple[str, ...], config: PriorConfig, pool: Tensor) -> PoseFlow:
    """A flow that starts from the mean and spread of the pool."""
    torch.manual_seed(config.seed)
    flow = PoseFlow(bones, config.couplings, config.hidden, noise=config.noise, seed=config.seed)
    flow.fit_start(widened(pool, config.noise, torch.Generator().manual_seed(config.seed)))
    return flow


def train(
    bones: tuple[str, ...],
    draw: Draw,
    held_out: Tensor,
    config: PriorConfig,
    checkpoint: Path,
    minutes: float = 10.0,
) -> Run[PoseFlow]:
    """Train until the steps or the minutes are used up; held_out (N, J, 3, 3) is only reported."""
    pool = torch.from_numpy(draw(np.random.default_rng(config.seed), config.pool))
    run = start(new_flow(bones, config, pool), config, checkpoint)
    generator = torch.Generator().manual_seed(config.seed + run.step)
    began = time.monotonic()
    while run.step < config.steps and time.monotonic() - began < 60 * minutes:
        rows = torch.randint(len(pool), (config.batch,), generator=generator)
        poses = widened(pool[rows], config.noise, generator).to(device())
        descend(run, -run.network.log_prob(poses).mean(), config)
        if run.step % REPORT_EVERY == 0 or run.step == config.steps:
            report(run, held_out)
            save(run, config, checkpoint)
    return run


@torch.no_grad()
def report(run: Run[PoseFlow], held_out: Tensor) -> None:
    held_out = held_out.to(device())
    likelihood = run.averaged.log_prob(held_out).mean().item()
    energy = run.averaged.prior_energy(held_out).mean().item()
    log.info("step %d: held out %.2f nats, energy %.3f", run.step, likelihood, energy)


def train_body(minutes: float) -> None:
    held_out = validation_poses(Library.load())
    run = train(BODY_BONES, BodyPoses(), held_out, BODY, RUNS / "priors_body.pt", minutes)
    keep(run, BODY, BODY_FLOW)


def train_hand(minutes: float) -> None:
    hands = HandSampler.of_adult()
    held_out = torch.from_numpy(hands.sample(np.random.default_rng(HAND.seed + 1), 2000))
    run = train(HAND_BONES, hands.sample, held_out, HAND, RUNS / "priors_hand.pt", minutes)
    keep(run, HAND, HAND_FLOW)


def keep(run: Run[PoseFlow], config: PriorConfig, path: Path) -> None:
    """Write the flow of a finished run."""
    if run.step == config.steps:
        save_flow(run.averaged.cpu(), path, {"trained": asdict(config)})
        log.info("%s written", path)


def fit_dynamics(_: float) -> None:
    library, flow = Library.load(), load_flow(BODY_FLOW)
    moments = clip_moments(flow, library, moving_frames(library))
    save_dynamics(fit(moments, 3 * len(flow.bones)), BODY_DYNAMICS, {"strides": STRIDES})


@torch.no_grad()
def clip_moments(flow: PoseFlow, library: Library, chosen: np.ndarray) -> list[Moments]:
    """Moments of the latents of all stretches of sound frames, by time between frames."""
    triples: dict[float, list[Tensor]] = {}
    for run in sound_runs(library, chosen, 2 * max(STRIDES) + 1):
        rate = library.clips[library.clip[run.start]].frame_rate
        frames = np.zeros(len(library.clip), np.bool_)
        frames[run] = True
        latents = flow.to_latent(recorded(library, frames))
        for stride in STRIDES:
            parts = [latents[: -2 * stride], latents[stride:-stride], latents[2 * stride :]]
            triples.setdefault(moment_key(stride / rate), []).append(torch.stack(parts, -1))
    return [moments_of(torch.cat(parts), seconds) for seconds, parts in triples.items()]


def moment_key(seconds: float) -> float:
    """Frame rates are read from files and differ in their last digits."""
    return round(seconds, 5)


def moments_of(triples: Tensor, seconds: float) -> Moments:
    """Moments of successive latents (N, D, 3)."""
    products = torch.einsum("ndi,ndj->dij", triples, triples) / len(triples)
    return Moments(products, seconds, len(triples))


KINDS: Final = {"body": train_body, "hand": train_hand, "dynamics": fit_dynamics}


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a prior.")
    parser.add_argument("what", choices=KINDS)
    parser.add_argument("--minutes", type=float, default=10.0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    KINDS[arguments.what](arguments.minutes)


if __name__ == "__main__":
    main()
