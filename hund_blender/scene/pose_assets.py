# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses of photos as assets: actions of one key, each with its piece of the photo as preview."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

from ..asset_pose import AssetPose, asset_pose
from ..catalogues import catalogue_id, catalogue_of
from ..compat import new_object_channels
from ..errors import SceneError
from ..estimate import Person
from ..job import PhotoResult
from ..progress import Problem, problem_of, unexpected
from ..rigs import rig_of
from ..thumbnails import thumbnail
from .asset_catalogues import CATALOGUE, define_catalogues_of_file
from .photo_image import photo_pixels
from .restore import in_scene, removed_on_failure

log = logging.getLogger(__name__)

Array = npt.NDArray[Any]

TAG: Final = "HUND"
FRAME: Final = 1.0
UNDO_MESSAGE: Final = "Pose Assets from Photos"


def add_pose_assets(
    scene: bpy.types.Scene, results: Sequence[PhotoResult], rig_key: str
) -> list[Problem]:
    """An asset for every person as one undo step; tells what is wrong with the other photos."""
    problems: list[Problem] = []
    with in_scene(scene):
        for result in results:
            try:
                _add_photo(result, rig_key)
            except SceneError as error:
                problems.append(problem_of(error, result.path.name))
            except Exception as error:  # one photo must not take the others with it
                log.exception("making pose assets of %s failed", result.path.name)
                problems.append(unexpected(error, result.path.name))
        if len(problems) < len(results):
            bpy.ops.ed.undo_push(message=UNDO_MESSAGE)
    return problems + define_catalogues_of_file()


def _add_photo(result: PhotoResult, rig_key: str) -> None:
    rig, people = rig_of(rig_key, result.body), result.estimate.people
    pixels = photo_pixels(result.path)
    with removed_on_failure():
        for number, person in enumerate(people, start=1):
            name = f"{result.path.stem} Person {number}" if len(people) > 1 else result.path.stem
            action = _keyed(name, asset_pose(rig, person))
            _mark(action, result, person)
            _show(action, thumbnail(pixels, person.box_px))


def _keyed(name: str, pose: AssetPose) -> bpy.types.Action:
    action = bpy.data.actions.new(name)
    channels = new_object_channels(action)
    for bone, wxyz in zip(pose.bone_names, pose.rotations_wxyz, strict=True):
        _key(channels, bone, "rotation_quaternion", wxyz)
    _key(channels, pose.bone_names[0], "location", pose.root_location_m)
    return action


def _key(channels: Any, bone: str, channel: str, values: Array) -> None:
    group = channels.groups.get(bone) or channels.groups.new(bone)
    for index, value in enumerate(values):
        path = f'pose.bones["{bpy.utils.escape_identifier(bone)}"].{channel}'
        curve = channels.fcurves.new(path, index=index)
        curve.group = group
        curve.keyframe_points.insert(FRAME, float(value))


def _mark(action: bpy.types.Action, result: PhotoResult, person: Person) -> None:
    catalogue = catalogue_of(result.path.parent.name)
    action.asset_mark()
    action[CATALOGUE] = catalogue
    data: Any = action.asset_data
    data.catalog_id = catalogue_id(catalogue)
    data.description = f"Pose from {result.path.name}, {person.confidence:.0%} sure"
    for tag in (TAG, result.path.stem):
        data.tags.new(tag, skip_if_exists=True)


def _show(action: bpy.types.Action, picture: Array) -> None:
    """A picture (S, S, 4), first row on top, as the preview of an asset."""
    preview: Any = action.preview_ensure()
    preview.image_size = picture.shape[1::-1]
    preview.image_pixels_float.foreach_set(np.ascontiguousarray(picture[::-1]).ravel())
