# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenGL side: layers in, an RGBA picture or a part map out. Offscreen, no display needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import moderngl
import numpy as np

from model_server.learning.rendering.appearance import Lighting, Material
from model_server.learning.rendering.wardrobe import Layer

_SHADERS = Path(__file__).with_name("shaders")
_VARIANTS = (("SKIN",), ("CLOTH",), ("CLOTH", "CUT"), ("HAIR",))
_VARIANT_OF_SLOT = {
    "skin": ("SKIN",),
    "shell": ("CLOTH", "CUT"),
    "hair": ("HAIR",),
    "eyelashes": ("HAIR",),
}
_OPEN_SLOTS = ("hair", "eyelashes", "hat")  # seen from both sides


@dataclass(frozen=True)
class Camera:
    """Pinhole intrinsics in pixels of the rendered picture; crops and off-centre frames move the
    centre."""

    focal_px: float
    center_px: tuple[float, float]


@dataclass(frozen=True)
class DrawnLayer:
    """A layer where it stands: corners and normals, side by side (R, 6), in the camera frame."""

    layer: Layer
    posed_cam: np.ndarray
    material: Material
    triangles: np.ndarray | None = None  # a subset of the layer's, where something hides the rest


class Scene:
    """One OpenGL context with every layer's constant data on board."""

    def __init__(
        self, size: int, layers: Sequence[Layer], part_of_bone: np.ndarray, eye_centre: np.ndarray
    ) -> None:
        """`part_of_bone` (B,) numbers the bones' parts, 1..255; `eye_centre` (3,) is the template's
        left eye."""
        self.size = size
        self._context = moderngl.create_context(standalone=True, backend="egl", require=330)
        vertex = (_SHADERS / "person.vert").read_text()
        # One program per material and cut: llvmpipe runs every branch of a shader, and `discard`
        # hinders early depth.
        self._programs = {
            key: self._context.program(vertex, _load_shader("person.frag", *key))
            for key in _VARIANTS
        }
        self._noise = _noise_texture(self._context)
        self._noise.use(0)
        self._programs["SKIN",]["eye_centre"].value = tuple(eye_centre)
        self._context.front_face = "cw"  # pictures are drawn top row first, which mirrors faces
        colour = self._context.renderbuffer((size, size), 4)
        part = self._context.renderbuffer((size, size), 1)
        self._target = self._context.framebuffer(
            [colour, part], self._context.depth_renderbuffer((size, size))
        )
        self._on_board = {
            id(layer): _LayerBuffers(self._context, layer, part_of_bone, self._program_of(layer))
            for layer in layers
        }

    def draw(
        self, drawn: Sequence[DrawnLayer], camera: Camera, lighting: Lighting
    ) -> tuple[np.ndarray, np.ndarray]:
        """RGBA uint8 (H, W, 4), alpha 255 on the person, and part numbers uint8 (H, W), 0 off the
        person.

        Put outer layers first: what they cover then costs nothing.
        """
        clip_from_cam = _clip_from_cam(camera, self.size, drawn)
        for program in self._programs.values():
            program["clip_from_cam"].write(clip_from_cam)
            _set_lighting(program, lighting)
        self._target.use()
        self._target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        for item in drawn:
            buffers = self._on_board[id(item.layer)]
            buffers.upload(item)
            _set_material(buffers.array.program, item.material)
            self._render(buffers.array, item)
        return self._read(attachment=0, components=4), self._read(attachment=1, components=1)[
            ..., 0
        ]

    def _program_of(self, layer: Layer) -> moderngl.Program:
        return self._programs[_VARIANT_OF_SLOT.get(layer.slot, ("CLOTH",))]

    def _render(self, array: moderngl.VertexArray, item: DrawnLayer) -> None:
        is_open = item.layer.slot in _OPEN_SLOTS or item.layer.name == "skirt"
        self._context.enable_only(moderngl.DEPTH_TEST | (0 if is_open else moderngl.CULL_FACE))
        triangles = item.layer.triangles if item.triangles is None else item.triangles
        array.render(moderngl.TRIANGLES, vertices=triangles.size)

    def _read(self, attachment: int, components: int) -> np.ndarray:
        data = self._target.read(components=components, attachment=attachment, alignment=1)
        return np.frombuffer(data, dtype=np.uint8).reshape(self.size, self.size, components)


class _LayerBuffers:
    """A layer's buffers: constant ones written once, posed ones and indices written per sample."""

    def __init__(
        self,
        context: moderngl.Context,
        layer: Layer,
        part_of_bone: np.ndarray,
        program: moderngl.Program,
    ) -> None:
        parts = part_of_bone[layer.skin_weights.argmax(axis=1)]
        fixed = np.column_stack([layer.positions, layer.uvs, layer.pieces, parts]).astype(
            np.float32
        )
        self._fixed = context.buffer(fixed.tobytes())
        self._posed = context.buffer(reserve=len(fixed) * 24, dynamic=True)
        self._indices = context.buffer(layer.triangles.tobytes())
        self._own_triangles = layer.triangles
        self._triangles = layer.triangles
        self.array = self._array(context, program)

    def upload(self, item: DrawnLayer) -> None:
        """Write posed corners, and the triangles where they changed."""
        self._posed.write(item.posed_cam)
        triangles = self._own_triangles if item.triangles is None else item.triangles
        if triangles is not self._triangles:
            self._indices.write(np.ascontiguousarray(triangles))
            self._triangles = triangles

    def _array(self, context: moderngl.Context, program: moderngl.Program) -> moderngl.VertexArray:
        sizes = {"in_template": 3, "in_uv": 2, "in_piece": 1, "in_part": 1}
        used = [
            name for name in sizes if name in program
        ]  # a shader's idle inputs are skipped bytes
        fixed_format = " ".join(
            f"{n}f" if name in program else f"{4 * n}x" for name, n in sizes.items()
        )
        content = [
            (self._posed, "3f 3f", "in_position", "in_normal"),
            (self._fixed, fixed_format, *used),
        ]
        return context.vertex_array(program, content, self._indices, index_element_size=4)


def _load_shader(name: str, *defines: str) -> str:
    """A fragment shader with some of SKIN, CLOTH, HAIR, CUT defined."""
    source = (
        (_SHADERS / name)
        .read_text()
        .replace("#include cut.glsl", (_SHADERS / "cut.glsl").read_text())
    )
    return source.replace(
        "#version 330", "\n".join(["#version 330", *(f"#define {word}" for word in defines)])
    )


def _noise_texture(context: moderngl.Context, cells: int = 8, size: int = 32) -> moderngl.Texture3D:
    """Four smooth periodic noises, octaves summed, each stretched to 0..1."""
    rng = np.random.default_rng(7)
    total = np.zeros((size, size, size, 4))
    for octave in range(3):
        coarse = rng.random((min(cells << octave, size),) * 3 + (4,))
        for axis in range(3):
            coarse = _periodic_resize(coarse, size, axis)
        total += coarse * 0.5**octave
    total -= total.min(axis=(0, 1, 2))
    total /= total.max(axis=(0, 1, 2))
    texture = context.texture3d((size,) * 3, 4, (total * 255).astype(np.uint8).tobytes())
    texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
    return texture


def _periodic_resize(values: np.ndarray, size: int, axis: int) -> np.ndarray:
    """Linear interpolation to `size` cells along an axis that wraps around."""
    count = values.shape[axis]
    at = np.arange(size) * count / size
    low = at.astype(int)
    shape = [1] * values.ndim
    shape[axis] = size
    part = (at - low).reshape(shape)
    return np.take(values, low, axis) * (1 - part) + np.take(values, (low + 1) % count, axis) * part


def _clip_from_cam(camera: Camera, size: int, drawn: Sequence[DrawnLayer]) -> bytes:
    """Column-major 4x4 of the pinhole camera; the depth range hugs the person."""
    depths = np.concatenate([item.posed_cam[:, 2] for item in drawn])
    near = max(float(depths.min()) * 0.95 - 0.05, 0.02)
    far = max(float(depths.max()) * 1.05 + 0.05, near + 1.0)
    cx, cy = camera.center_px
    matrix = np.zeros((4, 4), dtype=np.float32)
    matrix[0, 0] = matrix[1, 1] = 2 * camera.focal_px / size
    matrix[0, 2], matrix[1, 2] = 2 * cx / size - 1, 2 * cy / size - 1
    matrix[2, 2], matrix[2, 3] = (far + near) / (far - near), -2 * far * near / (far - near)
    matrix[3, 2] = 1
    return matrix.T.tobytes()


def _set_lighting(program: moderngl.Program, lighting: Lighting) -> None:
    for name, value in vars(lighting).items():
        if name in program:
            program[name].write(np.asarray(value, dtype=np.float32).tobytes())


def _set_material(program: moderngl.Program, material: Material) -> None:
    for name, value in material.uniforms.items():
        if name in program:
            program[name].write(np.asarray(value, dtype=np.float32).tobytes())
    _set_cut(program, material)


def _set_cut(program: moderngl.Program, material: Material) -> None:
    program["depth_pull_m"].value = material.depth_pull_m
    if "cut" in program:
        program["cut"].value = material.cut
