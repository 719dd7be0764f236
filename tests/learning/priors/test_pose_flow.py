# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.priors import BODY_FLOW, HAND_FLOW, PoseFlow, load_flow
from model_server.learning.priors.hand_poses import HAND_BONES
from model_server.learning.priors.pose_flow import save_flow
from model_server.learning.priors.pose_space import from_stereographic

BONES = ("a", "b", "c")


@pytest.fixture
def flow() -> PoseFlow:
    torch.manual_seed(2)
    flow = PoseFlow(BONES, couplings=3, hidden=8, noise=0.02)
    for value in flow.parameters():
        nn.init.normal_(value, std=0.2)
    flow.fit_start(from_stereographic(torch.randn(200, 3, 3) * 0.1))
    return flow.eval()


def test_latents_and_poses_are_each_other(flow: PoseFlow) -> None:
    poses = from_stereographic(torch.randn(10, 3, 3) * 0.1)
    assert torch.allclose(flow.from_latent(flow.to_latent(poses)), poses, atol=1e-4)


def test_energy_is_the_mean_square_of_the_latents_and_has_gradients(flow: PoseFlow) -> None:
    poses = from_stereographic(torch.randn(4, 3, 3) * 0.1).requires_grad_()
    energy = flow.prior_energy(poses)
    assert torch.allclose(energy, flow.to_latent(poses).square().mean(1))
    energy.sum().backward()
    assert poses.grad is not None
    assert poses.grad.isfinite().all()
    assert (poses.grad != 0).any()


def test_temperature_nought_gives_the_same_pose_again(flow: PoseFlow) -> None:
    poses = flow.sample(3, torch.Generator().manual_seed(0), temperature=0)
    assert torch.allclose(poses[0], poses[2])


def test_a_saved_flow_comes_back(flow: PoseFlow, tmp_path: Path) -> None:
    save_flow(flow, tmp_path / "flow.npz", {})
    again = load_flow(tmp_path / "flow.npz")
    poses = from_stereographic(torch.randn(4, 3, 3) * 0.1)
    assert torch.equal(again.log_prob(poses), flow.log_prob(poses))
    assert again.bones == BONES
    assert again.noise == flow.noise


class Both(nn.Module):
    """What a descent may ask for, there and back."""

    def __init__(self, flow: PoseFlow) -> None:
        super().__init__()
        self.flow = flow

    def forward(self, rotations: Tensor, latents: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        flow = self.flow
        return flow.prior_energy(rotations), flow.log_prob(rotations), flow.from_latent(latents)


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning", "ignore:# The axis name:UserWarning")
def test_a_graph_with_the_flow_inside_says_what_torch_says(flow: PoseFlow, tmp_path: Path) -> None:
    graph, path = Both(flow).eval(), tmp_path / "both.onnx"
    dynamic = {0: torch.export.Dim.DYNAMIC}
    inputs = from_stereographic(torch.randn(3, 3, 3) * 0.1), torch.randn(3, 9)
    torch.onnx.export(
        graph,
        inputs,
        str(path),
        input_names=["rotations", "latents"],
        dynamic_shapes=(dynamic, dynamic),
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feed = {"rotations": inputs[0][:2].numpy(), "latents": inputs[1][:2].numpy()}
    with torch.no_grad():
        expected = graph(inputs[0][:2], inputs[1][:2])
    for mine, theirs in zip(expected, session.run(None, feed), strict=True):
        np.testing.assert_allclose(np.asarray(theirs), mine.numpy(), rtol=1e-4, atol=1e-4)


def test_the_shipped_flows_are_small_and_name_their_bones() -> None:
    for path, bones, megabytes in ((BODY_FLOW, POSE_BONES[1:], 3.0), (HAND_FLOW, HAND_BONES, 1.5)):
        assert path.stat().st_size < megabytes * 1e6
        assert load_flow(path).bones == bones
