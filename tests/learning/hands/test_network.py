# SPDX-License-Identifier: GPL-3.0-or-later
"""The descent of hands on made-up hands, whose detector is perfect or nearly so."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model_server.learning.details.reading import DetailReading, nothing_read, unread
from model_server.learning.hands.articulation import (
    HIGH,
    LOW,
    points_of,
    rotations_of,
)
from model_server.learning.hands.batch import (
    Hands,
    augmented,
    evidence_of,
    hands_of,
    imagined,
    truth_of,
)
from model_server.learning.hands.evidence import see
from model_server.learning.hands.export_onnx import export
from model_server.learning.hands.hand_model import HandModel
from model_server.learning.hands.learn_landmarks import learn
from model_server.learning.hands.losses import HandWeights, stage_loss, trajectory_loss
from model_server.learning.hands.network import HandConfig, HandDescent
from model_server.learning.hands.poses import random_hands
from model_server.learning.hands.state import STATE, compare, decode, encode, place_of
from model_server.learning.hands.store import read_shards
from model_server.learning.hands.train import HandTraining, errors_mm, load_network, train
from model_server.learning.onnx_graph import PARITY
from model_server.learning.shards import write_shard
from tests.learning.hands.made_up import COUNT, made_up

FOREVER = float("inf")
SMALL = HandConfig(stages=2, context=32, memory=16, hidden=48, context_blocks=1, stage_blocks=1)


@pytest.fixture(scope="module")
def model() -> HandModel:
    return HandModel(np.zeros((21, 3)))


@pytest.fixture(scope="module")
def hands() -> Hands:
    return hands_of(made_up(np.zeros((21, 3))))


def test_the_hand_in_torch_is_the_hand_in_numpy(model: HandModel) -> None:
    angles = random_hands(20, np.random.default_rng(1))
    fingers = model.fingers(torch.from_numpy(angles).float())
    np.testing.assert_allclose(fingers.numpy(), rotations_of(angles), atol=1e-5)
    ends, _ = model(fingers, torch.eye(3).expand(20, 3, 3))
    np.testing.assert_allclose(ends.numpy(), points_of(rotations_of(angles)), atol=1e-5)


def test_any_state_is_a_possible_hand(model: HandModel, hands: Hands) -> None:
    evidence = see(hands.detection)
    state = 30 * torch.randn(COUNT, STATE, generator=torch.Generator().manual_seed(0))
    hand = decode(state, evidence, model)
    assert (hand.angles >= torch.from_numpy(LOW) - 1e-5).all()
    assert (hand.angles <= torch.from_numpy(HIGH) + 1e-5).all()
    assert (hand.middle[:, 2] > 0).all()
    for values in vars(hand).values():
        assert torch.isfinite(values).all()


def test_truth_explains_perfect_evidence(model: HandModel, hands: Hands) -> None:
    evidence = see(hands.detection)
    truth = truth_of(hands, evidence, model)
    residuals = compare(truth, evidence, model)
    assert residuals.points.abs().max() < 1e-3
    assert residuals.world.abs().max() < 0.05  # which way the camera looks is not exactly the same
    assert stage_loss(truth, truth, evidence, HandWeights()).max() < 0.02
    again = decode(encode(truth.angles, truth.palm, model), evidence, model)
    torch.testing.assert_close(again.palm, truth.palm, atol=1e-4, rtol=0)
    assert (again.angles - truth.angles).abs().max() < 0.06  # encoding stays off the limits
    assert place_of(truth.middle, evidence.extent).abs().max() < 1.5


def test_the_virtual_camera_looks_at_the_hand(hands: Hands) -> None:
    evidence = see(hands.detection)
    assert evidence.points.mean(1).abs().max() < 0.05
    torch.testing.assert_close(
        evidence.points.square().sum(2).mean(1), torch.ones(COUNT), rtol=0.05, atol=0
    )
    turn = evidence.cam_from_virtual
    torch.testing.assert_close(
        turn @ turn.transpose(1, 2), torch.eye(3).expand(COUNT, 3, 3), atol=1e-5, rtol=0
    )
    assert (torch.linalg.det(turn) > 0).all()


def test_distance_and_lens_leave_the_evidence_alone(hands: Hands) -> None:
    seen = hands.detection
    longer = type(seen)(
        seen.center_px[:, None] + 2 * (seen.landmarks_px - seen.center_px[:, None]),
        3 * seen.world,
        seen.confidence,
        2 * seen.focal_px,
        seen.center_px,
    )
    for name in ("points", "world", "confidence", "extent", "cam_from_virtual"):
        one, two = (getattr(see(detection), name) for detection in (seen, longer))
        torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-5)


def test_a_rolled_camera_sees_the_same(hands: Hands) -> None:
    seen, (c, s) = hands.detection, (0.28, -0.96)
    roll = torch.tensor([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    centre = seen.center_px[:, None]

    def turned(px: torch.Tensor) -> torch.Tensor:
        return (px - centre) @ roll[:2, :2].T + centre

    detection = replace(seen, landmarks_px=turned(seen.landmarks_px), world=seen.world @ roll.T)
    reading = read_nearby(hands)
    upright, tilted = (
        see(seen, reading),
        see(detection, replace(reading, heat_px=turned(reading.heat_px))),
    )
    torch.testing.assert_close(tilted.points, upright.points, atol=1e-4, rtol=0)
    torch.testing.assert_close(tilted.world, upright.world, atol=1e-4, rtol=0)
    torch.testing.assert_close(tilted.sight.heat, upright.sight.heat, atol=1e-4, rtol=0)
    torch.testing.assert_close(
        tilted.cam_from_virtual, roll @ upright.cam_from_virtual, atol=1e-4, rtol=0
    )


def test_knuckles_stand_above_the_wrist(hands: Hands) -> None:
    points = see(hands.detection).points
    up = points[:, 0] - points[:, [5, 9, 13, 17]].mean(1)
    assert up[:, 0].abs().max() < 1e-3
    assert (up[:, 1] > 0).all()  # y is down


def test_imagined_hands_are_seen_as_well_as_rendered_ones(model: HandModel, hands: Hands) -> None:
    generator = torch.Generator().manual_seed(1)
    read = replace(hands, reading=read_nearby(hands))
    others = imagined(read, model, generator)
    evidence = evidence_of(others)
    residuals = compare(truth_of(others, evidence, model), evidence, model)
    assert residuals.points.abs().max() < 0.01
    assert residuals.world.abs().mean() < 0.03  # the detector's axes turn with the hand's place
    assert (others.angles - hands.angles).abs().mean() > 0.05
    assert (others.reading.present == 0).all()  # nobody has a picture of them
    batch = augmented(read, 0.5, model, generator)
    assert len(batch) == COUNT + COUNT // 2
    assert 0 < batch.reading.present[:COUNT].mean() < 1  # some pictures are kept back


def read_nearby(hands: Hands) -> DetailReading:
    """As if an encoder had seen the landmarks three pixels beside where the detector sees them."""
    blank = nothing_read(hands.detection.landmarks_px)
    return DetailReading(
        torch.randn(blank.features.shape, generator=torch.Generator().manual_seed(3)),
        blank.heat_px + 3,
        torch.ones_like(blank.heat_trust),
        torch.ones_like(blank.present),
    )


def test_a_picture_counts_only_where_it_was_read(model: HandModel, hands: Hands) -> None:
    torch.manual_seed(0)
    network = HandDescent(SMALL, model, torch.zeros(STATE))
    reading = read_nearby(hands)
    seen, unseen, blind = (
        network(see(hands.detection, given))[-1].joints
        for given in (reading, unread(reading, torch.ones(COUNT, dtype=torch.bool)), None)
    )
    torch.testing.assert_close(unseen, blind)
    assert (seen - blind).abs().max() > 1e-4


def test_the_second_opinion_has_its_own_residuals(model: HandModel, hands: Hands) -> None:
    evidence = see(hands.detection, read_nearby(hands))
    residuals = compare(truth_of(hands, evidence, model), evidence, model)
    assert residuals.points.abs().max() < 1e-3
    assert residuals.second.abs().min() > 1e-3
    assert residuals.energies[:, 3].min() > residuals.energies[:, 0].max()


def test_what_the_detector_means_is_learned() -> None:
    rng = np.random.default_rng(2)
    offsets = rng.normal(0, 0.03, (21, 3))
    samples = made_up(offsets, noise=0.2)
    outliers = rng.random((COUNT, 21)) < 0.1
    samples.landmarks_px[outliers] += 100
    learned = learn(hands_of(samples), HandModel(np.zeros((21, 3))))
    assert np.abs(learned.numpy() - offsets).max() < 0.015


def test_a_worse_stage_costs_more(model: HandModel, hands: Hands) -> None:
    evidence = see(hands.detection)
    truth = truth_of(hands, evidence, model)
    off = decode(torch.zeros(COUNT, STATE) + 0.3, evidence, model)
    better = trajectory_loss([off, truth], truth, evidence, HandWeights())
    assert better < trajectory_loss([truth, off], truth, evidence, HandWeights())


@torch.no_grad()
def loss_of(network: HandDescent, hands: Hands) -> float:
    evidence = see(hands.detection)
    truth = truth_of(hands, evidence, network.model)
    return float(trajectory_loss(network(evidence), truth, evidence, HandWeights()))


# The exporter's own warnings.
@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning", "ignore:# The axis name:UserWarning")
def test_training_learns_goes_on_and_is_exported(hands: Hands, tmp_path: Path) -> None:
    path = tmp_path / "hands.pt"
    config = HandTraining(steps=30, batch=32, warm_up=5, network=SMALL)
    before = train([hands], hands, replace(config, steps=2), path, FOREVER)
    first = loss_of(before.network, hands)
    run = train([hands], hands, config, path, FOREVER)
    assert run.step == 30
    assert loss_of(run.network, hands) < 0.9 * first
    assert len(errors_mm(run.averaged, hands)) == SMALL.stages + 1
    network = load_network(path)
    assert network.config == SMALL
    with torch.no_grad():
        many = network(see(hands.detection), 8)
    assert len(many) == 9
    assert torch.isfinite(many[-1].joints).all()
    assert export(path, tmp_path / "hands.onnx") < PARITY


def test_shards_come_back(tmp_path: Path) -> None:
    samples = made_up(np.zeros((21, 3)))
    write_shard(samples[:10], tmp_path / "0000.npz")
    write_shard(samples[10:], tmp_path / "0001.npz")
    again = read_shards(tmp_path)
    for name, value in vars(samples).items():
        np.testing.assert_array_equal(getattr(again, name), value)
    with pytest.raises(FileNotFoundError, match="generate"):
        read_shards(tmp_path / "nothing")
