# SPDX-License-Identifier: GPL-3.0-or-later
"""A model that torch saves is what the add-on reads without torch, and poses alike."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from hund_blender.errors import ClipError
from hund_blender.other_results.contents import read_contents
from hund_blender.other_results.mhr_model import JOINTS, PARAMETERS, PER_JOINT, read_mhr_model
from hund_blender.other_results.torch_file import load_script
from hund_blender.rotations import quaternions_from_matrices

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

COUNT = len(JOINTS)
RANDOM = np.random.default_rng(0)
TENTH_MM = 1e-4


def product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Of quaternions XYZW (..., 4)."""
    (p, v), (q, w) = (a[..., 3:], a[..., :3]), (b[..., 3:], b[..., :3])
    scalar = p * q - (v * w).sum(-1, keepdim=True)
    return torch.cat([p * w + q * v + torch.cross(v, w, dim=-1), scalar], -1)


class Skeleton(torch.nn.Module):
    joint_names: list[str]

    def __init__(self) -> None:
        super().__init__()
        parents = [-1, *(int(RANDOM.integers(0, joint)) for joint in range(1, COUNT))]
        prerotations = torch.tensor(RANDOM.normal(size=(COUNT, 4)), dtype=torch.float32)
        self.register_buffer("joint_parents", torch.tensor(parents, dtype=torch.int32))
        self.register_buffer("joint_translation_offsets", torch.randn(COUNT, 3))
        self.register_buffer("joint_prerotations", prerotations / prerotations.norm(dim=1)[:, None])
        self.joint_names = list(JOINTS)

    def forward(self, told: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Places (F, 127, 3) and quaternions XYZW of joints, whose numbers are (F, 127, 7)."""
        half = told[..., 3:6] / 2
        turns = self.joint_prerotations.expand(told.shape[0], -1, -1)
        for axis in (2, 1, 0):
            unit = torch.zeros(3)
            unit[axis] = 1.0
            sine = torch.sin(half[..., axis])[..., None] * unit
            turns = product(turns, torch.cat([sine, torch.cos(half[..., axis])[..., None]], -1))
        offsets = self.joint_translation_offsets + told[..., :3]
        sizes = 2.0 ** told[..., 6]
        places = [offsets[:, 0]]
        world = [turns[:, 0]]
        scales = [sizes[:, 0]]
        for joint in range(1, told.shape[1]):
            above = int(self.joint_parents[joint])
            turn, offset = world[above], offsets[:, joint]
            flat = torch.cat([offset, torch.zeros_like(offset[:, :1])], -1)
            back = turn * torch.tensor([-1.0, -1.0, -1.0, 1.0])
            moved = product(product(turn, flat), back)[:, :3]
            places.append(places[above] + scales[above][:, None] * moved)
            world.append(product(turn, turns[:, joint]))
            scales.append(scales[above] * sizes[:, joint])
        return torch.stack(places, 1), torch.stack(world, 1)


class Transform(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        matrix = 0.1 * torch.randn(COUNT * PER_JOINT, PARAMETERS + 45)
        self.register_buffer("parameter_transform", matrix)

    def forward(self, parameters: torch.Tensor) -> torch.Tensor:
        return parameters @ self.parameter_transform.T


class Character(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.skeleton, self.parameter_transform = Skeleton(), Transform()
        self.blend_shape = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU())

    def forward(self, parameters: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.skeleton(self.parameter_transform(parameters).unflatten(1, (-1, 7)))


class Mhr(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.character_torch = Character()

    def forward(self, parameters: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        padded = torch.cat([parameters, torch.zeros(parameters.shape[0], 45)], 1)
        return self.character_torch(padded)


@pytest.fixture(scope="module")
def module() -> Mhr:
    torch.manual_seed(0)
    return Mhr()


def test_a_model_poses_as_it_does_in_torch(module: Mhr, tmp_path: Path) -> None:
    path, told = tmp_path / "mhr_model.pt", 0.5 * torch.randn(3, PARAMETERS)
    torch.jit.script(module).save(path)
    posed = read_mhr_model(path).posed(told.numpy().astype(float))
    places, turns = module(told)
    assert np.abs(posed.places_m - places.numpy() / 100).max() < TENTH_MM
    cosines = np.sum(
        quaternions_from_matrices(posed.rotations) * turns.numpy()[..., [3, 0, 1, 2]], -1
    )
    assert np.abs(cosines) == pytest.approx(1.0, abs=1e-5)


def test_traced_modules_are_read_as_well(tmp_path: Path) -> None:
    """Their classes have names that torch makes up."""
    path, transform = tmp_path / "a.pt", Transform()
    torch.jit.trace(transform, torch.ones(1, PARAMETERS + 45)).save(path)
    with zipfile.ZipFile(path) as file:
        found = load_script(file).tensor("parameter_transform")
        np.testing.assert_array_equal(found.read(), transform.parameter_transform.numpy())


def test_a_model_is_no_result(module: Mhr, tmp_path: Path) -> None:
    path = tmp_path / "mhr_model.pt"
    torch.jit.script(module).save(path)
    with pytest.raises(ClipError, match="wants to run __torch__"):
        read_contents(path)


def test_what_else_modules_have_is_read_over(tmp_path: Path) -> None:
    class Other(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.sizes, self.rates, self.flags = [1, 2], [0.5], [True]
            self.by_name = {"a": 1}
            self.maybe = torch.jit.Attribute(None, torch.Tensor | None)
            self.kind, self.where = torch.float32, torch.device("cpu")
            self.register_buffer("halves", torch.ones(2, dtype=torch.float16))
            self.register_buffer("part", torch.arange(12.0).reshape(3, 4)[1:, ::2])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x * self.sizes[0] * self.rates[0] * self.by_name["a"]).to(self.where)

    path = tmp_path / "a.pt"
    torch.jit.script(Other()).save(path)
    with zipfile.ZipFile(path) as file:
        module = load_script(file)
        part = module.tensor("part")
        assert part is not None
        assert part.read().tolist() == [[4.0, 6.0], [8.0, 10.0]]
        assert module.attributes["sizes"] == [1, 2]
        assert module.tensor("sizes") is None
        assert module.tensor("part.of") is None
    with pytest.raises(ClipError, match=r"a\.pt is no model of MHR: “character_torch"):
        read_mhr_model(path)
