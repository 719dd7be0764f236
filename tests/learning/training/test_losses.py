# SPDX-License-Identifier: GPL-3.0-or-later
import pytest
import torch

from model_server.learning.training.losses import LossWeights, climb, energy_loss, later_more


def test_only_what_climbs_is_paid_for() -> None:
    falling, rising = torch.tensor([[3.0], [2.0], [1.0]]), torch.tensor([[1.0], [1.5], [1.5]])
    assert climb(falling) == 0
    assert climb(torch.cat([falling, rising], 1)) == 0.125  # half a unit once in four steps


def test_a_network_without_stages_climbs_nowhere() -> None:
    assert climb(torch.ones(1, 4)) == 0
    assert torch.isfinite(energy_loss(torch.ones(1, 4), LossWeights()))


def test_later_stages_weigh_more() -> None:
    early, late = torch.tensor([[2.0], [1.0]]), torch.tensor([[1.0], [2.0]])
    assert later_more(early, LossWeights()) < later_more(late, LossWeights())
    assert later_more(torch.full((6, 3), 2.0), LossWeights()).item() == pytest.approx(2)
