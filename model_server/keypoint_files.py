# SPDX-License-Identifier: GPL-3.0-or-later
"""Keypoints of people in a photo, as other programs write them as JSON.

OpenPose (BODY_25 or 18 joints, hands, face; also as ControlNet's editors write it), COCO and
COCO-WholeBody (annotations, or a list of results), and the predictions of MMPose.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

from model_server.errors import BadRequestError
from model_server.landmark_names import COCO_JOINTS, HAND_LANDMARKS, WHOLE_BODY
from model_server.landmarks import WholeBody
from model_server.whole_body import makes_a_person

Named = dict[str, tuple[float, float, float]]  # x, y and score by the names in `WHOLE_BODY`
Object = Mapping[str, Any]  # of JSON

_HIDDEN: Final = 0.5  # the score of a keypoint that people marked as hidden
_FACE: Final = tuple(f"face_{i}" for i in range(68))
_FEET: Final = WHOLE_BODY[17:23]
_HANDS: Final = {
    side: tuple(f"{side}_hand:{name}" for name in HAND_LANDMARKS) for side in ("left", "right")
}
# What others see besides (neck, middle of the hips, pupils) has no name here.
_BODY_18: Final = (
    "nose", "", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow",
    "left_wrist", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
_BODY_25: Final = (
    *_BODY_18[:8], "", *_BODY_18[8:18], "left_big_toe", "left_small_toe", "left_heel",
    "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip
_OPENPOSE_PARTS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "pose_keypoints_2d": (_BODY_25, _BODY_18),
    "face_keypoints_2d": ((*_FACE, "", ""), _FACE),
    "hand_left_keypoints_2d": (_HANDS["left"],),
    "hand_right_keypoints_2d": (_HANDS["right"],),
}
_COCO_PARTS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "keypoints": (COCO_JOINTS, WHOLE_BODY),
    "foot_kpts": (_FEET,),
    "face_kpts": (_FACE,),
    "lefthand_kpts": (_HANDS["left"],),
    "righthand_kpts": (_HANDS["right"],),
}
_KINDS: Final = (
    "Keypoint files are OpenPose's (“people” with “pose_keypoints_2d”), COCO's (“images” and"
    " “annotations”, or a list of results with “keypoints”), and MMPose's predictions (“keypoints”"
    " and “keypoint_scores”)."
)


@dataclass(frozen=True)
class KeypointFile:
    """What a JSON file holds that came beside a photo."""

    content: Any  # as JSON is read
    photo_name: str = ""  # the photo's file, as files that speak of several know it

    def people(self, width: int, height: int) -> list[WholeBody]:
        """People in an upright photo of this size, largest first, in its pixels."""
        photo = _Photo(width, height, PurePath(self.photo_name).name)
        people = [WholeBody.of(named) for named in _people(self.content, photo)]
        able = [person for person in people if makes_a_person(person)]
        if people and not able:
            raise BadRequestError(
                "The keypoint file has nobody with six keypoints or more.",
                "Check that it is of this photo, and that scores are at least 0.3.",
            )
        return sorted(able, key=_size, reverse=True)


@dataclass(frozen=True)
class _Photo:
    width: int
    height: int
    name: str


def _size(person: WholeBody) -> float:
    known = person.px[person.score > 0]
    return float((known.max(0) - known.min(0)).prod())


def _people(content: Any, photo: _Photo) -> Iterable[Named]:
    match content:
        case {"people": [*people]}:
            return _openpose(content, people, photo)
        case [{"people": [*people]} as first, *_]:  # one canvas of several
            return _openpose(first, people, photo)
        case {"annotations": [*annotations]}:
            return _annotated(content, annotations, photo)
        case {"instances": [*instances]}:
            return [_predicted(_object(person)) for person in instances]
        case []:
            return []
        case [{"keypoint_scores": _}, *_]:
            return [_predicted(_object(person)) for person in content]
        case [{"keypoints": _}, *_]:
            return [_coco(_object(person), _score) for person in _of_one_photo(content)]
        case _:
            raise _foreign(content)


def _openpose(content: Object, people: Sequence[Any], photo: _Photo) -> list[Named]:
    wide, high = content.get("canvas_width"), content.get("canvas_height")
    scale = (
        photo.width / _number(wide) if wide else 1.0,
        photo.height / _number(high) if high else 1.0,
    )
    found: list[Named] = []
    for person in people:
        if "pose_keypoints_2d" not in _object(person):
            raise _foreign(person)
        named = _of_parts(person, _OPENPOSE_PARTS, _score)
        found.append({n: (x * scale[0], y * scale[1], sure) for n, (x, y, sure) in named.items()})
    return found


def _annotated(content: Object, annotations: Sequence[Any], photo: _Photo) -> list[Named]:
    """Of a data set's photos the one with this name, or the only one."""
    people = [_object(annotation) for annotation in annotations]
    people = [person for person in people if "keypoints" in person]
    if annotations and not people:
        raise _foreign(annotations[0])
    names = {
        image.get("id"): PurePath(str(image.get("file_name", ""))).name
        for image in map(_object, content.get("images") or [])
    }
    mine = [identity for identity, name in names.items() if name == photo.name]
    if not mine and len(names) > 1:
        raise BadRequestError(
            f"The keypoint file speaks of {len(names)} photos, but of none called {photo.name!r}.",
            "Give the photo the name that the file knows it by (“file_name” in “images”).",
        )
    chosen = mine or [*names] or [None]
    people = [p for p in people if not names or p.get("image_id") in chosen]
    return [_coco(person, _visibility) for person in people]


def _of_one_photo(results: Sequence[Any]) -> Sequence[Any]:
    photos = {str(_object(result).get("image_id")) for result in results}
    if len(photos) > 1:
        raise BadRequestError(
            f"The keypoint file has results of {len(photos)} photos and no names of them.",
            "Write one file for each photo, or COCO annotations with “images”.",
        )
    return results


def _coco(person: Object, sure: Callable[[float], float]) -> Named:
    return _of_parts(person, _COCO_PARTS, sure)


def _predicted(person: Object) -> Named:
    """MMPose's, pairs and scores apart."""
    pairs, scores = person.get("keypoints"), person.get("keypoint_scores")
    if not isinstance(pairs, list) or not isinstance(scores, list) or len(pairs) != len(scores):
        raise _foreign(person)
    if not all(isinstance(pair, list) for pair in pairs):
        raise _wrong("keypoints", "is no list of pairs")
    flat = [value for pair, score in zip(pairs, scores, strict=True) for value in (*pair, score)]
    return _named(flat, "keypoints", _COCO_PARTS["keypoints"], _score)


def _of_parts(
    person: Object,
    parts: Mapping[str, tuple[tuple[str, ...], ...]],
    sure: Callable[[float], float],
) -> Named:
    """All parts of a person that are there; the body's own wrists and so on come first."""
    named: Named = {}
    for key, layouts in parts.items():
        named = _named(person.get(key) or [], key, layouts, sure) | named
    return named


def _named(
    flat: Any, key: str, layouts: Sequence[Sequence[str]], sure: Callable[[float], float]
) -> Named:
    """x, y and score three by three, by the layout that has as many keypoints."""
    if not flat:
        return {}
    if not isinstance(flat, list):
        raise _wrong(key, f"is {type(flat).__name__}, not a list")
    names = next((layout for layout in layouts if 3 * len(layout) == len(flat)), None)
    if names is None:
        known = " or ".join(str(len(layout)) for layout in layouts)
        raise _wrong(key, f"has {len(flat)} numbers, not three for each of {known} keypoints")
    values = [_number(value) for value in flat]
    triples = zip(names, values[::3], values[1::3], values[2::3], strict=True)
    return {name: (x, y, sure(score)) for name, x, y, score in triples if name and sure(score) > 0}


def _score(score: float) -> float:
    return score


def _visibility(flag: float) -> float:
    """COCO's 0 not marked, 1 hidden, 2 seen; some files have scores below 1 there."""
    return 1.0 if flag >= 2 else _HIDDEN if flag == 1 else flag


def _object(value: Any) -> Object:
    if not isinstance(value, dict):
        raise _foreign(value)
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadRequestError(
            f"The keypoint file has {str(value)[:40]!r} where a number belongs.",
            "Write the file again.",
        )
    return float(value)


def _wrong(key: str, what: str) -> BadRequestError:
    return BadRequestError(f"“{key}” in the keypoint file {what}.", _KINDS)


def _foreign(content: Any) -> BadRequestError:
    """Names the keys of what is no keypoint file."""
    within = content[0] if isinstance(content, list) and content else content
    if isinstance(within, dict):
        keys = ", ".join(f"“{str(key)[:40]}”" for key in list(within)[:8])
        found = f"it has the keys {keys}" if keys else "it is empty"
    else:
        found = f"it holds {type(within).__name__}"
    return BadRequestError(f"This is no file of keypoints that is known: {found}.", _KINDS)
