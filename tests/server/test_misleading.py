# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import dataclass, field

import numpy as np

from model_server.misleading import posed_without_being_misled
from model_server.session import Before, DescentConfig, Evidence, Posed

COUNT = 4
CLEAR, MISLED, HIDDEN, HARD = range(COUNT)
ENERGY = np.array([0.3, 1.4, 1.4, 1.4], np.float32)
BY_LANDMARKS = np.array([0.1, 0.4, 0.4, 0.9], np.float32)


@dataclass
class Believer:
    """Poses by features where there are any; bodies tell by their place how they were posed."""

    calls: list[int] = field(default_factory=list)
    config = DescentConfig("anny", ("spine03",), ("age",), 1)

    def run(self, evidence: Evidence, _: Before | None = None) -> Posed:
        count = len(evidence.focal_px)
        self.calls.append(count)
        who = evidence.focal_px.astype(int)
        believes = evidence.features.any(axis=1)
        energy = np.where(believes, ENERGY[who], BY_LANDMARKS[who])
        place = np.where(believes, 1.0, 2.0)[:, None] * np.ones(3)
        nothing = np.zeros((count, 1))
        return Posed(nothing, nothing, place, nothing, nothing, nothing, energy, nothing)


def evidence(*people: int) -> Evidence:
    count = len(people)
    visibility = np.full((count, 33), 0.9, np.float32)
    visibility[np.array(people) == HIDDEN] = 0.5
    nothing = np.zeros((count, 1), np.float32)
    return Evidence(
        landmarks_px=nothing,
        visibility=visibility,
        world=nothing,
        depth=nothing,
        focal_px=np.array(people, np.float32),
        center_px=nothing,
        ends=nothing,
        ends_trust=nothing,
        features=np.ones((count, 8), np.float32),
        parts=nothing,
        crop_px=nothing,
        heat_px=nothing,
        heat_trust=nothing,
        present=nothing,
    )


def test_only_who_is_far_better_explained_is_posed_by_the_landmarks() -> None:
    believer = Believer()
    posed = posed_without_being_misled(believer, evidence(CLEAR, MISLED, HIDDEN, HARD))
    assert posed.translation[:, 0].tolist() == [1, 2, 1, 1]
    np.testing.assert_allclose(posed.energy, [0.3, 0.4, 1.4, 1.4])
    assert believer.calls == [4, 2]  # who is clear or hidden costs nothing more


def test_clear_people_take_one_call() -> None:
    believer = Believer()
    posed_without_being_misled(believer, evidence(CLEAR, HIDDEN))
    assert believer.calls == [2]
