# SPDX-License-Identifier: GPL-3.0-or-later
"""An SMPL-X model as a body asset of ours, see docs/conventions.md.

It has the bones of our own body and a jaw, so that whatever poses our body poses this one; its
coefficients are betas, and its skin, shapes and joints are the model's.
"""

import io
import json
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.smplx.faces import Faces, fit_faces
from model_server.smplx.joints import JAW, JAW_BONE, SMPL_FROM_BODY, joint_of_bones, leaders
from model_server.smplx.model import SmplxModel
from model_server.smplx.our_body import ADULT, OurBody, TPosed, turns_to_t_pose
from model_server.smplx.registration import Registration, in_body_frame, is_eye, register
from model_server.smplx.shapes import Shapes, fit_shapes
from model_server.smplx.skin import packed_weights, shared_weights
from model_server.smplx.surface import nearest_vertices

Array = NDArray[np.float64]

RIG: Final = "smplx"
_UPRIGHT: Final = "spine05"
_EYES: Final = 1  # of the asset's materials
_CHIN: Final = 0.9  # of a vertex' weight, that the jaw has
_SMALLEST: Final = 1e-12


def asset_of(body: OurBody, model: SmplxModel) -> bytes:
    """The file's bytes; takes some seconds."""
    turns = turns_to_t_pose(body, model)
    registration = register(body, model, turns)
    shapes, faces = fit_shapes(body, registration), fit_faces(body, registration)
    content = io.BytesIO()
    arrays = {
        **_skin(body, registration, shapes, faces),
        **_bones(body, registration, shapes),
        **_borrowed(body, registration),
    }
    np.savez_compressed(content, meta=np.array(json.dumps(_meta(body, model))), **arrays)
    return content.getvalue()


def _meta(body: OurBody, model: SmplxModel) -> dict[str, Any]:
    return {
        **body.meta,
        "rig": RIG,
        "source": f"a model file of SMPL-X, loaded by {model.loaded_by}",
        "bone_names": [*body.bone_names, JAW_BONE],
        "bone_parents": [*body.bone_parents, body.bone_names.index("head")],
    }


def _skin(
    body: OurBody, registration: Registration, shapes: Shapes, faces: Faces
) -> dict[str, NDArray[Any]]:
    model = registration.model
    count = shapes.projection.shape[1]
    directions = np.einsum("ji,vjs->svi", SMPL_FROM_BODY, model.shapes[..., :count])
    corrections = np.einsum("ji,vjp->pvi", SMPL_FROM_BODY, model.pose_directions)
    bones, weights = packed_weights(shared_weights(body, registration))
    return {
        "template_vertices": in_body_frame(model.template).astype(np.float32),
        "faces": model.faces.astype(np.uint16),
        "uvs": model.uvs.astype(np.float32),
        "face_uvs": model.face_uvs.astype(np.uint16),
        "face_materials": np.where(is_eye(model)[model.faces].all(1), _EYES, 0).astype(np.uint8),
        "weight_bones": bones,
        "weights": weights,
        **_in_steps("shape_vertices", directions, np.int16),
        **_in_steps("face_vertices", faces.offsets, np.int16),
        **_in_steps("expression_vertices", faces.directions, np.int16),
        **_in_steps("pose_vertices", corrections, np.int8),
        "face_expressions": faces.expressions.astype(np.float32),
        "face_turns_rad": faces.turns_rad.astype(np.float32),
    }


def _in_steps(
    name: str, values: Array, kind: type[np.signedinteger[Any]]
) -> dict[str, NDArray[Any]]:
    """Values (N, V, 3) as integers times a step (N,)."""
    steps = np.abs(values).max((1, 2)) / np.iinfo(kind).max + _SMALLEST
    whole = np.rint(values / steps[:, None, None]).astype(kind)
    return {name: whole, f"{name}_step": steps.astype(np.float32)}


def _bones(body: OurBody, registration: Registration, shapes: Shapes) -> dict[str, NDArray[Any]]:
    """Bones rest as the model does, and turn into the reference pose of our body."""
    reference = body.bones.reference(ADULT)
    jaw = _jaw_frame(registration.model)
    turns = registration.turns
    axes = body.arrays["reference_rotations"].copy()
    first = leaders([*body.bone_names, JAW_BONE])[0]
    axes[first] = axes[body.bone_names.index(_UPRIGHT)]  # the pelvis does not lie to one side
    to_reference = np.concatenate([axes, jaw[None]])
    at_rest = np.concatenate([turns @ axes, jaw[None]])
    heads = _heads(body, registration, shapes)
    ends = np.einsum("bij,bj->bi", turns, reference.tails - reference.heads)
    ends = np.concatenate([ends, _to_chin(registration.model)[None]])
    return {
        "bone_heads": heads[0].astype(np.float32),
        "shape_bone_heads": heads[1:].astype(np.float32),
        "bone_tails": (heads[0] + ends).astype(np.float32),
        "rest_matrices": at_rest.astype(np.float32),
        "shape_rest_matrices": np.zeros((len(heads) - 1, *at_rest.shape), np.float32),
        "reference_rotations": to_reference.astype(np.float32),
        "variation_mask": body.arrays["variation_mask"],
        "variation_projection": shapes.projection.astype(np.float32),
    }


def _to_chin(model: SmplxModel) -> Array:
    chin = in_body_frame(model.template)[model.weights[:, JAW] > _CHIN]
    joint = in_body_frame(model.joint_regressor[JAW] @ model.template)
    return chin.mean(0) - joint if len(chin) else np.array([0.0, -0.1, 0.0])


def _jaw_frame(model: SmplxModel) -> Array:
    """Axes (3, 3) in columns: y to the chin, x to the side, so that a turn about x opens it."""
    y = _to_chin(model)
    y = y / np.linalg.norm(y)
    x = np.array([1.0, 0.0, 0.0])
    x = x - y * (x @ y)
    x = x / np.linalg.norm(x)
    return np.stack([x, y, np.cross(x, y)], 1)


def _heads(body: OurBody, registration: Registration, shapes: Shapes) -> Array:
    """Heads (1 + S, B + 1, 3) at betas 0 and by beta.

    Bones that begin in a joint do so exactly, and so do those that hang on another joint than they
    turn with. Those on the way to one other joint lie on that line, as far along as ours do. The
    others lie where ours do.
    """
    model = registration.model
    names = [*body.bone_names, JAW_BONE]
    first = leaders(names)
    count = shapes.projection.shape[1]
    skins = np.concatenate([model.template[None], model.shapes[..., :count].transpose(2, 0, 1)])
    joints = in_body_frame(model.joint_regressor @ skins)
    heads = np.concatenate([shapes.heads, np.zeros((1 + count, 1, 3))], 1)
    heads[:, first] = joints
    ours = body.bones.reference(ADULT).heads
    begins, joint_of = set(first.tolist()), joint_of_bones(names)
    for bone in set(range(1, len(body.bone_names))) - begins:
        above, below = _joints_round(body, bone, begins)
        if joint_of[bone] != joint_of[body.bone_parents[bone]] or body.bone_parents[bone] == 0:
            heads[:, bone] = joints[:, joint_of[bone]]
        elif above >= 0 and len(below) == 1:
            whole = ours[below[0]] - ours[above]
            share = float((ours[bone] - ours[above]) @ whole / (whole @ whole))
            heads[:, bone] = heads[:, above] + share * (heads[:, below[0]] - heads[:, above])
    return heads


def _joints_round(body: OurBody, bone: int, begins: set[int]) -> tuple[int, list[int]]:
    """The next bones that begin in a joint, above (-1 for none) and below."""
    above = body.bone_parents[bone]
    while above >= 0 and above not in begins:
        above = body.bone_parents[above]
    below: list[int] = []
    open_ones = [bone]
    while open_ones:
        current = open_ones.pop()
        for child, parent in enumerate(body.bone_parents):
            if parent == current:
                (below if child in begins else open_ones).append(child)
    return above, below


def _borrowed(body: OurBody, registration: Registration) -> dict[str, NDArray[Any]]:
    """What our own vertices know, by the nearest of the model's."""
    ours, _ = TPosed(body, registration.turns, body.everywhere()).at(ADULT)
    reached = registration.points.of(ours)
    carriers, place = np.unique(body.arrays["landmark_vertices"], return_inverse=True)
    nearest = nearest_vertices(ours[carriers], reached)
    return {
        "vertex_parts": body.arrays["vertex_parts"][registration.points.corners[:, 0]],
        "landmark_vertices": nearest[place]
        .reshape(body.arrays["landmark_vertices"].shape)
        .astype(np.uint16),
        "landmark_weights": body.arrays["landmark_weights"],
    }
