# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.body_overlay import Mesh, Mesher, draw, on_paper, scaled, silhouette, zoomed
from model_server.body_params import BodyParams
from model_server.camera import Camera
from model_server.crops import Box
from model_server.landmark_names import COCO_JOINTS
from model_server.pipeline import load_pipeline
from model_server.settings import ASSETS
from tests.server.pictures import encoded, gradient, portrait

CAMERA = Camera(100.0, (60.0, 40.0), "given")
SHAPE = (80, 120)
ASSET = ASSETS / "anny.npz"
FACING = (np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0)  # a level camera before the person


def square(depth_m: float = 2.0, color: tuple[int, int, int] = (255, 0, 0)) -> Mesh:
    """A metre wide and high, facing the camera on its axis."""
    corners = np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, 0.5], [0.5, -0.5]])
    vertices = np.column_stack([corners, np.full(4, depth_m)])
    return Mesh(vertices, np.array([[0, 1, 2], [0, 2, 3]]), np.array([color, color]))


@pytest.fixture(scope="module")
def mesher() -> Mesher:
    if not ASSET.is_file():
        pytest.skip("the body asset is not exported")
    return Mesher(ASSET)


def person(**changes) -> BodyParams:
    plain = BodyParams("anny", FACING, (0.0, 0.0, 3.0), {}, {"age": 0.67})
    return replace(plain, **changes)


def test_a_silhouette_lies_where_the_camera_sees_it() -> None:
    mask = silhouette(square(), CAMERA, SHAPE)
    rows, columns = np.nonzero(mask)
    assert abs(rows.min() - 15) <= 1
    assert abs(rows.max() - 64) <= 1
    assert abs(columns.min() - 35) <= 1
    assert abs(columns.max() - 84) <= 1
    assert mask.sum() == pytest.approx(50 * 50, rel=0.05)


def test_only_what_is_in_the_picture_counts() -> None:
    aside = replace(square(), vertices_cam=square().vertices_cam + np.array([1.2, 0, 0]))
    mask = silhouette(aside, CAMERA, SHAPE)
    assert mask[:, -1].any()
    assert mask.sum() == pytest.approx(25 * 50, rel=0.05)
    assert not silhouette(square(-2.0), CAMERA, SHAPE).any()


def test_the_nearest_body_is_drawn_on_top() -> None:
    blank = np.zeros((*SHAPE, 3), np.uint8)
    near, far = square(2.0, (255, 0, 0)), square(4.0, (0, 0, 255))
    picture = draw(blank, [near, far], CAMERA, opacity=1)
    red, _, blue = picture[40, 60]
    assert red > 0
    assert blue == 0


def test_a_zoomed_body_stays_on_its_pixels() -> None:
    photo = gradient(120, 80)
    twice = zoomed(photo, [square()], CAMERA, Box(20, 0, 80, 80), 160)
    plain, drawn = twice[:, :160].astype(int), twice[:, 160:].astype(int)
    rows, columns = np.nonzero(np.abs(drawn - plain).max(axis=2) > 8)
    np.testing.assert_allclose([rows.min(), rows.max()], [30, 129], atol=2)
    np.testing.assert_allclose([columns.min(), columns.max()], [30, 129], atol=2)


def test_a_larger_copy_of_the_photo_has_the_same_silhouette(mesher: Mesher) -> None:
    mesh = mesher.mesh(person())
    small = silhouette(mesh, CAMERA, SHAPE)
    large = silhouette(mesh, scaled(CAMERA, 3), (240, 360))
    assert large.sum() / 9 == pytest.approx(small.sum(), rel=0.08)


def test_left_is_on_the_right_of_who_faces_the_camera(mesher: Mesher) -> None:
    mesh = mesher.mesh(person())
    blue = mesh.colors[:, 2] > mesh.colors[:, 0]
    red = mesh.colors[:, 0] > 1.5 * mesh.colors[:, 2]
    x = mesh.vertices_cam[mesh.triangles, 0].mean(axis=1)
    assert x[blue].min() > 0 > x[red].max()
    assert mesh.vertices_cam[:, 1].min() < -0.5  # the head is up


def test_who_faces_the_camera_faces_right_from_the_side(mesher: Mesher) -> None:
    mesh = mesher.mesh(person())
    aside = mesh.from_the_side()
    nose = list(mesher.body.landmark_names).index("nose")
    ears = [list(mesher.body.landmark_names).index(f"{side}_ear") for side in ("left", "right")]
    landmarks = mesher.body.landmarks(aside.vertices_cam)
    assert (landmarks[nose, 0] > landmarks[ears, 0] + 0.05).all()
    np.testing.assert_allclose(
        np.ptp(aside.vertices_cam, axis=0), np.ptp(mesh.vertices_cam, axis=0)[[2, 1, 0]], atol=1e-6
    )


def test_a_body_on_paper_fills_it(mesher: Mesher) -> None:
    picture = on_paper(mesher.mesh(person()), 100)
    rows = np.flatnonzero((picture != picture[0, 0]).any(axis=(1, 2)))
    assert 80 < np.ptp(rows) < 98


def test_shape_fingers_and_face_are_in_the_mesh(mesher: Mesher) -> None:
    plain = mesher.mesh(person()).vertices_cam
    for changed in (
        person(phenotypes={"age": 0.2}),
        person(rotations={"finger2-2.L": (np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0)}),
        person(facial_actions={"jawOpen": 1.0}),
    ):
        assert np.abs(mesher.mesh(changed).vertices_cam - plain).max() > 0.01


@pytest.mark.slow
def test_the_mesh_of_an_answer_has_the_keypoints_of_the_answer(mesher: Mesher) -> None:
    pipeline = load_pipeline(ASSETS)
    (found,) = pipeline.estimate(encoded(portrait())).people
    pipeline.close()
    names = list(mesher.body.landmark_names)
    landmarks = mesher.body.landmarks(mesher.mesh(found.parameters).vertices_cam)
    joints = landmarks[[names.index(f"coco:{joint}") for joint in COCO_JOINTS]]
    apart_mm = 1000 * np.linalg.norm(joints - found.keypoints.cam, axis=1)
    assert np.median(apart_mm) < 5
    assert apart_mm.max() < 20
