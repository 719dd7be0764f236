# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses of photos as assets: actions of one key, each with its piece of the photo as preview."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import bpy
import numpy.typing as npt

from ..asset_pose import AssetPose, asset_bones, asset_pose
from ..catalogues import catalogue_id, catalogue_of
from ..compat import new_channels
from ..estimate import Person
from ..placing import PhotoResult, Pieces
from ..rigs import rig_of
from .arrays import show_picture
from .asset_catalogues import CATALOGUE, define_catalogues_of_file
from .building import Site, photo_by_photo
from .pose_rest import keep_rest
from .restore import in_scene

Array = npt.NDArray[Any]

TAG: Final = "HUND"
FRAME: Final = 1.0
UNDO_MESSAGE: Final = "Pose Assets from Photos"


def add_pose_assets(scene_name: str, results: Sequence[PhotoResult], rig_key: str) -> Pieces:
    """An asset for every person as one undo step; tells what is wrong with the other photos."""

    def build(result: PhotoResult, site: Site) -> Iterator[str]:
        people = result.estimate.people
        for number, person in enumerate(people, start=1):
            name = f"{result.path.stem} Person {number}" if len(people) > 1 else result.path.stem
            yield f"Keeping the pose of {name}"
            with site.open():
                rig = rig_of(rig_key, result.body)
                action = _keyed(name, asset_pose(rig, person))
                keep_rest(action, asset_bones(rig))
                _mark(action, result, person)
                if person.thumbnail is not None:
                    show_picture(action.preview_ensure(), person.thumbnail)

    def finish(scene: Any) -> None:
        with in_scene(scene):
            bpy.ops.ed.undo_push(message=UNDO_MESSAGE)

    yield from photo_by_photo(scene_name, results, build, finish)
    yield from define_catalogues_of_file()


def _keyed(name: str, pose: AssetPose) -> bpy.types.Action:
    action = bpy.data.actions.new(name)
    channels = new_channels(action, "OBJECT")
    for bone, wxyz in zip(pose.bone_names, pose.rotations_wxyz, strict=True):
        key_values(channels, bone, "rotation_quaternion", wxyz)
    key_values(channels, pose.bone_names[0], "location", pose.root_location_m)
    return action


def key_values(channels: Any, bone: str, channel: str, values: Array) -> None:
    """Key a bone's channel on the frame that poses are kept on."""
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
