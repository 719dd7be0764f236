# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from model_server.learning.mocap import so3
from model_server.learning.mocap.so3 import Array
from model_server.learning.priors.train import PriorConfig, train

CONFIG = PriorConfig(
    noise=0.02, couplings=4, hidden=16, steps=80, batch=128, pool=2000, warm_up=10, average=0.9
)
BONES = ("upper", "lower")


def bent(rng: np.random.Generator, n: int) -> Array:
    """Two joints on hinges; the second turns with the square of the first."""
    angle = rng.uniform(-1, 1, n)
    angles = np.stack([angle, angle**2], 1)[..., None] * (1.0, 0, 0)
    return so3.from_rotvec(angles).astype(np.float32)


@pytest.fixture(scope="module")
def held_out() -> torch.Tensor:
    return torch.from_numpy(bent(np.random.default_rng(9), 500))


def test_training_raises_the_likelihood(held_out: torch.Tensor, tmp_path: Path) -> None:
    start = train(BONES, bent, held_out, dataclasses.replace(CONFIG, steps=0), tmp_path / "no.pt")
    run = train(BONES, bent, held_out, CONFIG, tmp_path / "run.pt")
    with torch.no_grad():
        before, after = (each.averaged.log_prob(held_out).mean() for each in (start, run))
    assert after > before + 0.1


def test_a_run_goes_on_from_its_checkpoint(held_out: torch.Tensor, tmp_path: Path) -> None:
    checkpoint = tmp_path / "run.pt"
    short = dataclasses.replace(CONFIG, steps=5)
    first = train(BONES, bent, held_out, short, checkpoint)
    again = train(BONES, bent, held_out, short, checkpoint)
    assert again.step == first.step == 5
    poses = torch.from_numpy(bent(np.random.default_rng(1), 10))
    assert torch.equal(first.averaged.log_prob(poses), again.averaged.log_prob(poses))
