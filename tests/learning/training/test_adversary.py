# SPDX-License-Identifier: GPL-3.0-or-later
import torch

from model_server.learning.body.rotations import matrix_from_6d
from model_server.learning.training.adversary import Adversary, price_of_fakes, price_of_mistakes

NEUTRAL = torch.tensor([1.0, 0, 0, 0, 1, 0])


def bodies(spread: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    six = NEUTRAL + spread * torch.randn(64, 22, 6, generator=generator)
    return matrix_from_6d(six), torch.rand(64, 6, generator=generator)


def test_judges_learn_to_tell_and_fakes_pay() -> None:
    torch.manual_seed(0)
    judges = Adversary()
    optimizer = torch.optim.Adam(judges.parameters(), lr=2e-3)
    for seed in range(80):
        price = price_of_mistakes(judges(*bodies(0.05, seed)), judges(*bodies(1.0, 1000 + seed)))
        optimizer.zero_grad()
        price.backward()
        optimizer.step()
    real, fake = judges(*bodies(0.05, 5000)), judges(*bodies(1.0, 5001))
    assert price_of_fakes(real) < 0.5 * price_of_fakes(fake)


def test_the_root_may_point_anywhere() -> None:
    rotations, phenotypes = bodies(0.3, 0)
    turned = rotations.clone()
    turned[:, 0] = turned[:, 0].transpose(1, 2)
    judges = Adversary()
    assert torch.equal(judges(rotations, phenotypes), judges(turned, phenotypes))
