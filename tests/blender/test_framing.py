# SPDX-License-Identifier: GPL-3.0-or-later
"""The photo's camera follows the size of its only person."""

from pathlib import Path
from typing import Any

import bpy
import made_people
import numpy as np
import pytest
from looking import evaluated_vertices, seen_px
from made_photos import add, made_result, meshes_of

from hund_blender.body import Body


@pytest.fixture
def skin(body: Body, tmp_path: Path) -> Any:
    person = made_people.person(body, 1)
    person["parameters"]["phenotypes"]["age"] = 0.3
    add(made_result(body, tmp_path / "one.png", [person]))
    return meshes_of("one")[0]


def extent_px(skin: Any) -> np.ndarray:
    """Left, top, right and bottom of a body in the picture (4,)."""
    bpy.context.view_layer.update()
    px = seen_px(evaluated_vertices(skin), bpy.context.scene.camera)
    return np.concatenate([px.min(0), px.max(0)])


def test_a_child_that_grows_up_stays_as_large_in_the_photo(skin: Any) -> None:
    settings, before = skin.parent.data.hund, extent_px(skin)
    height_px = before[3] - before[1]
    settings.age = 0.8
    np.testing.assert_allclose(extent_px(skin), before, atol=0.08 * height_px)
    assert evaluated_vertices(skin)[:, 2].min() == pytest.approx(0, abs=1e-3)
    bpy.ops.hund.reset_shape()
    np.testing.assert_allclose(extent_px(skin), before, atol=0.01 * height_px)


def test_otherwise_it_grows_in_the_photo(skin: Any) -> None:
    bpy.context.scene.hund.camera_follows = False
    camera, before = tuple(bpy.context.scene.camera.location), extent_px(skin)
    skin.parent.data.hund.age = 0.8
    after = extent_px(skin)
    assert after[3] - after[1] > 1.2 * (before[3] - before[1])
    assert tuple(bpy.context.scene.camera.location) == camera


@pytest.mark.parametrize("reason", ["two people", "another pose", "no camera"])
def test_cameras_that_have_no_reason_to_move_stay(
    body: Body, tmp_path: Path, skin: Any, reason: str
) -> None:
    if reason == "two people":
        people = [made_people.person(body, 1), made_people.person(body, 2, 1.0)]
        add(made_result(body, tmp_path / "two.png", people))
        skin = meshes_of("two")[0]
    if reason == "another pose":
        bpy.context.view_layer.objects.active = skin.parent
        bpy.ops.hund.mirror_pose()
    camera = bpy.context.scene.camera
    if reason == "no camera":
        bpy.context.scene.collection.children["one"].objects.unlink(camera)
    before = tuple(camera.location)
    skin.parent.data.hund.height = 0.9
    assert tuple(camera.location) == before
