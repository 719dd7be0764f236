# SPDX-License-Identifier: GPL-3.0-or-later
import copy
import dataclasses
from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmarks.regimes import errors_of, joints_px
from model_server.landmark_names import COCO_FROM_POSE
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.rotations import six_from_matrix
from model_server.learning.network.config import NetworkConfig
from model_server.learning.network.descent import Descent, mean_state
from model_server.learning.network.evidence import Evidence
from model_server.learning.network.state import STATE, Posed, decode, place_of
from model_server.learning.runs import load, save, start
from model_server.learning.samples.store import Samples
from model_server.learning.training.batch import People, evidence_and_truth, people_of, rolled
from model_server.learning.training.config import TrainConfig
from model_server.learning.training.loop import advance, branch
from model_server.learning.training.losses import LossWeights, stage_loss, trajectory_loss
from model_server.learning.training.regimes import Regime, energies_by_marks, unlabelled_loss

WEIGHTS = LossWeights()
SMALL = NetworkConfig(stages=2, context=32, memory=32, hidden=32, context_blocks=1, stage_blocks=1)
CONFIG = TrainConfig(steps=30, warm_up=5, regime="self", network=SMALL)


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
    network: Descent, people: People, tmp_path: Path
) -> None:
    strange = rolled(people, torch.full((len(people),), 2.0))
    energies = []
    for unlabelled in (None, forgotten(strange)):
        run = start(copy.deepcopy(network), CONFIG, tmp_path / "none.pt")
        for _ in range(CONFIG.steps):
            advance(run, people[:8], unlabelled, CONFIG)
        energies.append(mean_energy(run.network, strange))
    without, having_seen = energies
    assert having_seen < 0.9 * without


def test_a_run_begins_with_the_weights_of_another(
    network: Descent, people: People, tmp_path: Path
) -> None:
    first = start(network, CONFIG, tmp_path / "first.pt")
    advance(first, people[:8], None, CONFIG)
    save(first, CONFIG, tmp_path / "first.pt")
    branch(tmp_path / "first.pt", people, CONFIG, tmp_path / "second.pt")
    saved = load(tmp_path / "second.pt")
    assert saved["step"] == 0
    for name, value in first.averaged.state_dict().items():
        assert torch.equal(saved["network"][name], value)
        assert torch.equal(saved["averaged"][name], value)


class Oracle(Descent):
    """A network that knows the truth."""

    def __init__(self, body: LandmarkModel, people: People) -> None:
        super().__init__(SMALL, body, torch.zeros(STATE))
        self.people = people

    def forward(self, evidence: Evidence, *_: object) -> tuple[list[Posed], Tensor]:
        _, _, truth = evidence_and_truth(self.people, self.body)
        six = six_from_matrix(truth.rotations).flatten(1)
        place = place_of(truth.translation, evidence.extent)
        state = torch.cat([six, truth.phenotypes.logit(1e-4), place], 1)
        return [decode(state, evidence, self.body)], torch.zeros(1, len(state))


def test_the_benchmark_finds_the_truth_where_it_is(
    landmark_model: LandmarkModel, people: People
) -> None:
    oracle = Oracle(landmark_model, people)
    errors = errors_of(oracle, people)
    assert errors.pa_mpjpe_mm.mean() < 1
    assert errors.from_true.mean() < 0.02
    assert errors.from_detected.mean() < 0.1
    # COCO's joints are not the detector's points, but they lie near them.
    apart = joints_px(oracle, people) - people.detection.landmarks_px[:, list(COCO_FROM_POSE)]
    assert apart.norm(dim=2).median() < 8
