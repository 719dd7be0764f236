# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

from model_server.learning.runs import descend, learning_rate, save, start


@dataclass(frozen=True)
class Config:
    steps: int = 150
    learning_rate: float = 1e-2
    warm_up: int = 10
    weight_decay: float = 0.0
    average: float = 0.9
    clip: float = 1.0


CONFIG = Config()


def new_network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))


def loss_of(network: nn.Module) -> torch.Tensor:
    points = torch.linspace(-1, 1, 32)[:, None].expand(32, 2)
    return (network(points) - points.sum(1, keepdim=True)).square().mean()


def test_a_run_learns_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    run = start(new_network(), CONFIG, path)
    losses = [descend(run, loss_of(run.network), CONFIG) for _ in range(40)]
    assert losses[-1] < 0.5 * losses[0]
    assert loss_of(run.averaged) < 0.7 * losses[0]
    save(run, CONFIG, path)
    again = start(new_network(), CONFIG, path)
    assert again.step == 40
    both = [descend(each, loss_of(each.network), CONFIG) for each in (run, again)]
    assert both[0] == pytest.approx(both[1])
    for mine, theirs in zip(run.averaged.parameters(), again.averaged.parameters(), strict=True):
        assert torch.allclose(mine, theirs)


def test_a_degenerate_sample_undoes_nothing() -> None:
    run = start(new_network(), CONFIG, Path("nowhere.pt"))
    before = [value.clone() for value in run.network.parameters()]
    descend(run, loss_of(run.network) * float("nan"), CONFIG)
    for old, new in zip(before, run.network.parameters(), strict=True):
        assert torch.equal(old, new)


def test_learning_rate_warms_up_and_cools_down() -> None:
    rates = [learning_rate(step, CONFIG) for step in range(CONFIG.steps + 1)]
    assert rates[0] < rates[4]
    assert rates[-1] == pytest.approx(0.01 * CONFIG.learning_rate)
    assert max(rates) <= CONFIG.learning_rate
    assert torch.isfinite(torch.tensor(rates)).all()


def test_some_layers_learn_at_a_share_of_the_rate(tmp_path: Path) -> None:
    begun = new_network()
    run = start(new_network(), CONFIG, tmp_path / "run.pt", {"0.": 0.01})
    descend(run, loss_of(run.network), CONFIG)
    slow, _, fast = (
        max(
            (now - then).abs().max().item()
            for now, then in zip(a.parameters(), b.parameters(), strict=True)
        )
        for a, b in zip(run.network.cpu(), begun, strict=True)
    )
    assert 0 < slow < 0.02 * fast
