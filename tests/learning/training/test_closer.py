# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses

import numpy as np
import torch

from model_server.bones import BodyBones
from model_server.fusion import chained
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.body.rotations import angle_between
from model_server.learning.network.evidence import CERTAIN, ENDS
from model_server.learning.network.state import END_BONES
from model_server.learning.samples.store import Samples
from model_server.learning.training.batch import (
    People,
    evidence_and_truth,
    mirrored,
    people_of,
    rolled,
)
from model_server.learning.training.closer import corrected, looked_closer, turned_ends
from model_server.settings import ASSETS


def everybody(samples: Samples) -> People:
    people = people_of(samples)
    return people[torch.arange(len(people)).repeat(10)]


def test_heads_and_hands_turn_as_they_do_up_to_an_error_that_trust_tells(
    samples: Samples, landmark_model: LandmarkModel
) -> None:
    people = turned_ends(everybody(samples), landmark_model, torch.Generator().manual_seed(0))
    seen = people.detection
    miss = angle_between(seen.ends, landmark_model.world(people.rotations)[:, END_BONES])
    found = seen.ends_trust > 0
    assert 0.1 < found.float().mean() < 0.6
    assert miss[found].median().rad2deg() < 25
    sure, unsure = (seen.ends_trust > 0.8) & found, (seen.ends_trust < 0.5) & found
    assert miss[sure].median() < miss[unsure].median()


def test_faces_found_on_heads_turned_away_seem_to_look_at_the_camera(
    samples: Samples, landmark_model: LandmarkModel
) -> None:
    people = everybody(samples)
    about = torch.diag(torch.tensor([-1.0, -1.0, 1.0]))  # half of them show their backs
    people.rotations[::2, 0] = people.rotations[::2, 0] @ about
    people = turned_ends(people, landmark_model, torch.Generator().manual_seed(0))
    forward = torch.tensor([0.0, -1.0, 0.0])
    towards = -torch.nn.functional.normalize(people.translation, dim=1)
    true = landmark_model.world(people.rotations)[:, END_BONES[0]]
    away = ((true @ forward) * towards).sum(1) < 0
    found = people.detection.ends_trust[:, 0] > 0
    assert 0 < (found & away).sum() < 0.3 * (found & ~away).sum()
    seems = ((people.detection.ends[:, 0] @ forward) * towards).sum(1)
    assert seems[found & away].median() > 0.7


def test_ends_turn_along_with_mirrors_and_rolls(
    samples: Samples, landmark_model: LandmarkModel
) -> None:
    people = turned_ends(everybody(samples), landmark_model, torch.Generator().manual_seed(1))
    found = people.detection.ends_trust > 0

    def miss(people: People) -> torch.Tensor:
        true = landmark_model.world(people.rotations)[:, END_BONES]
        return angle_between(people.detection.ends, true)

    swapped = miss(mirrored(people))[:, [0, 2, 1]]
    assert torch.allclose(swapped[found], miss(people)[found], atol=1e-2)
    spun = miss(rolled(people, torch.linspace(-3, 3, len(people))))
    assert torch.allclose(spun[found], miss(people)[found], atol=1e-2)


def test_corrected_landmarks_lie_where_they_are_and_weigh_more(
    samples: Samples, landmark_model: LandmarkModel
) -> None:
    people = everybody(samples)
    hidden = torch.full_like(people.detection.visibility, 0.2)
    wrong = people.detection.landmarks_px + 50
    people = dataclasses.replace(
        people,
        detection=dataclasses.replace(people.detection, landmarks_px=wrong, visibility=hidden),
    )
    better = corrected(people, landmark_model, torch.Generator().manual_seed(0))
    pinned = better.detection.visibility == CERTAIN
    assert 0.003 < pinned.float().mean() < 0.03
    assert torch.equal(better.detection.landmarks_px[~pinned], wrong[~pinned])
    evidence, _, truth = evidence_and_truth(better, landmark_model)
    miss = (evidence.points - truth.points[:, :33]).norm(dim=2)
    assert miss[pinned].median() < 0.1 < miss[~pinned].median()
    assert evidence.trust[pinned].min() > 50 * evidence.trust[~pinned].max()


def test_closer_looks_are_seeded(samples: Samples, landmark_model: LandmarkModel) -> None:
    one, two = (
        looked_closer(everybody(samples), landmark_model, torch.Generator().manual_seed(4))
        for _ in range(2)
    )
    assert torch.equal(one.detection.ends, two.detection.ends)
    assert torch.equal(one.detection.landmarks_px, two.detection.landmarks_px)


def test_ends_are_the_bones_that_the_server_chains(
    samples: Samples, landmark_model: LandmarkModel
) -> None:
    bones = BodyBones(ASSETS / "anny.npz").reference({})
    world = landmark_model.world(torch.from_numpy(samples.rotations[:1]))[0].numpy()
    rotations = dict(zip(POSE_BONES, samples.rotations[0].astype(np.float64), strict=True))
    for end, place in zip(ENDS, END_BONES, strict=True):
        chain = chained(rotations, [*bones.ancestors(end), end])
        np.testing.assert_allclose(rotations["root"] @ chain, world[place], atol=1e-5)
