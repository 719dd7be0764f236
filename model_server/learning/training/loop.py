# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the descent: `python -m model_server.learning.training.loop --samples
.cache/samples/train`.

Runs on a GPU when there is one, goes on from its checkpoint, and may be stopped at any time.
People without labels can be learned from beside those with labels (`regimes.py`):
`--regime self --unlabelled FOLDER --start-from .cache/runs/hund.pt --checkpoint OTHER`.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model_server.learning.ahead import ahead
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel, body_with_skin
from model_server.learning.encoder.read import read_people
from model_server.learning.mocap.augment import PoseSampler
from model_server.learning.network.descent import Descent, mean_state
from model_server.learning.onnx_graph import weights_in
from model_server.learning.runs import Run, descend, device, load, save, start
from model_server.learning.tensors import joined, moved, seeded
from model_server.learning.training.adversary import (
    Adversary,
    price_of_fakes,
    price_of_mistakes,
)
from model_server.learning.training.batch import People, augmented, evidence_and_truth, misread
from model_server.learning.training.closer import looked_closer
from model_server.learning.training.config import TRAINABLE, TrainConfig, training_of
from model_server.learning.training.flawless import flawless
from model_server.learning.training.imagine import Poses, imagined
from model_server.learning.training.losses import trajectory_loss
from model_server.learning.training.metrics import LIMB_JOINTS, POSE_LIMBS, pa_mpjpe
from model_server.learning.training.regimes import REGIMES, Regime, unlabelled_loss
from model_server.learning.training.withheld import StraightHips, bent_hips

log = logging.getLogger(__name__)
VALIDATION = 1500  # first people of the training set, never trained on


def train(
    people: People,
    held_out: People,
    config: TrainConfig,
    checkpoint: Path,
    minutes: float,
    poses: Poses | None = None,
    *,
    unlabelled: People | None = None,
    processes: int | None = None,
) -> Run[Descent]:
    """Train until the steps or the minutes are used up; with poses, a part of every batch is
    imagined. Of unlabelled people some join every batch, taught by the regime of the configuration.
    """
    run = start(new_network(people, config), config, checkpoint)
    run.network.half_precision = config.half_precision
    judges = judges_of(config, checkpoint)
    prepare = partial(batch_of, people, unlabelled, poses, LandmarkModel(BodyModel()), config)
    batches = ahead(prepare, config.seed + run.step, processes)
    began, losses = time.monotonic(), []
    while run.step < config.steps and time.monotonic() - began < 60 * minutes:
        losses.append(advance(run, *next(batches), config, judges))
        if run.step % 250 == 0:
            report(run, losses, held_out, began)
            losses.clear()
        if run.step % 500 == 0:
            keep(run, judges, config, checkpoint)
    keep(run, judges, config, checkpoint)
    return run


def batch_of(
    people: People,
    unlabelled: People | None,
    poses: Poses | None,
    body: LandmarkModel,
    config: TrainConfig,
    rng: np.random.Generator,
) -> tuple[People, People | None]:
    """Who one step learns from: those with labels, and those without where there are any."""
    generator = seeded(rng)
    rows = torch.randint(len(people), (config.batch,), generator=generator)
    batch = misread(augmented(people[rows], generator), generator)
    if poses is not None:
        donors = batch[: round(config.imagined * config.batch)]
        batch = joined([batch, imagined(donors, poses, body, rng)])
    others = None if unlabelled is None else drawn(unlabelled, config, generator)
    return looked_closer(batch, body, generator), others


def judges_of(config: TrainConfig, checkpoint: Path) -> Run[Adversary] | None:
    """HMR's judges, for methods that pay for unreal bodies; their run lies beside the method's."""
    if config.adversary == 0:
        return None
    return start(Adversary(), config.judges, judges_path(checkpoint))


def judges_path(checkpoint: Path) -> Path:
    return checkpoint.with_suffix(".judges.pt")


def keep(
    run: Run[Descent], judges: Run[Adversary] | None, config: TrainConfig, checkpoint: Path
) -> None:
    save(run, config, checkpoint)
    if judges is not None:
        save(judges, config.judges, judges_path(checkpoint))


def new_network(people: People, config: TrainConfig) -> Descent:
    torch.manual_seed(config.seed)
    return Descent(config.network, body_with_skin(BodyModel()), mean_state(people.rotations))


def drawn(unlabelled: People, config: TrainConfig, generator: torch.Generator) -> People:
    """Some of the people without labels, for one batch."""
    count = round(config.unlabelled * config.batch)
    rows = torch.randint(len(unlabelled), (count,), generator=generator)
    return augmented(unlabelled[rows], generator)


def branch(start_from: Path, people: People, config: TrainConfig, checkpoint: Path) -> None:
    """Begin a run with the averaged weights of another one."""
    network = new_network(people, config)
    network.load_state_dict(weights_of(start_from, network))
    save(start(network, config, checkpoint), config, checkpoint)


def weights_of(path: Path, network: Descent) -> dict[str, Tensor]:
    """Of a checkpoint, or of a graph that was exported."""
    if path.suffix != ".onnx":
        return load(path)["averaged"]  # type: ignore[no-any-return]
    found = weights_in(path, "network.")
    learned = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    if missing := learned - found.keys():
        raise ValueError(f"{path} lacks {', '.join(sorted(missing))}: another kind of network.")
    known = network.state_dict()
    return known | {name: found[name] for name in known.keys() & found.keys()}


def advance(
    run: Run[Descent],
    people: People,
    unlabelled: People | None,
    config: TrainConfig,
    judges: Run[Adversary] | None = None,
) -> float:
    """One step on one batch; returns its loss."""
    evidence, sight, truth = evidence_and_truth(moved(people, device()), run.network.body)
    stages, energies = run.network(evidence, sight)
    loss = trajectory_loss(stages, energies, truth, evidence, config.weights)
    if judges is not None:
        verdict = judges.network(stages[-1].rotations, stages[-1].phenotypes)
        loss = loss + config.adversary * price_of_fakes(verdict)
    if unlabelled is not None:
        others = moved(unlabelled, device())
        loss = loss + unlabelled_loss(run.network, others, config.regime, config.weights)
    value = descend(run, loss, config)
    if judges is not None:
        price = price_of_mistakes(
            judges.network(truth.rotations, truth.phenotypes),
            judges.network(stages[-1].rotations.detach(), stages[-1].phenotypes.detach()),
        )
        descend(judges, price, config.judges)
    return value


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
    people = moved(people, network.mean_state.device)
    evidence, sight, truth = evidence_and_truth(people, network.body)
    names = network.body.names
    rows = [names.index(f"coco:{joint}") for joint in LIMB_JOINTS]
    seen = people.detection.world[:, POSE_LIMBS]
    true = truth.landmarks[:, rows]
    stages, _ = network(evidence, sight)
    return pa_mpjpe(seen, true), [pa_mpjpe(posed.landmarks[:, rows], true) for posed in stages]


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--samples",
        type=Path,
        nargs="+",
        default=[Path(".cache/samples/train")],
        help="folders of shards; named twice, its people come twice as often",
    )
    parser.add_argument("--method", choices=TRAINABLE, default="hund")
    parser.add_argument("--checkpoint", type=Path, help=".cache/runs/METHOD.pt where not given")
    parser.add_argument("--steps", type=int, default=TrainConfig.steps)
    parser.add_argument("--batch", type=int, default=TrainConfig.batch)
    parser.add_argument("--imagined", type=float, default=TrainConfig.imagined)
    parser.add_argument("--learning-rate", type=float, default=TrainConfig.learning_rate)
    parser.add_argument("--start-from", type=Path, help="checkpoint of the weights to begin with")
    parser.add_argument(
        "--regime", choices=REGIMES, default="full", help="how people without labels are taught"
    )
    parser.add_argument(
        "--unlabelled", type=Path, default=Path(".cache/samples/photos"), help="where they are"
    )
    parser.add_argument(
        "--withhold",
        action="store_true",
        help="they are the people of --samples who bend a hip; with --regime full nobody is",
    )
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--processes", type=int, help="that prepare batches")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    if arguments.regime == "weak" and not arguments.withhold:
        parser.error("True 2D landmarks are known of rendered people only: add --withhold.")
    return arguments


def never_held_out(people: People, held_out: People) -> People:
    """Those of the people who are not held out, not even seen by other looks."""
    return people[~torch.isin(people.translation[:, 2], held_out.translation[:, 2])]


def by_labels(
    people: People, regime: Regime, unlabelled: Path, *, withhold: bool
) -> tuple[People, People | None, Poses]:
    """People with labels, those without where the regime teaches any, and poses to imagine."""
    if withhold:
        body = LandmarkModel(BodyModel())
        bent = bent_hips(people.rotations, body)
        others = None if regime == "full" else people[bent]
        return people[~bent], others, StraightHips(PoseSampler(), body)
    return people, read_people(unlabelled) if regime == "self" else None, PoseSampler()


def main() -> None:
    arguments = parsed()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    people = joined([read_people(folder) for folder in arguments.samples])
    config = dataclasses.replace(
        training_of(arguments.method),
        steps=arguments.steps,
        batch=arguments.batch,
        imagined=arguments.imagined,
        regime=arguments.regime,
        learning_rate=arguments.learning_rate,
    )
    checkpoint = arguments.checkpoint or Path(f".cache/runs/{arguments.method}.pt")
    log.info("%d people, %d pictures read", len(people), int(people.reading.present.sum()))
    held_out = people[:VALIDATION]
    kept = never_held_out(people, held_out)
    kept, unlabelled, poses = by_labels(
        kept, config.regime, arguments.unlabelled, withhold=arguments.withhold
    )
    if not config.detector_errors:
        kept = flawless(kept, LandmarkModel(BodyModel()))
    log.info("%d with labels, %d without", len(kept), 0 if unlabelled is None else len(unlabelled))
    if arguments.start_from and not checkpoint.exists():
        branch(arguments.start_from, kept, config, checkpoint)
    train(
        kept,
        held_out,
        config,
        checkpoint,
        arguments.minutes,
        poses,
        unlabelled=unlabelled,
        processes=arguments.processes,
    )


if __name__ == "__main__":
    main()
