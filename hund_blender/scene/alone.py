# SPDX-License-Identifier: GPL-3.0-or-later
"""An armature evaluated by itself: not its skins, nor anything else of the scene."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

NAME: Final = "HUND evaluation"


class Alone:
    """A scene that holds nothing but one armature object."""

    def __init__(self, scene: Any, armature_object: Any) -> None:
        self._scene = scene
        self._object = armature_object

    def at(self, frame: float) -> None:
        """Go to a frame; pose and properties become what is keyed there."""
        whole = int(np.floor(frame))
        self._scene.frame_set(whole, subframe=float(frame - whole))

    def _evaluated(self) -> Any:
        layer = self._scene.view_layers[0]
        layer.update()
        return self._object.evaluated_get(layer.depsgraph)

    def matrices(self, names: Sequence[str]) -> Array:
        """Where constraints and all bring the named bones (B, 4, 4), in armature space."""
        bones = self._evaluated().pose.bones
        return np.array([bones[name].matrix for name in names]).reshape(-1, 4, 4)

    def matrices_at(self, frame: float, names: Sequence[str]) -> Array:
        """The same at a frame."""
        self.at(frame)
        return self.matrices(names)

    def world(self) -> Array:
        """Where the object is (4, 4)."""
        return np.array(self._evaluated().matrix_world)


@contextmanager
def alone(armature_object: Any, frame: float) -> Iterator[Alone]:
    """The armature by itself at a frame. What is keyed on it is so at that frame; what is not
    follows its channels.
    """
    scene: Any = bpy.data.scenes.new(NAME)
    try:
        scene.collection.objects.link(armature_object)
        evaluation = Alone(scene, armature_object)
        evaluation.at(frame)
        yield evaluation
    finally:
        bpy.data.scenes.remove(scene)
