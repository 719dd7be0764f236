# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies in the outlines of people who are bodies themselves, so that the truth is known."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from model_server.body_state import SHAPE, BodyState, state_of, stepped
from model_server.bones import Array, BodyBones
from model_server.crops import Crop
from model_server.errors import InternalError
from model_server.outlining import Doubt, Outliner, columns_of, load_doubt
from model_server.physique import Physique
from model_server.session import DescentConfig, Evidence, Posed
from model_server.settings import ASSETS
from model_server.silhouettes import Contour, Mask, contour_of
from model_server.turns import angle_between
from tests.server.made_figure import ASSET, CAMERA, UPRIGHT

PHENOTYPES = ("gender", "age", "muscle", "weight", "height", "proportions")
BONES = ("upperleg01.L", "upperleg01.R", "spine03", "upperarm01.L", "upperarm01.R")
CONFIG = DescentConfig("anny", BONES, PHENOTYPES, 0)
SIDE = 800
SPREAD = np.array([*[0.05] * 3, *[0.05] * 2, 0.05, *[0.2] * 6, *[0.15] * 15])


class Studio:
    """Shows people, and what a descent would say of them."""

    def __init__(self) -> None:
        self.physique = Physique(ASSET, BodyBones(ASSET))
        self.outliner = Outliner(CONFIG, self.physique, Doubt(np.diag(SPREAD**2)))
        with np.load(ASSET, allow_pickle=False) as arrays:
            self._vertices = arrays["template_vertices"].astype(np.float64)
            self._shapes = arrays["shape_vertices"] * arrays["shape_vertices_step"][:, None, None]
            self._faces = arrays["faces"].astype(np.intp)
            self._bones = arrays["weight_bones"].astype(np.intp)
            self._weights = arrays["weights"] / 65535

    def mask(self, state: BodyState) -> Array:
        """Where somebody is in the picture (H, W), 0 or 1."""
        shape = dict(zip(PHENOTYPES, state.phenotypes.tolist(), strict=True))
        figure = self.physique.figure(shape)
        stance = figure.posed(state.rotations(BONES))
        turns, places = figure.moves(stance.turns, stance.heads)
        coefficients = self.physique.bones.coefficients(shape)
        rest = self._vertices + np.tensordot(coefficients, self._shapes, 1)
        moved = np.einsum("vwij,vj->vwi", turns[self._bones], rest) + places[self._bones]
        points = (self._weights[..., None] * moved).sum(axis=1) @ state.root.T + state.place
        px = np.round(CAMERA.project(points)).astype(np.int32)
        picture = np.zeros((SIDE, SIDE), np.uint8)
        for face in px[self._faces]:
            cv2.fillConvexPoly(picture, cv2.convexHull(face), 1)
        return picture.astype(np.float64)

    def contour(self, mask: Array) -> Contour:
        small = cv2.resize(mask.astype(np.float32), (256, 256), interpolation=cv2.INTER_AREA)
        return contour_of(Mask(np.asarray(small), Crop(0, 0, SIDE, 256)), (SIDE, SIDE))

    def points(self, state: BodyState) -> tuple[Array, Array]:
        shape = dict(zip(PHENOTYPES, state.phenotypes.tolist(), strict=True))
        landmarks, joints = self.physique.landmarks(shape, state.rotations(BONES), state.root)
        return landmarks + state.place, joints + state.place

    def said(self, state: BodyState) -> Posed:
        landmarks, joints = self.points(state)
        return Posed(
            rotations=state.turns[None].astype(np.float32),
            root=state.root[None].astype(np.float32),
            translation=state.place[None].astype(np.float32),
            phenotypes=state.phenotypes[None].astype(np.float32),
            keypoints_cam=joints[None].astype(np.float32),
            landmarks_cam=landmarks[None].astype(np.float32),
            energy=np.zeros(1, np.float32),
            memory=np.zeros((1, 0), np.float32),
        )

    def seen(self, state: BodyState) -> Evidence:
        """Evidence of somebody's landmarks; what an outline has no use for is left empty."""
        nothing = np.zeros((1, 0), np.float32)
        return Evidence(
            landmarks_px=CAMERA.project(self.points(state)[0])[None].astype(np.float32),
            visibility=np.ones((1, 33), np.float32),
            focal_px=np.full(1, CAMERA.focal_px, np.float32),
            center_px=np.array([CAMERA.center_px], np.float32),
            **dict.fromkeys(
                ("world", "depth", "ends", "ends_trust", "features", "parts", "crop_px"), nothing
            ),
            **dict.fromkeys(("heat_px", "heat_trust", "present"), nothing),
        )


@pytest.fixture(scope="module")
def studio() -> Studio:
    if not ASSET.is_file():
        pytest.skip("the body asset is not exported")
    return Studio()


def average() -> BodyState:
    shape = np.array([0.5, 0.67, 0.5, 0.5, 0.4, 0.5])
    turns = np.tile(np.eye(3), (len(BONES), 1, 1))
    return BodyState(UPRIGHT, np.array([0.0, 0.1, 3.2]), shape, turns)


def other(**changes: float) -> BodyState:
    """The average body but for these places of a step."""
    step = np.zeros(len(SPREAD))
    for name, value in changes.items():
        step[columns_of(CONFIG).index(name.replace("_", " ").replace("01 ", "01."))] = value
    return stepped(average(), step, 0.2)


def overlap(a: Array, b: Array) -> float:
    return float((a * b).sum() / np.maximum(a, b).sum())


def fitted(studio: Studio, truth: BodyState, said: BodyState) -> BodyState:
    contour = studio.contour(studio.mask(truth))
    posed = studio.outliner.outlined(studio.said(said), studio.seen(truth), [contour], [0])
    return state_of(posed, 0)


def test_a_body_fills_the_outline_of_a_heavier_one(studio: Studio) -> None:
    truth = other(weight=0.4, gender=-0.3, right=0.08)
    before, after = average(), fitted(studio, truth, average())
    mask = studio.mask(truth)
    assert overlap(studio.mask(before), mask) < 0.82
    assert overlap(studio.mask(after), mask) > 0.88


def test_an_arm_goes_where_the_outline_has_it(studio: Studio) -> None:
    truth = other(**{"upperarm01_L y": 0.3})
    after = fitted(studio, truth, average())
    arm = BONES.index("upperarm01.L")
    assert angle_between(after.turns[arm], truth.turns[arm]) < 0.15
    still = BONES.index("upperarm01.R")
    assert angle_between(after.turns[still], truth.turns[still]) < 0.08


def test_points_go_with_the_body(studio: Studio) -> None:
    truth = other(weight=0.3, away=0.05)
    contour = studio.contour(studio.mask(truth))
    posed = studio.outliner.outlined(studio.said(average()), studio.seen(truth), [contour], [0])
    landmarks, joints = studio.points(state_of(posed, 0))
    np.testing.assert_allclose(posed.landmarks_cam[0], landmarks, atol=1e-4)
    np.testing.assert_allclose(posed.keypoints_cam[0], joints, atol=1e-4)


def test_whoever_fills_their_outline_stays(studio: Studio) -> None:
    same = average()
    after = fitted(studio, same, same)
    np.testing.assert_allclose(after.place, same.place, atol=0.05)
    for turn in (after.root @ same.root.T, *(after.turns @ same.turns.swapaxes(1, 2))):
        assert angle_between(turn, np.eye(3)) < 0.05
    np.testing.assert_allclose(after.phenotypes, same.phenotypes, atol=0.12)


def test_legs_that_a_table_hides_stay(studio: Studio) -> None:
    truth = other(right=0.05)
    mask, seen = studio.mask(truth), studio.seen(truth)
    hips = seen.landmarks_px[0, 23:25, 1].mean()
    mask[int(hips) :] = 0
    seen.visibility[0, 25:] = 0
    posed = studio.outliner.outlined(studio.said(average()), seen, [studio.contour(mask)], [0])
    after = state_of(posed, 0)
    for leg in (0, 1):
        assert angle_between(after.turns[leg], np.eye(3)) < 0.1


def test_without_an_outline_nobody_changes(studio: Studio) -> None:
    said, seen = studio.said(average()), studio.seen(average())
    nothing = Contour(np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32))
    assert studio.outliner.outlined(said, seen, [None], [0]) is said
    assert studio.outliner.outlined(said, seen, [nothing], [0]) is said


def test_what_is_out_of_the_picture_breaks_nothing(studio: Studio) -> None:
    far = Contour(np.full((40, 2), 1e5, np.float32), np.tile([[1.0, 0]], (40, 1)))
    posed = studio.outliner.outlined(studio.said(average()), studio.seen(average()), [far], [0])
    np.testing.assert_allclose(posed.translation[0], average().place, atol=0.02)


def test_who_is_never_wrong_is_believed(studio: Studio) -> None:
    certain = Outliner(CONFIG, studio.physique, Doubt(1e-12 * np.eye(len(SPREAD))))
    contour = studio.contour(studio.mask(other(weight=0.4)))
    posed = certain.outlined(studio.said(average()), studio.seen(average()), [contour], [0])
    np.testing.assert_allclose(posed.phenotypes[0], average().phenotypes, atol=1e-5)
    np.testing.assert_allclose(posed.translation[0], average().place, atol=1e-5)


def test_shapes_stay_within_their_bounds(studio: Studio) -> None:
    thin = replace(average(), phenotypes=np.array([0.02, 0.67, 0.02, 0.02, 0.4, 0.5]))
    after = fitted(studio, other(right=0.02), thin)
    assert ((after.phenotypes >= 0) & (after.phenotypes <= 1)).all()
    assert after.phenotypes[SHAPE - 3] > 0.02


def test_the_doubt_that_ships_is_of_the_descent_that_ships() -> None:
    from model_server.session import OnnxDescent

    descent = OnnxDescent(ASSETS / "descent.onnx", threads=1)
    doubt = load_doubt(ASSETS / "doubt.json", descent.config)
    assert np.linalg.eigvalsh(doubt.covariance).min() > 0
    np.testing.assert_allclose(doubt.precision @ doubt.covariance, np.eye(75), atol=1e-6)


def test_a_doubt_that_is_missing_or_of_others_says_so(tmp_path: Path) -> None:
    path = tmp_path / "doubt.json"
    with pytest.raises(InternalError, match="missing"):
        load_doubt(path, CONFIG)
    path.write_text(json.dumps({"columns": ["turn x"], "covariance": [[1.0]]}))
    with pytest.raises(InternalError, match="another descent"):
        load_doubt(path, CONFIG)
