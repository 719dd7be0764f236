# SPDX-License-Identifier: GPL-3.0-or-later
"""Vertices of a skin know which of the body's they are, so that they follow it to other shapes."""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

from .arrays import read, write

Array = npt.NDArray[Any]

ATTRIBUTE: Final = "hund_vertex"  # 1 + index in the body; 0 for what the artist joined to it


def number_vertices(mesh: bpy.types.Mesh) -> None:
    attribute: Any = mesh.attributes.new(ATTRIBUTE, "INT", "POINT")
    write(attribute.data, "value", np.arange(1, len(mesh.vertices) + 1, dtype=np.int32))


def is_skin(thing: bpy.types.Object) -> bool:
    return thing.type == "MESH" and ATTRIBUTE in thing.data.attributes


def was_cut(mesh: bpy.types.Mesh) -> bool:
    """Whether vertices came up between those of the body, which belong to none of them."""
    numbers = _numbers(mesh)
    counts = np.bincount(numbers[numbers > 0])
    return bool(counts.max(initial=0) > 1)


def move_skin(mesh: bpy.types.Mesh, moves: Array) -> None:
    """Move vertices, in all shape keys, by the moves (V, 3) of the body's; edits come along."""
    own_moves = moves_of(mesh, moves)
    _add(mesh.vertices, own_moves)
    for key in mesh.shape_keys.key_blocks if mesh.shape_keys else ():
        _add(key.points, own_moves)
    mesh.update()


def moves_of(mesh: bpy.types.Mesh, moves: Array) -> Array:
    """Moves (N, 3) of a skin's vertices by those (V, 3) of the body's; others stay."""
    moved: Array = np.concatenate([np.zeros((1, 3)), moves]).astype(np.float32)[_numbers(mesh)]
    return moved


def _numbers(mesh: bpy.types.Mesh) -> Array:
    attribute: Any = mesh.attributes[ATTRIBUTE]
    numbers = np.empty(len(mesh.vertices), np.int32)
    attribute.data.foreach_get("value", numbers)
    return numbers


def _add(points: Any, moves: Array) -> None:
    write(points, "co", read(points, "co", 3) + moves)
