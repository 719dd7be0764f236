# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
from pathlib import Path

import pytest
import torch

from model_server.learning.faces.config import FaceNetworkConfig, FaceTrainConfig
from model_server.learning.faces.evidence import see
from model_server.learning.faces.export import export
from model_server.learning.faces.losses import wrong
from model_server.learning.faces.network import FaceDescent
from model_server.learning.faces.train import action_errors, train
from model_server.learning.onnx_graph import PARITY
from model_server.learning.runs import Run

CONFIG = FaceTrainConfig(
    steps=80,
    batch=16,
    warm_up=10,
    half_precision=False,
    network=FaceNetworkConfig(stages=1, context=32, memory=32, hidden=48, identity=8),
)


def untrained(world) -> FaceDescent:
    torch.manual_seed(0)
    network = FaceDescent(CONFIG.network)
    network.face.learn(world.faces.resting, world.anatomy)
    return network


def learn(world, config: FaceTrainConfig, path: Path) -> Run[FaceDescent]:
    faces = world.faces
    return train([faces], faces, faces.actions, world.sides, config, path, 5, untrained(world))


@pytest.fixture(scope="module")
def checkpoint(world, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "faces.pt"
    config = dataclasses.replace(CONFIG, steps=10)
    learn(world, config, path)
    return path


def test_training_lowers_the_error_and_goes_on_from_its_checkpoint(world, checkpoint) -> None:
    before = action_errors(untrained(world), world.faces)[-1].mean()
    run = learn(world, CONFIG, checkpoint)
    assert run.step == CONFIG.steps
    assert action_errors(run.network, world.faces)[-1].mean() < before


def test_an_untrained_descent_finds_a_face_that_rests(world) -> None:
    posed = untrained(world)(see(world.faces.detection))[0]
    assert posed.actions.max() < 0.2
    assert posed.points.isfinite().all()


def test_what_is_cut_off_costs_nothing() -> None:
    raw = torch.tensor([[-3.0, 0.4, 2.0, 0.5]])
    actions = torch.tensor([[0.0, 0.0, 1.0, 0.9]])
    torch.testing.assert_close(wrong(raw, actions), torch.tensor([[0.0, 0.4, 0.0, 0.4]]))


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning", "ignore:# The axis name:UserWarning")
def test_the_exported_graph_says_what_torch_says(world, checkpoint: Path) -> None:
    out = checkpoint.with_name("face.onnx")
    assert export(checkpoint, out, world.action_names) < PARITY
    assert str(Path(__file__).parents[3]).encode() not in out.read_bytes()  # no paths of ours
