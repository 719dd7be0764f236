# SPDX-License-Identifier: GPL-3.0-or-later
import torch

from model_server.learning.body.rotations import matrix_from_6d
from model_server.learning.training.metrics import mpjpe, pa_mpjpe


def test_procrustes_sees_through_similarities() -> None:
    generator = torch.Generator().manual_seed(0)
    true = torch.randn(10, 12, 3, generator=generator)
    turn = matrix_from_6d(torch.randn(10, 6, generator=generator))
    moved = 1.7 * true @ turn.transpose(1, 2) + 3
    assert pa_mpjpe(moved, true).max() < 0.01
    assert mpjpe(moved, true).min() > 100


def test_a_mirrored_body_is_not_excused() -> None:
    true = torch.randn(10, 12, 3, generator=torch.Generator().manual_seed(1))
    assert pa_mpjpe(true * torch.tensor([-1.0, 1, 1]), true).min() > 50


def test_errors_are_millimetres() -> None:
    true = torch.randn(1, 12, 3, generator=torch.Generator().manual_seed(2))
    moved = true.clone()
    moved[0, 0, 0] += 0.012
    assert abs(mpjpe(moved, true).item() - (11 + 11 * 1) / 12) < 0.01
