# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import torch

from model_server.learning.body.rotations import angle_between
from model_server.learning.mocap import so3
from model_server.learning.mocap.library import LIBRARY, Library
from model_server.learning.priors import BODY_FLOW, HAND_FLOW, PoseFlow, load_flow
from model_server.learning.priors.body_poses import held_out_poses
from model_server.learning.priors.hand_poses import HandSampler
from model_server.learning.priors.measures import (
    auc,
    joint_path,
    joints_shuffled,
    latent_path,
    roughness,
)


def told_apart(flow: PoseFlow, poses: torch.Tensor) -> float:
    shuffled = joints_shuffled(poses, torch.Generator().manual_seed(0))
    with torch.no_grad():
        return auc(flow.log_prob(poses), flow.log_prob(shuffled))


def test_auc_of_the_separate_the_same_and_the_swapped() -> None:
    low, high = torch.arange(5.0), torch.arange(5.0) + 10
    assert auc(high, low) == 1
    assert auc(low, high) == 0
    assert auc(torch.tensor([1.0, 4]), torch.tensor([2.0, 3])) == 0.5


def test_shuffling_keeps_every_joint_as_it_was_somewhere() -> None:
    numbers = torch.arange(12.0).reshape(6, 2, 1, 1).expand(6, 2, 3, 3)
    shuffled = joints_shuffled(numbers, torch.Generator().manual_seed(0))
    assert torch.equal(shuffled[:, 1].sort(0).values, numbers[:, 1])
    assert not torch.equal(shuffled, numbers)


def test_even_joints_are_not_rough() -> None:
    rng = np.random.default_rng(0)
    start, end = (torch.from_numpy(so3.from_rotvec(rng.normal(size=(4, 3, 3)))) for _ in range(2))
    path = joint_path(start, end, 10)
    assert torch.allclose(roughness(path), torch.ones(4), atol=1e-3)
    jump = torch.cat([path[:1].expand(10, -1, -1, -1, -1), path[-1:]])
    assert torch.allclose(roughness(jump), torch.tensor(10.0), atol=1e-2)


def test_the_shipped_hand_flow_knows_hands() -> None:
    flow = load_flow(HAND_FLOW)
    hands = torch.from_numpy(HandSampler.of_adult().sample(np.random.default_rng(11), 300))
    assert told_apart(flow, hands) > 0.97
    with torch.no_grad():
        path = latent_path(flow, hands[:50], hands[50:100], 16)
    assert angle_between(path[0], hands[:50]).max() < 0.02  # the path leads where it should
    assert roughness(path).median() < 3


@pytest.mark.skipif(not LIBRARY.exists(), reason="needs python -m model_server.learning.mocap")
def test_the_shipped_body_flow_knows_people_it_has_not_seen() -> None:
    flow, poses = load_flow(BODY_FLOW), held_out_poses(Library.load())
    assert told_apart(flow, poses) > 0.97
    with torch.no_grad():
        assert 0.5 < flow.prior_energy(poses).mean() < 1.5
