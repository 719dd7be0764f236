# SPDX-License-Identifier: GPL-3.0-or-later
"""A detector that the user brings: a whole-body network of one person, as RTMW and DWPose are.

Such a network sees a crop of one person, upright (1, 3, H, W), and answers where each of the 133
keypoints of COCO-WholeBody is: by one row of numbers across and one down (`simcc_x`, `simcc_y`), or
by a map. People are found by our own search.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model_server.arrays import FloatArray, ImageArray
from model_server.crops import apply_affine, quarters_to_upright
from model_server.errors import BadRequestError, first_line
from model_server.execution import batch_size
from model_server.hypotheses import person_box, up_px
from model_server.landmark_names import WHOLE_BODY
from model_server.landmarks import PersonLandmarks, PoseLandmarks, WholeBody
from model_server.session import open_session
from model_server.whole_body import brought, landmarks_of, makes_a_person, whose

Answers = dict[str, FloatArray]  # by name

# ImageNet's, of RGB pixels 0…255.
_MEAN: Final = np.array([123.675, 116.28, 103.53], np.float32)
_DEVIATION: Final = np.array([58.395, 57.12, 57.375], np.float32)
_MARGIN: Final = 1.4  # of the landmarks' box: a quarter as in training, and hair, hands and feet
_TYPES: Final = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_ROWS: Final = ("simcc_x", "simcc_y")
_CLOCKWISE: Final = np.array([[0, -1], [1, 0]])  # a quarter turn, as the picture is looked at
_EXPECTED: Final = (
    "It has to be a whole-body network as RTMW and DWPose are: one input 1×3×H×W, such as 256×192"
    " or 384×288, and for 133 keypoints the outputs simcc_x and simcc_y, or heat maps."
)
_REMEDY: Final = "Choose the .onnx file of a whole-body detector, or none."
_LINE: Final = 200  # characters of an error, which can be long
_EACH_MB: Final = 300  # of a GPU for each crop; a guess on the safe side
_TOLD: Final = 2  # inputs of a foreign network
_SURE: Final = 0.5  # mean score at which its keypoints are believed against our detector


class KeypointNetwork:
    """A whole-body network in a file. Safe to use from several threads."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        self.path = path
        self._session = _opened(path, threads)
        self._input, self._type, self.size = _input_of(path, self._session)
        self._outputs = [str(output.name) for output in self._session.get_outputs()]
        self._decode = self._decoder()
        takes_many = not isinstance(self._session.get_inputs()[0].shape[0], int)
        self._batch = batch_size(self.providers, _EACH_MB) if takes_many else 1

    @property
    def providers(self) -> tuple[str, ...]:
        return tuple(self._session.get_providers())

    def keypoints(self, crops: Sequence[ImageArray]) -> list[WholeBody]:
        """Of the person in each crop (H, W, 3), in pixels of the crop."""
        starts = range(0, len(crops), self._batch)
        batches = (np.stack(crops[start : start + self._batch]) for start in starts)
        return [found for batch in batches for found in self._decode(self._run(batch))]

    def _run(self, crops: ImageArray) -> Answers:
        normal = (crops.astype(np.float32) - _MEAN) / _DEVIATION
        feed = {self._input: normal.transpose(0, 3, 1, 2).astype(self._type)}
        answers = self._session.run(self._outputs, feed)
        return {
            name: np.asarray(answer, np.float32)
            for name, answer in zip(self._outputs, answers, strict=True)
        }

    def _decoder(self) -> Callable[[Answers], list[WholeBody]]:
        """How to read its answers, told from what it answers to a grey picture."""
        try:
            answers = self._run(np.full((1, *self.size, 3), 128, np.uint8))
        except Exception as error:  # whatever a foreign file does wrong
            raise _unfit(self.path, f"it cannot be run ({first_line(error)[:_LINE]})") from error
        maps = next((name for name, answer in answers.items() if answer.ndim == 4), None)
        if set(_ROWS) <= set(answers) and self._are_rows([answers[name] for name in _ROWS]):
            kinds, decode = answers[_ROWS[0]].shape[1], self._from_rows
        elif maps is not None:
            kinds, decode = answers[maps].shape[1], partial(self._from_maps, maps)
        else:
            shapes = (f"{name} {_times(answer.shape)}" for name, answer in answers.items())
            raise _unfit(self.path, f"its outputs are {', '.join(shapes)}")
        if kinds != len(WHOLE_BODY):
            raise _unfit(self.path, f"it sees {kinds} keypoints")
        if not all(np.isfinite(answer).all() for answer in answers.values()):
            raise _unfit(self.path, "it answers a grey picture with what are no numbers")
        return decode

    def _are_rows(self, rows: Sequence[FloatArray]) -> bool:
        height, width = self.size
        sides = zip(rows, (width, height), strict=True)
        return all(row.ndim == 3 and row.shape[2] % side == 0 for row, side in sides)

    def _from_rows(self, answers: Answers) -> list[WholeBody]:
        across, down = (answers[name] for name in _ROWS)
        height, width = self.size
        bins = np.stack([across.argmax(2), down.argmax(2)], 2)
        split = np.array([across.shape[2] / width, down.shape[2] / height])
        return _people(bins / split + 0.5, np.minimum(across.max(2), down.max(2)))

    def _from_maps(self, name: str, answers: Answers) -> list[WholeBody]:
        maps = answers[name]
        flat = maps.reshape(*maps.shape[:2], -1)
        cells = np.stack(np.unravel_index(flat.argmax(2), maps.shape[2:]), 2)  # row, column
        middles = cells + 0.5 + _leaning(maps, cells)
        scale = np.array(self.size) / maps.shape[2:]
        return _people((middles * scale)[..., ::-1], flat.max(2))


class OwnDetector:
    """Sees people that our own search has found. Safe to use from several threads."""

    def __init__(self, network: KeypointNetwork) -> None:
        self.network = network

    def see(self, image: ImageArray, people: Sequence[PersonLandmarks]) -> list[PersonLandmarks]:
        """People in `image` (H, W, 3) by the network's keypoints; those whom it does not see, or
        elsewhere without being sure, stay as they are.
        """
        views = [view_of(person.pose, self.network.size) for person in people]
        crops = [cut_view(image, view, self.network.size) for view in views]
        return [
            _believed(person, replace(keypoints, px=apply_affine(view, keypoints.px)))
            for person, view, keypoints in zip(
                people, views, self.network.keypoints(crops), strict=True
            )
        ]


def _believed(person: PersonLandmarks, keypoints: WholeBody) -> PersonLandmarks:
    score = landmarks_of(keypoints)[1]
    agreed = whose(keypoints, [person]) is not None
    if makes_a_person(keypoints) and (agreed or score[score > 0].mean() > _SURE):
        return brought(keypoints, person)
    return person


def view_of(look: PoseLandmarks, size: tuple[int, int]) -> FloatArray:
    """The affine map (2, 3) from a crop of `size` (H, W), which shows somebody upright, to the
    picture.
    """
    box, turns = person_box(look), quarters_to_upright(up_px(look))
    width, height = (box.height, box.width) if turns % 2 else (box.width, box.height)
    scale = _MARGIN * max(width / size[1], height / size[0], 1 / min(size))
    linear = scale * np.linalg.matrix_power(_CLOCKWISE, turns)
    middle = linear @ np.array([size[1] / 2, size[0] / 2])
    return np.column_stack([linear, np.array(box.center) - middle]).astype(np.float32)


def cut_view(image: ImageArray, view: FloatArray, size: tuple[int, int]) -> ImageArray:
    """The crop (H, W, 3) that a map of `view_of` shows; black outside of `image`."""
    scale = float(np.linalg.norm(view[:, 0]))
    finer = max(1, int(np.ceil(scale / 2)))  # linear interpolation would skip pixels
    linear = view[:, :2] / finer
    # Pixels are continuous here and have their centres at whole numbers in OpenCV.
    matrix = np.column_stack([linear, linear @ [0.5, 0.5] + view[:, 2] - 0.5])
    fine = cv2.warpAffine(
        image,
        matrix,
        (size[1] * finer, size[0] * finer),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    small = cv2.resize(fine, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8)


def _leaning(maps: FloatArray, cells: NDArray[np.int64]) -> FloatArray:
    """(B, K, 2) a quarter of a cell towards the higher neighbours of cells (B, K, 2)."""
    padded = np.pad(maps, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    batch, kinds = np.indices(cells.shape[:2])

    def at(down: int, right: int) -> FloatArray:
        return padded[batch, kinds, cells[..., 0] + 1 + down, cells[..., 1] + 1 + right]

    higher = np.stack([at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1)], 2)
    return 0.25 * np.sign(higher)


def _people(px: FloatArray, score: FloatArray) -> list[WholeBody]:
    sure = np.clip(score, 0, 1).astype(np.float32)
    return [WholeBody(*one) for one in zip(px.astype(np.float32), sure, strict=True)]


def _opened(path: Path, threads: int) -> Any:
    if not path.is_file():
        raise BadRequestError(f"There is no detector at {path}.", _REMEDY)
    try:
        return open_session(path, threads, gpu=True)
    except Exception as error:  # whatever ONNX Runtime says of foreign files
        raise _unfit(path, f"ONNX Runtime cannot read it ({first_line(error)[:_LINE]})") from error


def _input_of(path: Path, session: Any) -> tuple[str, Any, tuple[int, int]]:
    """Name, number type, and height and width of the crops that a network wants."""
    inputs = session.get_inputs()
    first = inputs[0]
    shape = list(first.shape)
    told = [f"{given.name} {_times(given.shape)} {given.type}" for given in inputs]
    found = ", ".join(told[:_TOLD] + ["…"] * (len(told) > _TOLD))
    wants_crops = len(shape) == 4 and shape[1] == 3 and all(isinstance(n, int) for n in shape[2:])
    if len(inputs) != 1 or not wants_crops or first.type not in _TYPES:
        raise _unfit(path, f"its input is {found}")
    return str(first.name), _TYPES[first.type], (shape[2], shape[3])


def _unfit(path: Path, found: str) -> BadRequestError:
    return BadRequestError(f"{path.name} is no detector that can be used: {found}.", _EXPECTED)


def _times(shape: Sequence[object]) -> str:
    return "×".join(str(side) for side in shape)
