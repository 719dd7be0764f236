# SPDX-License-Identifier: GPL-3.0-or-later
"""The body asset in numpy: phenotypes to a rest body, rotations to a posed one.

The formulas are those of docs/conventions.md.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from .errors import ServerError
from .rotations import matrices_from_quaternions, nearest_rotations

Array = npt.NDArray[Any]
Quaternion = Sequence[float] | Array  # WXYZ

FORMAT: Final = 1
WEIGHT_UNIT: Final = 65535
UNSET_FEATURE: Final = 0.5  # of features that are no phenotype of ours


@dataclass(frozen=True, eq=False)
class RestBody:
    """A body of one shape before any pose: body frame, metres."""

    vertices: Array  # (V, 3)
    heads: Array  # (B, 3)
    rotations: Array  # (B, 3, 3) rest rotations R; Y points along the bone
    tails: Array  # (B, 3) where to draw the ends of the bones

    def standing(self) -> RestBody:
        """The same with its lowest point on the floor, z = 0."""
        up = np.array([0.0, 0.0, -self.vertices[:, 2].min()])
        return replace(
            self, vertices=self.vertices + up, heads=self.heads + up, tails=self.tails + up
        )


@dataclass(frozen=True, eq=False)
class PosedBody:
    """A body in a pose: body frame, metres, unless brought elsewhere by `moved`."""

    vertices: Array  # (V, 3)
    bone_rotations: Array  # (B, 3, 3) G, away from the reference pose
    bone_deforms: Array  # (B, 3, 3) G A, away from the rest pose
    heads: Array  # (B, 3)

    def moved(self, rotation: Array, pivot: Array, location: Array) -> PosedBody:
        """This body turned by rotation (3, 3) about pivot (3,), which goes to location (3,)."""
        return PosedBody(
            vertices=(self.vertices - pivot) @ rotation.T + location,
            bone_rotations=rotation @ self.bone_rotations,
            bone_deforms=rotation @ self.bone_deforms,
            heads=(self.heads - pivot) @ rotation.T + location,
        )


@dataclass(frozen=True, eq=False)
class Body:
    """One rig's asset. Arrays keep the names and shapes of docs/conventions.md."""

    rig: str
    source: str  # what the server says that it was made of
    bone_names: tuple[str, ...]
    bone_parents: tuple[int, ...]  # -1 for the root, which comes first
    facial_action_names: tuple[str, ...]
    landmark_names: tuple[str, ...]
    phenotype_names: tuple[str, ...]
    variation_names: Mapping[str, Sequence[str]]
    variation_anchors: Mapping[str, Sequence[float]]
    arrays: Mapping[str, Array] = field(repr=False)
    asset: bytes = field(repr=False)  # the file that all of this was read from

    @classmethod
    def load(cls, source: str | PathLike[str] | IO[bytes]) -> Body:
        """Read an asset from a path or a binary file object."""
        data = Path(source).read_bytes() if isinstance(source, str | PathLike) else source.read()
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                arrays = {key: file[key] for key in file.files}
            meta = json.loads(str(arrays.pop("meta")))
        except (ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
            raise ServerError("The body that the server sent cannot be read.", _UPDATE) from error
        if meta.get("format") != FORMAT:
            raise ServerError(
                f"The body has format {meta.get('format')}, expected {FORMAT}.", _UPDATE
            )
        return cls(
            rig=meta["rig"],
            source=meta["source"],
            bone_names=tuple(meta["bone_names"]),
            bone_parents=tuple(meta["bone_parents"]),
            facial_action_names=tuple(meta["facial_action_names"]),
            landmark_names=tuple(meta["landmark_names"]),
            phenotype_names=tuple(meta["phenotype_names"]),
            variation_names=meta["variation_names"],
            variation_anchors=meta["variation_anchors"],
            arrays=arrays,
            asset=data,
        )

    @cached_property
    def average(self) -> RestBody:
        """The rest body with every phenotype in the middle."""
        return self.rest({})

    def coefficients(self, phenotypes: Mapping[str, float]) -> Array:
        """Coefficients (K,) of the shape basis."""
        variations = np.concatenate(
            [self._variations(name, phenotypes) for name in self.variation_names]
        )
        products = np.where(self.arrays["variation_mask"] > 0, variations, 1.0).prod(1)
        coefficients: Array = products @ self.arrays["variation_projection"].astype(np.float64)
        return coefficients

    def _variations(self, feature: str, phenotypes: Mapping[str, float]) -> Array:
        """Weights of the variations of one feature; they sum to 1."""
        count = len(self.variation_names[feature])
        if feature not in self.variation_anchors:
            return np.full(count, 1 / count)
        anchors = self.variation_anchors[feature]
        value = phenotypes.get(feature, UNSET_FEATURE)
        return np.array([np.interp(value, anchors, corner) for corner in np.eye(count)])

    def rest(
        self, phenotypes: Mapping[str, float], facial_actions: Mapping[str, float] | None = None
    ) -> RestBody:
        """The body of these phenotypes (0.5 where not given) with facial actions 0…1 applied."""
        coefficients = self.coefficients(phenotypes)
        heads = self._shaped("bone_heads", coefficients)
        rotations = nearest_rotations(self._shaped("rest_matrices", coefficients))
        return RestBody(
            vertices=self._shaped_vertices(coefficients)
            + self._facial_offset(facial_actions or {}),
            heads=heads,
            rotations=rotations,
            tails=heads + self._tail_offsets(heads, rotations),
        )

    def _shaped(self, name: str, coefficients: Array) -> Array:
        shaped: Array = self.arrays[name] + np.tensordot(
            coefficients, self.arrays[f"shape_{name}"], 1
        )
        return shaped

    def _shaped_vertices(self, coefficients: Array) -> Array:
        steps = (coefficients * self.arrays["shape_vertices_step"]).astype(np.float32)
        moved: Array = self.arrays["template_vertices"] + np.einsum(
            "k,kvi->vi", steps, self.arrays["shape_vertices"]
        )
        return moved

    def _facial_offset(self, facial_actions: Mapping[str, float]) -> Array:
        offset = np.zeros_like(self.arrays["template_vertices"])
        for name, value in facial_actions.items():
            offset += value * self.facial_offsets(name)
        return offset

    def facial_offsets(self, name: str) -> Array:
        """How far each vertex (V, 3) moves when one facial action is at 1."""
        return self.directions("face_vertices", self.facial_action_names.index(name))

    @property
    def rests_in_t_pose(self) -> bool:
        """Whether it is SMPL-X's, whose joints count from how it rests."""
        return "pose_vertices" in self.arrays

    def directions(self, name: str, number: int) -> Array:
        """How far each vertex (V, 3) moves by one of the arrays that are integers times a step."""
        moved: Array = self.arrays[name][number] * self.arrays[f"{name}_step"][number]
        return moved

    def coefficients_of(self, rest: RestBody) -> Array:
        """Inverse of `rest` without facial actions, wherever the body stands: coefficients (K,)."""
        steps = self.arrays["shape_vertices_step"][:, None, None]
        shapes = self.arrays["shape_vertices"] * steps.astype(np.float64)
        away = rest.vertices - self.arrays["template_vertices"]
        rows = (shapes - shapes.mean(1, keepdims=True)).reshape(len(shapes), -1)
        found: Array = np.linalg.solve(rows @ rows.T, rows @ (away - away.mean(0)).ravel())
        return found

    def _tail_offsets(self, heads: Array, rotations: Array) -> Array:
        """The template's tails, turned and scaled with each bone's part of the shape."""
        template_heads = self.arrays["bone_heads"]
        offsets = self.arrays["bone_tails"] - template_heads
        turned = rotations @ nearest_rotations(self.arrays["rest_matrices"]).swapaxes(1, 2)
        size = np.ptp(heads[:, 2]) / np.ptp(template_heads[:, 2])
        tails: Array = size * np.einsum("bij,bj->bi", turned, offsets)
        return tails

    def pose(self, rest: RestBody, rotations: Mapping[str, Quaternion] | None = None) -> PosedBody:
        """Pose a rest body by parent-relative rotations (WXYZ, body axes) of named bones.

        The root stays where it is.
        """
        world, deforms, heads = self.posed_bones(rest, rotations or {})
        return PosedBody(self._skinned(rest, deforms, heads), world, deforms, heads)

    def reference_bones(self, rest: RestBody) -> tuple[Array, Array]:
        """Turns A (B, 3, 3) away from rest, and heads (B, 3), of bones in the reference pose."""
        _, deforms, heads = self.posed_bones(rest, {})
        return deforms, heads

    def posed_bones(
        self, rest: RestBody, rotations: Mapping[str, Quaternion]
    ) -> tuple[Array, Array, Array]:
        """The bones of `pose` without the skin: G (B, 3, 3), G A (B, 3, 3) and heads (B, 3)."""
        relative = self._relative(rotations)
        align = self.arrays["reference_rotations"] @ rest.rotations.swapaxes(1, 2)
        world = np.empty_like(relative)
        heads = np.empty_like(rest.heads)
        world[0], heads[0] = np.eye(3), rest.heads[0]
        for bone, parent in enumerate(self.bone_parents[1:], start=1):
            offset = rest.heads[bone] - rest.heads[parent]
            heads[bone] = heads[parent] + world[parent] @ (
                offset if parent == 0 else align[parent] @ offset
            )
            world[bone] = world[parent] @ relative[bone]
        return world, world @ align, heads

    def _relative(self, rotations: Mapping[str, Quaternion]) -> Array:
        relative = np.tile(np.eye(3), (len(self.bone_names), 1, 1))
        for name, wxyz in rotations.items():
            relative[self.bone_names.index(name)] = matrices_from_quaternions(
                np.asarray(wxyz, np.float64)
            )
        return relative

    def _skinned(self, rest: RestBody, deforms: Array, heads: Array) -> Array:
        """Linear blend skinning: vertices (V, 3)."""
        shifts = heads - np.einsum("bij,bj->bi", deforms, rest.heads)
        transforms = np.concatenate([deforms, shifts[:, :, None]], 2)  # (B, 3, 4)
        weights = self.arrays["weights"] / WEIGHT_UNIT
        blended = np.einsum("vn,vnij->vij", weights, transforms[self.arrays["weight_bones"]])
        vertices: Array = (
            np.einsum("vij,vj->vi", blended[:, :, :3], rest.vertices) + blended[:, :, 3]
        )
        return vertices

    def skin_moments(self, vertices: Array) -> Array:
        """Sums (B, 4, 4) of p pᵀ over each bone's skin by weight, p = (x, y, z, 1) of a vertex."""
        bones, weights = self.arrays["weight_bones"].ravel(), self.arrays["weights"] / WEIGHT_UNIT
        points = np.concatenate([vertices, np.ones((len(vertices), 1))], 1)
        products = points[:, None, :, None] * points[:, None, None, :] * weights[:, :, None, None]
        count = len(self.bone_names)
        sums = [np.bincount(bones, entry, count) for entry in products.reshape(-1, 16).T]
        return np.stack(sums, 1).reshape(-1, 4, 4)

    def landmarks(self, vertices: Array) -> Array:
        """The landmarks (L, 3), in the order of landmark_names, of posed vertices (V, 3)."""
        carriers = vertices[self.arrays["landmark_vertices"]]
        points: Array = np.einsum("ln,lni->li", self.arrays["landmark_weights"], carriers)
        return points


_UPDATE: Final = "Install the add-on and the server from the same release."
