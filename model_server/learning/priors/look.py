# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of what the flows take for people (`benchmarks/priors.py --sheets`).

Likelihoods do not show a thumb that goes through the palm; eyes do.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from model_server.bones import BodyBones
from model_server.learning.body.body_model import ASSET, BodyModel
from model_server.learning.mocap import look, so3
from model_server.learning.mocap.so3 import Array
from model_server.learning.priors.hand_poses import ADULT, HAND_BONES, hand_axes

Picture = np.ndarray  # RGB uint8 (H, W, 3)

TILE: Final = 150  # pixels
COLUMNS: Final = 8
BODY_YAW: Final = 0.5  # radians off front
HAND_YAWS: Final = (0.5, -0.9)
HAND_HALF_WIDTH: Final = 0.115  # metres
PALM: Final = (0.8, 0.8, 0.8)
THUMB: Final = (0.35, 0.75, 0.35)


class HandPainter:
    """Off-screen pictures of the left hand of the average adult, fingers up, palm to the viewer."""

    def __init__(self, size: int = TILE) -> None:
        import moderngl

        self.size, self.body = size, BodyModel()
        names = self.body.bone_names
        self.fingers = [names.index(bone) for bone in HAND_BONES]
        weights = self.body.get_buffer("weights").numpy()
        in_hand = [names.index("wrist.L"), *self.fingers]
        in_hand += [names.index(f"metacarpal{ray}.L") for ray in range(1, 5)]
        quads = self.body.faces.numpy()
        quads = quads[(weights[:, in_hand].sum(1) > 0.5)[quads].all(1)]
        self.triangles = np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]])
        strongest = weights.argmax(1)
        self.colours = np.where(np.isin(strongest, self.fingers[:3])[:, None], THUMB, PALM)
        self.phenotypes = torch.full((1, 6), 0.5)
        self.phenotypes[0, self.body.meta["phenotype_names"].index("age")] = ADULT["age"]
        bones = BodyBones(ASSET).reference(ADULT)
        axes = hand_axes(bones)
        # Hand axes: along, to the thumb, palmwards. The picture's: right, away, up.
        self.picture_from_body = np.stack([-axes[:, 1], -axes[:, 2], axes[:, 0]])
        self.middle = bones.head("finger3-1.L")
        self.context = moderngl.create_standalone_context(backend="egl")  # pyright: ignore[reportArgumentType] stub says dict
        self.context.enable(moderngl.DEPTH_TEST)
        self.program = self.context.program(
            vertex_shader=look.VERTEX_SHADER, fragment_shader=look.FRAGMENT_SHADER
        )
        self.target = self.context.simple_framebuffer((size, size), components=3)
        self.target.use()
        self.program["half_width"] = HAND_HALF_WIDTH
        self.program["view"] = (1, 0, 0, 0, 1, 0, 0, 0, 1)
        self.indices = self.context.buffer(self.triangles.astype("i4").tobytes())

    def vertices(self, rotations: Array) -> Array:
        """Vertices (V, 3) of the posed body in picture axes, metres, the hand in the middle."""
        full = torch.eye(3).repeat(1, len(self.body.bone_names), 1, 1)
        full[0, self.fingers] = torch.from_numpy(np.asarray(rotations, np.float32))
        with torch.no_grad():
            vertices = self.body(self.phenotypes, full)[0][0].numpy()
        return (vertices - self.middle) @ self.picture_from_body.T

    def paint(self, rotations: Array, yaw: float = HAND_YAWS[0]) -> Picture:
        """RGB uint8 (size, size, 3) of HAND_BONES' rotations (15, 3, 3), the palm turned away from
        the viewer by `yaw` radians."""
        vertices = self.vertices(rotations) @ so3.about(np.array([0.0, 0, 1]), np.array(yaw)).T
        layers = (vertices, look.normals(vertices, self.triangles), self.colours)
        buffer = self.context.buffer(np.concatenate(layers, 1).astype("f4").tobytes())
        array = self.context.vertex_array(
            self.program, [(buffer, "3f 3f 3f", "position", "normal", "colour")], self.indices
        )
        self.target.clear(1, 1, 1)
        array.render()
        raw = self.target.read(components=3)
        array.release()
        buffer.release()
        return np.frombuffer(raw, np.uint8).reshape(self.size, self.size, 3)[::-1]


def body_tiles(rotations: Tensor) -> list[Picture]:
    """Pictures of bodies (N, 21, 3, 3), upright."""
    painter, root = look.Painter(TILE), torch.eye(3)[None]
    return [painter.paint(torch.cat([root, one]).numpy(), BODY_YAW) for one in rotations]


def hand_tiles(rotations: Tensor) -> list[Picture]:
    """Pictures of hands (N, 15, 3, 3), each from two sides."""
    painter = HandPainter()
    return [
        np.concatenate([painter.paint(one.numpy(), yaw) for yaw in HAND_YAWS], 1)
        for one in rotations
    ]
