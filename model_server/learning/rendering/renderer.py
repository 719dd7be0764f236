# SPDX-License-Identifier: GPL-3.0-or-later
"""Body parameters -> pictures of dressed people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from model_server.learning.body.parts import PART_OF_BONE, part_of_bones
from model_server.learning.rendering.appearance import Look, Worn, sample_look
from model_server.learning.rendering.background import sample_background
from model_server.learning.rendering.body_arrays import load_body_arrays
from model_server.learning.rendering.corruption import corrupt_picture, occlude
from model_server.learning.rendering.posing import PosedBatch, PosedPerson, pose_people
from model_server.learning.rendering.scene import Camera, DrawnLayer, Scene
from model_server.learning.rendering.shells import (
    arm_coordinate,
    cut_triangles,
    is_under,
    shell_layers,
)
from model_server.learning.rendering.skin import eye_centres, skin_layer
from model_server.learning.rendering.wardrobe import Layer, load_wardrobe

_SKIN_MARGIN_M = 0.025  # skin stays visible this far beneath a painted garment's border


@dataclass(frozen=True)
class RenderedSample:
    """`image` RGB uint8 (H, W, 3); `silhouette` uint8 (H, W), 255 where the person is visible;
    `parts` uint8 (H, W), 1 + index into `part_names` of the renderer's table, 0 elsewhere;
    `joints_cam` (B, 3) posed bone heads, metres in the camera frame, in anny's bone order."""

    image: np.ndarray
    silhouette: np.ndarray
    parts: np.ndarray
    joints_cam: np.ndarray


class DressedRenderer:
    """Renders dressed people; one per process, since it owns an OpenGL context."""

    def __init__(
        self, data_dir: Path, size: int = 320, part_of_bone: Mapping[str, str] = PART_OF_BONE
    ) -> None:
        """`data_dir` holds MakeHuman's `clothes/`, `hair/` and `eyelashes/`; `size` is the
        picture's side in pixels; `part_of_bone` says what part maps tell apart."""
        self.size = size
        self.body = load_body_arrays()
        wardrobe = load_wardrobe(self.body, Path(data_dir))
        layers = [skin_layer(self.body), *shell_layers(self.body)]
        layers += [layer for slot in wardrobe.values() for layer in slot]
        self._layers = {layer.name: layer for layer in layers}
        self._names_of_slot = {
            slot: [layer.name for layer in members] for slot, members in wardrobe.items()
        }
        names, parents = [str(n) for n in self.body.bone_names], self.body.bone_parents.tolist()
        numbers = np.array(part_of_bones(names, parents, part_of_bone)) + 1
        self._scene = Scene(size, layers, numbers, eye_centres(self.body)[0])
        self._along_arm = arm_coordinate(self.body)[self._layers["skin"].binding.base_ids[:, 0]]

    def sample_look(self, phenotypes: Mapping[str, float], rng: Generator) -> Look:
        """A random look for a body of these phenotypes."""
        return sample_look(rng, self._names_of_slot, phenotypes)

    def render(
        self,
        person: PosedPerson,
        camera: Camera,
        look: Look,
        rng: Generator,
        *,
        with_faults: bool = True,
    ) -> RenderedSample:
        """One picture; `rng` draws the background and, if wanted, occluders and picture noise."""
        return self.render_batch([person], [camera], [look], rng, with_faults=with_faults)[0]

    def render_batch(
        self,
        people: Sequence[PosedPerson],
        cameras: Sequence[Camera],
        looks: Sequence[Look],
        rng: Generator,
        *,
        with_faults: bool = True,
    ) -> list[RenderedSample]:
        """One picture per person; posing is shared, so batches of 16 or more are cheapest."""
        batch = pose_people(self.body, people)
        return [
            self._render_one(batch, index, camera, look, rng, with_faults)
            for index, (camera, look) in enumerate(zip(cameras, looks, strict=True))
        ]

    def _render_one(
        self,
        batch: PosedBatch,
        index: int,
        camera: Camera,
        look: Look,
        rng: Generator,
        with_faults: bool,
    ) -> RenderedSample:
        transforms = batch.cam_from_rest[index]
        rest = batch.rest_vertices[index]
        drawn = [self._place(worn, rest, transforms, look) for worn in look.worn]
        person, parts = self._scene.draw(drawn, camera, look.lighting)
        background = sample_background(rng, self.size)
        image = _compose(person, background)
        silhouette = person[..., 3]
        if with_faults:
            image, silhouette, parts = occlude(rng, image, silhouette, parts)
            image = corrupt_picture(rng, image)
        return RenderedSample(image, silhouette, parts, batch.joints_cam[index])

    def _place(
        self, worn: Worn, rest: np.ndarray, transforms: np.ndarray, look: Look
    ) -> DrawnLayer:
        """Fit, inflate and skin one layer."""
        layer = self._layers[worn.layer]
        fitted = layer.binding.fit(rest)
        if worn.inflate_m:
            fitted = fitted + worn.inflate_m * layer.normals
        posed = skin_points(layer, fitted, transforms)
        triangles = None
        if layer.slot == "skin":
            triangles = self._visible_skin(layer, look)
        elif worn.material.cut is not None:
            triangles = cut_triangles(layer, worn.material.cut)
        return DrawnLayer(layer, posed, worn.material, triangles)

    def _visible_skin(self, skin: Layer, look: Look) -> np.ndarray:
        """The skin triangles (T, 3) that no garment hides."""
        gone_base = np.zeros(len(self.body.template_vertices), dtype=bool)
        under = np.zeros(len(skin.positions), dtype=bool)
        for worn in look.worn:
            gone_base[self._layers[worn.layer].hidden_ids] = True
            if worn.material.cut is not None and worn.layer != "skirt":
                under |= is_under(
                    worn.material.cut, skin.positions, self._along_arm, _SKIN_MARGIN_M
                )
        gone = under | gone_base[skin.binding.base_ids[:, 0]]
        return skin.triangles[~gone[skin.triangles].all(axis=1)]


def skin_points(layer: Layer, fitted: np.ndarray, transforms: np.ndarray) -> np.ndarray:
    """Linear blend skinning of fitted points (R, 3) and the layer's normals: (R, 6) in the camera
    frame.

    Works on rows of coordinates, so that every step runs over long contiguous arrays.
    """
    blended = (
        transforms.reshape(len(transforms), 12).T @ layer.skin_weights.T
    )  # (12, R): three rows of a 3x4 map
    x, y, z = np.ascontiguousarray(fitted.T)
    u, v, w = np.ascontiguousarray(layer.normals.T)
    posed = np.empty((len(fitted), 6), dtype=np.float32)
    for axis in range(3):
        a, b, c, shift = blended[4 * axis : 4 * axis + 4]
        posed[:, axis] = a * x + b * y + c * z + shift
        posed[:, 3 + axis] = a * u + b * v + c * w
    return posed


def _compose(person: np.ndarray, background: np.ndarray) -> np.ndarray:
    """RGBA (H, W, 4) whose alpha is 0 or 255, over RGB (H, W, 3); the border is softened as a lens
    would."""
    image = cv2.copyTo(cv2.cvtColor(person, cv2.COLOR_RGBA2RGB), person[..., 3], background)
    return cv2.GaussianBlur(image, (3, 3), 0.45)
