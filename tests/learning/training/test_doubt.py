# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import fields

import numpy as np

from model_server.body_state import state_of, stepped
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.samples.store import Samples
from model_server.learning.training.batch import People, people_of
from model_server.learning.training.doubt import covariance_of, steps_to_truth, truth_of
from model_server.learning.training.exported import evidence_of
from model_server.placing import placed
from model_server.reaching import Goal
from model_server.session import Before, DescentConfig, Evidence, Posed

PHENOTYPES = ("gender", "age", "muscle", "weight", "height", "proportions")


class Stubborn:
    """A descent that says the same of everybody."""

    config = DescentConfig("anny", POSE_BONES[1:], PHENOTYPES, 0)

    def run(self, evidence: Evidence, before: Before | None = None) -> Posed:  # noqa: ARG002
        count = len(evidence.focal_px)
        shapes = {
            "rotations": np.eye(3) + np.zeros((len(POSE_BONES) - 1, 3, 3)),
            "root": np.eye(3),
            "translation": np.array([0.1, 0.2, 3.0]),
            "phenotypes": np.full(6, 0.5),
            "keypoints_cam": np.tile([0.0, 0, 3], (17, 1)),
            "landmarks_cam": np.tile([0.0, 0, 3], (33, 1)),
            "energy": np.zeros(()),
            "memory": np.zeros(0),
        }
        return Posed(
            **{
                field.name: np.stack([shapes[field.name]] * count).astype(np.float32)
                for field in fields(Posed)
            }
        )


def test_a_step_leads_from_the_answer_to_the_truth(samples: Samples) -> None:
    people: People = people_of(samples)
    descent = Stubborn()
    steps = steps_to_truth(descent, people)
    assert steps.shape == (len(people), 6 + 6 + 3 * 21)
    evidence = evidence_of(people)
    said = state_of(placed(descent.run(evidence), evidence), 0)
    away = evidence.landmarks_px[0] - evidence.center_px[0]
    tangents = (away / evidence.focal_px[0]).astype(np.float64)
    goal = Goal(tangents, np.square(evidence.visibility[0].astype(np.float64)))
    there, truth = stepped(said, steps[0], goal.size), truth_of(people, 0)
    np.testing.assert_allclose(there.place, truth.place, atol=1e-5)
    np.testing.assert_allclose(there.root, truth.root, atol=1e-5)
    np.testing.assert_allclose(there.turns, truth.turns, atol=1e-5)
    np.testing.assert_allclose(there.phenotypes, truth.phenotypes, atol=1e-6)


def test_answers_that_are_wrong_altogether_widen_it_little() -> None:
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(5, 5)) / 2
    steps = rng.normal(size=(4000, 5)) @ mixing.T
    usual = covariance_of(steps)
    steps[:80] *= 30
    shaken = covariance_of(steps)
    assert np.trace(np.cov(steps.T)) > 10 * np.trace(usual)
    assert np.trace(shaken) < 1.4 * np.trace(usual)
    correlations = usual / np.sqrt(np.outer(np.diag(usual), np.diag(usual)))
    true = mixing @ mixing.T
    np.testing.assert_allclose(
        correlations, true / np.sqrt(np.outer(np.diag(true), np.diag(true))), atol=0.06
    )
