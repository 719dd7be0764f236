# SPDX-License-Identifier: GPL-3.0-or-later
"""Small files in the forms of other tools, of motions that are known exactly."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import made_motion
import numpy as np
import pytest

from hund_blender.body import Body
from hund_blender.bones import drawn_bones
from hund_blender.clip.amass import amass_arrays
from hund_blender.clip.motion import Motion
from hund_blender.clip.mover import Mover
from hund_blender.errors import ClipError
from hund_blender.other_results.files import read_result
from hund_blender.other_results.mhr_points import carried_points
from hund_blender.rigs import MAKEHUMAN, rig_of


def check_refusal(content: Mapping[str, Any], message: str, path: Path) -> None:
    """A file of these arrays is not read; what is said has its name, and a remedy."""
    np.savez(path, **content)
    with pytest.raises(ClipError, match=message) as error:
        read_result(path)
    assert error.value.remedy
    assert error.value.message.startswith(path.name)


def mover(body: Body, **phenotypes: float) -> Mover:
    shape = {**dict.fromkeys(body.phenotype_names, 0.5), **made_motion.ADULT, **phenotypes}
    chosen, rest = rig_of(MAKEHUMAN, body), body.rest(shape).standing()
    return Mover.of(chosen, rest, drawn_bones(chosen, rest).frames)


def motion(body: Body, frames: int = 20) -> Motion:
    return made_motion.noisy(made_motion.walk(made_motion.skeleton(body), frames), degrees=8.0)


def amass(body: Body, frames: int = 20) -> dict[str, Any]:
    return amass_arrays(motion(body, frames), mover(body))


class _Storage:
    """What torch's pickles name in place of the numbers."""

    def __init__(self, number: int, array: np.ndarray) -> None:
        self.number, self.array = number, array


class OneCall:
    """Pickled as a call of a name with arguments; what it would return never exists here."""

    def __init__(self, module: str, name: str, *arguments: Any) -> None:
        self.module, self.name, self.arguments = module, name, arguments


class Scripted:
    """An object of a class of TorchScript's own, and what it has by name."""

    def __init__(self, name: str, **attributes: Any) -> None:
        self.name, self.attributes = name, attributes


class ForeignPickler(pickle._Pickler):  # type: ignore[name-defined, misc]
    """Writes names of modules that are not here, as their own programs do."""

    def save(self, thing: Any, save_persistent_id: bool = True) -> None:
        if isinstance(thing, OneCall):
            self._name(thing.module, thing.name)
            super().save(tuple(thing.arguments))
            self.write(pickle.REDUCE)
            return
        if isinstance(thing, Scripted):
            self._name("__torch__.made", thing.name)
            self.write(pickle.EMPTY_TUPLE + pickle.NEWOBJ)
            super().save(thing.attributes)
            self.write(pickle.BUILD)
            return
        if isinstance(thing, _Storage):
            self.write(pickle.MARK)
            super().save("storage")
            self._name("torch", "IntStorage" if thing.array.dtype == np.int32 else "FloatStorage")
            for part in (str(thing.number), "cpu", thing.array.size):
                super().save(part)
            self.write(pickle.TUPLE + pickle.BINPERSID)
            return
        super().save(thing, save_persistent_id)

    def _name(self, module: str, name: str) -> None:
        self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())


class JoblibPickler(pickle._Pickler):  # type: ignore[name-defined, misc]
    """Writes arrays as joblib 1.2 does: what they are, and then their bytes, aligned to 16."""

    def __init__(self, file: Any) -> None:
        super().__init__(file, 4)
        self.file = file

    def save(self, thing: Any, save_persistent_id: bool = True) -> None:
        if not isinstance(thing, np.ndarray):
            super().save(thing, save_persistent_id)
            return
        order = "F" if thing.flags.f_contiguous and not thing.flags.c_contiguous else "C"
        self.write(pickle.GLOBAL + b"joblib.numpy_pickle\nNumpyArrayWrapper\n")
        self.write(pickle.EMPTY_TUPLE + pickle.NEWOBJ)
        state = {"subclass": np.ndarray, "shape": thing.shape, "order": order}
        state |= {"dtype": thing.dtype, "allow_mmap": True, "numpy_array_alignment_bytes": 16}
        super().save(state)
        self.write(pickle.BUILD)
        self.framer.commit_frame(force=True)
        padding = 16 - (self.file.tell() + 1) % 16
        self.file.write(bytes([padding]) + b"\xff" * padding)
        self.file.write(thing.tobytes(order))


def torch_file(path: Path, content: Any, stride: int | None = None) -> None:
    """As torch.save writes it, or torch.jit.save what is Scripted: arrays in content are tensors
    of float32, or of int32 where they are that; stride breaks them.
    """
    storages: list[np.ndarray] = []

    def tensors(thing: Any) -> Any:
        if isinstance(thing, dict):
            return {key: tensors(value) for key, value in thing.items()}
        if isinstance(thing, Scripted):
            return Scripted(thing.name, **tensors(thing.attributes))
        if not isinstance(thing, np.ndarray):
            return thing
        whole = thing.dtype == np.int32
        array = np.ascontiguousarray(thing, np.int32 if whole else np.float32)
        storages.append(array)
        strides = tuple(stride or step // 4 for step in array.strides)
        storage = _Storage(len(storages) - 1, array)
        hooks = OneCall("collections", "OrderedDict")
        return OneCall(
            "torch._utils", "_rebuild_tensor_v2", storage, 0, array.shape, strides, False, hooks
        )

    file = io.BytesIO()
    ForeignPickler(file, protocol=2).dump(tensors(content))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", file.getvalue())
        archive.writestr("archive/version", "3\n")
        for number, array in enumerate(storages):
            archive.writestr(f"archive/data/{number}", array.tobytes())


class Posed(NamedTuple):
    """A body whose bones turn so from rest, and SAM 3D Body's points on it."""

    turns: np.ndarray  # (F, B, 3, 3)
    heads: np.ndarray  # (F, B, 3)
    points: np.ndarray  # (F, 70, 3)


def posed_points(
    body: Body,
    phenotypes: Mapping[str, float],
    pose: Mapping[str, np.ndarray],
    roots: np.ndarray,
) -> Posed:
    """Rotations (F, 4) by bone, and of the whole (F, 3, 3), of somebody over the origin."""
    rest = body.rest(phenotypes).standing()
    posed = [
        body.pose(rest, {name: turns[frame] for name, turns in pose.items()}).moved(
            root, rest.heads[0], np.zeros(3)
        )
        for frame, root in enumerate(roots)
    ]
    turns = np.stack([one.bone_deforms for one in posed])
    heads = np.stack([one.heads for one in posed])
    return Posed(turns, heads, carried_points(body, rest).all_placed(turns, heads))
