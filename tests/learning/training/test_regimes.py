# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
from pathlib import Path

import pytest
import torch
from torch import Tensor

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.network.config import NetworkConfig
from model_server.learning.network.descent import Descent, mean_state
from model_server.learning.samples.store import Samples
from model_server.learning.training.batch import People, evidence_and_truth, people_of, rolled
from model_server.learning.training.config import TrainConfig
from model_server.learning.training.loop import branch, train
from model_server.learning.training.losses import LossWeights, stage_loss, trajectory_loss
from model_server.learning.training.regimes import Regime, energies_by_marks, unlabelled_loss

WEIGHTS = LossWeights()
SMALL = NetworkConfig(stages=2, context=32, memory=32, hidden=32, context_blocks=1, stage_blocks=1)
CONFIG = TrainConfig(steps=25, batch=8, warm_up=5, regime="self", unlabelled=2.0, network=SMALL)


@pytest.fixture
def network(landmark_model: LandmarkModel, samples: Samples) -> Descent:
    torch.manual_seed(0)
    return Descent(SMALL, landmark_model, mean_state(torch.from_numpy(samples.rotations)))


@pytest.fixture
def people(samples: Samples) -> People:
    return people_of(samples)


def forgotten(people: People) -> People:
    """The same people, of whom nothing is known any more but what was seen."""
    names = ("rotations", "phenotypes", "translation")
    unknown = {name: torch.full_like(getattr(people, name), torch.nan) for name in names}
    return dataclasses.replace(people, **unknown)


def loss_of(network: Descent, people: People, regime: Regime) -> float:
    return unlabelled_loss(network, people, regime, WEIGHTS).item()


def mean_energy(network: Descent, people: People) -> Tensor:
    evidence, sight, _ = evidence_and_truth(people, network.body)
    with torch.no_grad():
        return network(evidence, sight)[1][-1].mean()


def test_self_supervision_does_not_see_the_truth(network: Descent, people: People) -> None:
    assert loss_of(network, people, "self") == loss_of(network, forgotten(people), "self")


def test_weak_supervision_sees_where_people_truly_are(network: Descent, people: People) -> None:
    aside = people.translation + torch.tensor([0.5, 0, 0])
    moved = dataclasses.replace(people, translation=aside)
    assert loss_of(network, people, "weak") != loss_of(network, moved, "weak")


def test_weak_supervision_takes_true_landmarks_for_detected_ones(
    network: Descent, people: People
) -> None:
    evidence, sight, truth = evidence_and_truth(people, network.body)
    stages, energies = network(evidence, sight)

    def by(marks: Tensor) -> Tensor:
        return energies_by_marks(network.energy, stages, evidence, sight, marks)

    assert torch.allclose(by(evidence.points), energies)
    marks = truth.points[:, :33].clone()
    marks[:, 5] += 1
    assert (by(marks) > by(truth.points[:, :33])).float().mean() > 0.9


@pytest.mark.parametrize("regime", ["weak", "self"])
def test_gradients_flow_through_all_stages(
    network: Descent, people: People, regime: Regime
) -> None:
    unlabelled_loss(network, people, regime, WEIGHTS).backward()
    for name, parameter in network.named_parameters():
        if not name.startswith("energy."):
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name


def test_full_supervision_is_what_it_was(network: Descent, people: People) -> None:
    evidence, sight, truth = evidence_and_truth(people, network.body)
    stages, energies = network(evidence, sight)
    losses = [stage_loss(posed, truth, evidence, WEIGHTS).mean().item() for posed in stages]
    decay = [WEIGHTS.decay**2, WEIGHTS.decay, 1.0]
    supervised = sum(w * loss for w, loss in zip(decay, losses, strict=True)) / sum(decay)
    free = dataclasses.replace(WEIGHTS, progress=0.0, descent=0.0)
    loss = trajectory_loss(stages, energies, truth, evidence, free).item()
    assert loss == pytest.approx(supervised, rel=1e-5)
    assert trajectory_loss(stages, energies, truth, evidence, WEIGHTS).item() >= loss


def test_people_without_labels_are_explained_better_for_having_been_seen(
    people: People, tmp_path: Path
) -> None:
    angle = torch.full((len(people),), 2.0)
    strange = rolled(people, angle)
    base = tmp_path / "base.pt"
    train(people, people, dataclasses.replace(CONFIG, steps=5), base, minutes=5)
    energies = {}
    for name, unlabelled in (("without", None), ("with", forgotten(strange))):
        path = tmp_path / f"{name}.pt"
        branch(base, people, CONFIG, path)
        run = train(people, people, CONFIG, path, minutes=5, unlabelled=unlabelled)
        assert run.step == CONFIG.steps
        energies[name] = mean_energy(run.network, strange)
    assert energies["with"] < energies["without"]
