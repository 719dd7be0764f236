# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from model_server.learning.onnx_graph import PARITY, weights_in, write_graph

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*LeafSpec:FutureWarning", "ignore:# The axis name:UserWarning"
)


class Halves(nn.Module):
    """One layer that is exact in half precision, and one that is not."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.exact, self.fine = nn.Linear(64, 64), nn.Linear(64, 64)
        with torch.no_grad():
            self.exact.weight.copy_(self.exact.weight.half().float())

    def forward(self, x: Tensor) -> tuple[Tensor]:
        return (self.fine(self.exact(x)),)


@pytest.fixture(scope="module")
def graph() -> Halves:
    return Halves()


@pytest.fixture(scope="module")
def written(graph: Halves, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "halves.onnx"

    def example(count: int) -> tuple[Tensor, ...]:
        return (torch.rand(count, 64, generator=torch.Generator().manual_seed(count)),)

    assert write_graph(graph, example, path, inputs=["x"], outputs=["y"], about={}) < PARITY
    return path


def test_weights_that_are_exact_in_half_precision_take_half_the_room(written: Path) -> None:
    values = 64 * 64
    assert values * (2 + 4) < written.stat().st_size < values * (4 + 4)


def test_the_weights_of_a_written_graph_are_found_again(graph: Halves, written: Path) -> None:
    found = weights_in(written, "")
    for name, value in graph.state_dict().items():
        if name in found:
            assert torch.equal(found[name], value), name
    assert {"exact.weight", "fine.weight"} <= found.keys()


class Forgetful(nn.Module):
    """Doubles, and has no memory: nothing (B, 0) comes out as it went in."""

    def forward(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        return 2 * x, memory * 1


def test_methods_without_a_memory_are_compared_too(tmp_path: Path) -> None:
    def example(count: int) -> tuple[Tensor, ...]:
        return torch.rand(count, 4), torch.zeros(count, 0)

    path = tmp_path / "forgetful.onnx"
    names = {"inputs": ["x", "memory"], "outputs": ["y", "after"]}
    assert write_graph(Forgetful(), example, path, **names, about={}) < PARITY
