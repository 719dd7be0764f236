# SPDX-License-Identifier: GPL-3.0-or-later
"""Posing against Anny itself, and pictures against the joints that should be in them.

No garments are at hand here, so people wear painted clothes; software rendering suffices.
"""

import numpy as np
import pytest

anny = pytest.importorskip("anny")
moderngl = pytest.importorskip("moderngl")

from model_server.learning.body.parts import PART_NAMES  # noqa: E402
from model_server.learning.rendering import Camera, DressedRenderer, PosedPerson  # noqa: E402
from model_server.learning.rendering.body_arrays import load_body_arrays  # noqa: E402
from model_server.learning.rendering.posing import pose_people  # noqa: E402

FACING = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # body axes seen by a level camera
PHENOTYPES = {"gender": 0.3, "age": 0.7, "muscle": 0.6, "weight": 0.4, "height": 0.5}
SIZE = 128
CAMERA = Camera(focal_px=170.0, center_px=(64.0, 64.0))

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def renderer(tmp_path_factory):
    try:
        return DressedRenderer(tmp_path_factory.mktemp("no_garments"), SIZE)
    except Exception as error:  # a machine without EGL
        pytest.skip(f"no offscreen OpenGL: {error}")


def person(**changes):
    parameters = {
        "phenotypes": PHENOTYPES,
        "rotations": {},
        "root_rotation": FACING,
        "translation_m": np.array([0.0, 0.0, 3.2]),
    }
    return PosedPerson(**(parameters | changes))


def render(renderer, someone, seed=0):
    rng = np.random.default_rng(seed)
    look = renderer.sample_look(someone.phenotypes, rng)
    return renderer.render(someone, CAMERA, look, rng)


def joints_px(sample):
    joints = sample.joints_cam
    return CAMERA.focal_px * joints[:, :2] / joints[:, 2:] + CAMERA.center_px


def test_posing_agrees_with_anny():
    import roma
    import torch
    from anny.models.model_data import TopologyConfig

    body = load_body_arrays()
    topology = TopologyConfig(
        base_mesh="makehuman",
        nudity_edits=False,
        remove_unattached_vertices=False,
        triangulate_faces=False,
    )
    model = anny.Anny(rig="anny", topology=topology, facial_actions="all", skinning_method="lbs")
    rng = np.random.default_rng(1)
    torch.manual_seed(1)
    rotations = roma.random_rotmat(len(body.bone_names)).double()
    rotations[0] = torch.eye(3)
    phenotypes = {str(name): float(rng.random()) for name in body.phenotype_names}
    actions = {str(name): float(rng.random()) for name in body.facial_action_names[:5]}
    deltas = torch.eye(4, dtype=torch.float64).repeat(1, len(rotations), 1, 1)
    deltas[0, :, :3, :3] = rotations
    truth = model(deltas, phenotypes, facial_actions=actions, pose_parameterization="local-ref")

    named = dict(zip(map(str, body.bone_names), rotations.numpy(), strict=True))
    posed = pose_people(body, [PosedPerson(phenotypes, named, np.eye(3), np.zeros(3), actions)])
    maps = (body.skin_weights @ posed.cam_from_rest[0].reshape(-1, 12)).reshape(-1, 3, 4)
    points = np.concatenate([posed.rest_vertices[0], np.ones((len(maps), 1))], axis=1)
    ours = np.einsum("vij,vj->vi", maps, points)
    assert np.abs(ours - truth["vertices"][0].numpy()).max() < 1e-4  # metres


def test_joints_lie_inside_the_silhouette(renderer):
    sample = next(
        s for s in (render(renderer, person(), seed) for seed in range(20)) if s.parts.max()
    )
    pixels = joints_px(sample).astype(int)
    inside = sample.silhouette[pixels[:, 1].clip(0, SIZE - 1), pixels[:, 0].clip(0, SIZE - 1)] > 0
    assert inside.mean() > 0.5


def test_parts_lie_where_their_joints_are(renderer):
    names = [str(name) for name in renderer.body.bone_names]
    left_foot, right_foot = (1 + PART_NAMES.index(f"foot_{side}") for side in ("left", "right"))
    sides = []
    for seed in range(8):
        sample = render(renderer, person(), seed)
        for part, bone in ((left_foot, "foot.L"), (right_foot, "foot.R")):
            rows, columns = np.nonzero(sample.parts == part)
            if len(rows) > 8:  # not behind an occluder
                joint = joints_px(sample)[names.index(bone)]
                sides.append(np.hypot(columns.mean() - joint[0], rows.mean() - joint[1]))
    assert np.median(sides) < 10  # pixels of a person 100 tall


def test_the_left_side_of_a_facing_person_is_on_the_right(renderer):
    sample = render(renderer, person())
    names = [str(name) for name in renderer.body.bone_names]
    pixels = joints_px(sample)
    assert pixels[names.index("wrist.L"), 0] > pixels[names.index("wrist.R"), 0]
    assert pixels[names.index("head"), 1] < pixels[names.index("foot.L"), 1]


def test_a_seed_gives_one_picture(renderer):
    first, second = render(renderer, person(), 3), render(renderer, person(), 3)
    np.testing.assert_array_equal(first.image, second.image)
    assert not np.array_equal(first.image, render(renderer, person(), 4).image)


def test_someone_outside_the_frame_leaves_only_surroundings(renderer):
    away = render(renderer, person(translation_m=np.array([30.0, 0.0, 3.2])))
    assert not away.silhouette.any()
    assert away.image.shape == (SIZE, SIZE, 3)


def test_people_of_all_ages_are_drawn(renderer):
    for age in (0.0, 0.2, 0.5, 1.0):
        sample = render(renderer, person(phenotypes=PHENOTYPES | {"age": age}), seed=2)
        assert sample.silhouette.any()
