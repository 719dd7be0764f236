# SPDX-License-Identifier: GPL-3.0-or-later
"""The body as the artist gets it, drawn over the photo that it came from.

The mesh is made by the add-on's own code, so what is measured and looked at is what arrives in
Blender: all bones, fingers included, the shape and the face.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hund_blender.body import Body
from hund_blender.rotations import matrices_from_quaternions
from model_server.arrays import ImageArray
from model_server.body_params import BodyParams
from model_server.camera import Camera
from model_server.crops import Box, cut, square_crop

Array = NDArray[Any]

SUBPIXEL_BITS: Final = 4  # of OpenCV's fixed-point coordinates
FARTHEST_PX: Final = 1e5  # where these still hold
OVERSAMPLING: Final = 4  # OpenCV fills whatever an edge touches; smaller pixels bound the excess
NEAREST_M: Final = 0.05  # what is nearer, or behind the camera, is not in the picture
TO_LIGHT: Final = np.array([0.36, -0.48, -0.8])  # unit, camera frame
OPACITY: Final = 0.7
PAPER: Final = 245
TRUNK, LEFT, RIGHT = (225, 205, 175), (110, 160, 255), (255, 130, 110)
OUTLINE: Final = (255, 220, 0)
LIMBS: Final = ("upper", "lower", "wrist", "metacarpal", "finger", "foot", "toe")


@dataclass(frozen=True)
class Mesh:
    """A posed body before the camera."""

    vertices_cam: Array  # (V, 3) metres
    triangles: Array  # (T, 3), counter-clockwise from outside
    colors: Array  # (T, 3) RGB, the person's left limbs blue, the right ones red

    def from_the_side(self) -> Mesh:
        """The body turned by a quarter about its own middle: who faced the camera faces right."""
        middle = (self.vertices_cam.min(axis=0) + self.vertices_cam.max(axis=0)) / 2
        turn = np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]])
        return replace(self, vertices_cam=(self.vertices_cam - middle) @ turn.T + middle)


class Mesher:
    """Makes the meshes of answers."""

    def __init__(self, asset: Path) -> None:
        self.body = Body.load(str(asset))
        quads = self.body.arrays["faces"].astype(np.intp)
        self._triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
        colors = np.array([_color(bone) for bone in self.body.bone_names])
        self._colors = colors[self.strongest_bones()[self._triangles[:, 0]]]

    def strongest_bones(self) -> NDArray[np.intp]:
        """The bone (V,) that moves each vertex most, by its place among the names."""
        heaviest = self.body.arrays["weights"].argmax(axis=1)[:, None]
        bones = np.take_along_axis(self.body.arrays["weight_bones"], heaviest, axis=1)
        return bones[:, 0].astype(np.intp)

    def mesh(self, parameters: BodyParams) -> Mesh:
        """The whole body of an answer, in the camera frame."""
        rest = self.body.rest(parameters.phenotypes, parameters.facial_actions)
        posed = self.body.pose(rest, parameters.rotations)
        turn = matrices_from_quaternions(np.array(parameters.root))
        placed = posed.moved(turn, posed.heads[0], np.array(parameters.translation))
        return Mesh(placed.vertices, self._triangles, self._colors)


def _color(bone: str) -> tuple[int, int, int]:
    if not bone.startswith(LIMBS):
        return TRUNK
    return LEFT if bone.endswith(".L") else RIGHT


def scaled(camera: Camera, factor: float) -> Camera:
    """The camera of the same photo, `factor` times as large."""
    x, y = camera.center_px
    return replace(camera, focal_px=camera.focal_px * factor, center_px=(x * factor, y * factor))


def silhouette(mesh: Mesh, camera: Camera, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Where the body is in a picture of `shape`: (H, W)."""
    fine = np.zeros((shape[0] * OVERSAMPLING, shape[1] * OVERSAMPLING), np.uint8)
    corners, _ = _in_picture(mesh, scaled(camera, OVERSAMPLING), fine.shape)
    for triangle in corners:
        cv2.fillConvexPoly(fine, triangle, 255, shift=SUBPIXEL_BITS)
    return cv2.resize(fine, shape[::-1], interpolation=cv2.INTER_AREA) > 127


def draw(
    image: ImageArray, meshes: Iterable[Mesh], camera: Camera, opacity: float = OPACITY
) -> ImageArray:
    """`image` (H, W, 3) with shaded bodies over it, the nearest on top."""
    picture = image.copy()
    for mesh in sorted(meshes, key=lambda m: -float(np.median(m.vertices_cam[:, 2]))):
        painted = picture.copy()
        corners, rows = _in_picture(mesh, camera, image.shape[:2])
        colors = _shaded(mesh, rows)
        depths = mesh.vertices_cam[mesh.triangles[rows], 2].mean(axis=1)
        for i in np.argsort(-depths):
            cv2.fillConvexPoly(
                painted, corners[i], colors[i].tolist(), cv2.LINE_AA, shift=SUBPIXEL_BITS
            )
        picture = cv2.addWeighted(painted, opacity, picture, 1 - opacity, 0)
    return picture


def _in_picture(mesh: Mesh, camera: Camera, shape: Sequence[int]) -> tuple[Array, Array]:
    """The triangles in a picture of `shape`: fixed-point corners (N, 3, 2), and rows (N,)."""
    px = camera.project(mesh.vertices_cam)[mesh.triangles]
    ahead = (mesh.vertices_cam[mesh.triangles, 2] > NEAREST_M).all(axis=1)
    reaching_in = (px.max(axis=1) > 0).all(axis=1) & (px.min(axis=1) < shape[1::-1]).all(axis=1)
    rows = np.flatnonzero(ahead & reaching_in)
    near = np.clip(px[rows] - 0.5, -FARTHEST_PX, FARTHEST_PX)  # OpenCV's 0 is a pixel's middle
    return np.round(near * 2**SUBPIXEL_BITS).astype(np.int32), rows


def _shaded(mesh: Mesh, rows: Array) -> Array:
    """Colors (N, 3) 0…255 of some triangles."""
    a, b, c = mesh.vertices_cam[mesh.triangles[rows]].swapaxes(0, 1)
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return mesh.colors[rows] * (0.3 + 0.7 * np.clip(normals @ TO_LIGHT, 0, 1))[:, None]


def on_paper(mesh: Mesh, side: int) -> ImageArray:
    """The body alone on a square of `side` pixels, seen from far so that nothing is distorted."""
    low, high = mesh.vertices_cam.min(axis=0), mesh.vertices_cam.max(axis=0)
    far = 20 * float((high - low).max())
    placed = replace(
        mesh, vertices_cam=mesh.vertices_cam - (low + high) / 2 + np.array([0, 0, far])
    )
    camera = Camera(0.9 * side * 20, (side / 2, side / 2), "given")
    return draw(np.full((side, side, 3), PAPER, np.uint8), [placed], camera, opacity=1)


def zoomed(
    image: ImageArray, meshes: Sequence[Mesh], camera: Camera, box: Box, side: int
) -> ImageArray:
    """`box` of the photo beside the same with the bodies drawn: (side, 2 · side, 3)."""
    crop = square_crop(box, side)
    x, y = camera.center_px
    near = scaled(replace(camera, center_px=(x - crop.left, y - crop.top)), 1 / crop.scale)
    plain = cut(image, crop)
    return np.concatenate([plain, draw(plain, meshes, near)], axis=1)


def outlined(image: ImageArray, masks: Iterable[NDArray[np.bool_]]) -> ImageArray:
    """`image` (H, W, 3) with the borders of masks (H, W)."""
    picture = image.copy()
    for mask in masks:
        borders, _ = cv2.findContours(
            mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(picture, borders, -1, OUTLINE, 1)
    return picture


def labelled(picture: ImageArray, text: str) -> ImageArray:
    """The picture with a few words in its corner."""
    copy = np.ascontiguousarray(picture)
    for color, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(copy, text, (5, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, color, width, cv2.LINE_AA)
    return copy


def contact_sheet(
    pictures: Sequence[ImageArray], columns: int, size: tuple[int, int]
) -> ImageArray:
    """All pictures on one, each within a rectangle of `size` (width, height)."""
    width, height = size
    sheet = np.zeros((-(-len(pictures) // columns) * height, columns * width, 3), np.uint8)
    for i, picture in enumerate(pictures):
        factor = min(width / picture.shape[1], height / picture.shape[0])
        small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        top, left = i // columns * height, i % columns * width
        rows, across = min(small.shape[0], height), min(small.shape[1], width)
        sheet[top : top + rows, left : left + across] = small[:rows, :across]
    return sheet


def save(picture: ImageArray, path: Path) -> None:
    cv2.imwrite(str(path), picture[..., ::-1])
