# SPDX-License-Identifier: GPL-3.0-or-later
"""MHR's skeleton by its own model file, and how its parameters pose it.

The file is a TorchScript module; only four of its tensors are read, and nothing is run. MHR's world
has y up and counts centimetres; metres go out of here.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..errors import ClipError
from ..retarget.turns import about
from ..rotations import matrices_from_quaternions
from .torch_file import ScriptModule, Tensor, load_script

Array = npt.NDArray[Any]

MODEL_FILE: Final = "mhr_model.pt"
BESIDE: Final = (MODEL_FILE, f"assets/{MODEL_FILE}")  # where it lies beside results
PARAMETERS: Final = 204
LENGTHS: Final = 130  # from this parameter on they tell how long bones are, and not how they turn
ROOT_TRANSLATION: Final = slice(0, 3)
ROOT_UNIT_M: Final = 0.1  # of those
PER_JOINT: Final = 7  # translation, rotations about x, y and z, and the logarithm of the scale
M_PER_CM: Final = 0.01
REMEDY: Final = f"Choose {MODEL_FILE} of SAM 3D Body's checkpoint, or of MHR's release."

_SKELETON: Final = "character_torch.skeleton."
_TRANSFORM: Final = "character_torch.parameter_transform.parameter_transform"


def _in_row(name: str, numbers: range, end: str = "") -> tuple[str, ...]:
    return tuple(f"{name}{number}{end}" for number in numbers)


def _leg(side: str) -> tuple[str, ...]:
    parts = ("upleg", "lowleg", "foot", "talocrural", "subtalar", "transversetarsal", "ball")
    return (
        *(f"{side}_{part}" for part in parts),
        *_in_row(f"{side}_lowleg_twist", range(1, 5), "_proc"),
        *_in_row(f"{side}_upleg_twist", range(5), "_proc"),
    )


def _arm(side: str) -> tuple[str, ...]:
    # Pinky and thumb begin within the palm.
    fingers = {"pinky": 0, "ring": 1, "middle": 1, "index": 1, "thumb": 0}
    return (
        *(f"{side}_{part}" for part in ("clavicle", "uparm", "lowarm", "wrist_twist", "wrist")),
        *(
            name
            for finger, first in fingers.items()
            for name in (*_in_row(f"{side}_{finger}", range(first, 4)), f"{side}_{finger}_null")
        ),
        *_in_row(f"{side}_lowarm_twist", range(1, 5), "_proc"),
        *_in_row(f"{side}_uparm_twist", range(5), "_proc"),
    )


JOINTS: Final = (
    *("body_world", "root", *_leg("l"), *_leg("r"), *_in_row("c_spine", range(4))),
    *(*_arm("r"), *_arm("l"), "c_neck", "c_neck_twist1_proc", "c_neck_twist0_proc", "c_head"),
    *("c_jaw", "c_teeth", "c_jaw_null", *_in_row("c_tongue", range(5))),
    *("r_eye", "r_eye_null", "l_eye", "l_eye_null", "c_head_null"),
)


@dataclass(frozen=True, eq=False)
class PosedJoints:
    """MHR's joints in its world over F frames."""

    rotations: Array  # (F, 127, 3, 3)
    places_m: Array  # (F, 127, 3)


@dataclass(frozen=True, eq=False)
class MhrModel:
    """Joints in the order of JOINTS, parents before children."""

    transform: Array  # (889, 204) numbers of joints, PER_JOINT each, from parameters
    offsets_cm: Array  # (127, 3) from the parent's joint, in its axes
    prerotations: Array  # (127, 3, 3) at rest against the parent's axes
    parents: tuple[int, ...]  # -1 without one

    def posed(self, parameters: Array) -> PosedJoints:
        """By parameters (F, 204). Nothing is raised."""
        told = (parameters @ self.transform.T).reshape(len(parameters), len(JOINTS), PER_JOINT)
        x, y, z = (about(axis, told[..., 3 + i]) for i, axis in enumerate(np.eye(3)))
        local = self.prerotations @ z @ y @ x
        offsets = self.offsets_cm + told[..., :3]
        sizes = np.exp2(told[..., 6])
        rotations, places = local.copy(), offsets.copy()
        for joint, parent in enumerate(self.parents):
            if parent < 0:
                continue
            turn, size = rotations[:, parent], sizes[:, parent]
            offset = np.einsum("fij,fj->fi", turn, offsets[:, joint])
            places[:, joint] = places[:, parent] + size[:, None] * offset
            rotations[:, joint] = turn @ local[:, joint]
            sizes[:, joint] *= size
        return PosedJoints(rotations, places * M_PER_CM)

    def at_rest(self, parameters: Array) -> PosedJoints:
        """In one frame, with bones as long as they are in most of the frames (F, 204)."""
        lengths = np.zeros((1, PARAMETERS))
        lengths[0, LENGTHS:] = np.median(parameters[:, LENGTHS:], axis=0)
        return self.posed(lengths)


def find_mhr_model(result: Path, chosen: Path | None) -> Path | None:
    """The file that somebody has chosen, else one beside a result."""
    beside = (result.parent / name for name in BESIDE)
    return chosen or next((path for path in beside if path.is_file()), None)


def read_mhr_model(path: Path) -> MhrModel:
    """ClipError where the file cannot be read, or is of something else."""
    try:
        with zipfile.ZipFile(path) as file:
            return _model_in(load_script(file))
    except FileNotFoundError as error:
        raise ClipError(f"There is no model of MHR at {path}.", REMEDY) from error
    except ClipError as error:
        raise ClipError(f"{path.name} is no model of MHR: {error.message}", REMEDY) from error
    except OSError as error:
        raise ClipError(f"{path.name} cannot be read ({error.strerror}).", REMEDY) from error
    except (zipfile.BadZipFile, StopIteration, ValueError, KeyError) as error:
        message = f"{path.name} is no model of MHR, or it is damaged."
        raise ClipError(message, REMEDY) from error


def _model_in(module: Any) -> MhrModel:
    count = len(JOINTS)
    parents = _array(module, f"{_SKELETON}joint_parents", count).astype(int)
    if (parents >= np.arange(count)).any():
        raise ClipError("Its joints are in another order.", REMEDY)
    prerotations = _array(module, f"{_SKELETON}joint_prerotations", count, 4)
    transform = _array(module, _TRANSFORM, count * PER_JOINT, None)[:, :PARAMETERS]
    if transform.shape[1] < PARAMETERS:
        raise ClipError(f"It has {transform.shape[1]} parameters, not {PARAMETERS}.", REMEDY)
    return MhrModel(
        transform=transform,
        offsets_cm=_array(module, f"{_SKELETON}joint_translation_offsets", count, 3),
        prerotations=matrices_from_quaternions(prerotations[:, [3, 0, 1, 2]]),  # were XYZW
        parents=tuple(parents.tolist()),
    )


def _array(module: Any, name: str, *shape: int | None) -> Array:
    """Finite numbers of that shape, None for any size."""
    found = module.tensor(name) if isinstance(module, ScriptModule) else None
    if not isinstance(found, Tensor):
        raise ClipError(f"“{name}” is missing.", REMEDY)
    sizes = tuple(wanted or size for wanted, size in zip(shape, found.sizes, strict=False))
    if sizes != found.sizes or len(sizes) != len(shape):
        raise ClipError(f"“{name}” has the shape {found.sizes}.", REMEDY)
    array = found.read().astype(np.float64)
    if not np.isfinite(array).all():
        raise ClipError(f"“{name}” has numbers that are not finite.", REMEDY)
    return array
