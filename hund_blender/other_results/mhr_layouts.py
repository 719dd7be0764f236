# SPDX-License-Identifier: GPL-3.0-or-later
"""How people save what SAM 3D Body tells of persons; docs/other_results.md lists the forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..errors import ClipError
from .arrays import array_of, rate_of, rows_of
from .mhr_points import NAMES
from .points import Given, both
from .points_clip import PointMotion

Array = npt.NDArray[Any]
Keys = Mapping[Any, Any]
Picture = list[tuple[Any, Array]]  # of each person an identity, None where not told, and points

POINTS: Final = "pred_keypoints_3d"
PLACE: Final = "pred_cam_t"
# What tells of MHR's joints, by SAM 3D Body's names and MHR's own.
OF_JOINTS: Final = (
    "mhr_model_params", "lbs_model_params", "pred_global_rots", "pred_joint_coords",
    "identity_coeffs",
)  # fmt: skip
FRAMES: Final = ("frames",)
PEOPLE: Final = ("people", "persons", "outputs")
NUMBERS: Final = ("frame_indices", "frame_idx", "frame_index", "frame_number", "frame_id", "frame")
IDENTITIES: Final = ("track_id", "person_id", "obj_id", "id")
RATES: Final = ("fps", "video_fps")
DEPTH: Final = 5  # of containers in each other


def point_motions_in(contents: Any) -> list[PointMotion] | None:
    """Everybody whose points a file holds, None where it is of another kind.

    ClipError names what has another shape, and tells of files with MHR's parameters alone.
    """
    if not _holds(contents, (POINTS,)):
        if _holds(contents, OF_JOINTS):
            raise ClipError(
                "The file has MHR's parameters without points; how its joints lie at rest is in "
                "MHR's own model file.",
                f"Save “{POINTS}” and “{PLACE}” of SAM 3D Body along with them, or convert to SMPL "
                "by the tools of MHR, and import that.",
            )
        return None
    seen: dict[Any, dict[int, Array]] = {}
    last: dict[Any, Array] = {}
    for frame, picture in sorted(_pictures(contents), key=lambda one: one[0]):
        for who, points in _told_apart(picture, last):
            seen.setdefault(who, {})[frame] = points
    fps = _rate(contents)
    motions = [
        PointMotion(np.array(list(frames)), np.stack(list(frames.values())), fps).with_body()
        for frames in seen.values()
    ]
    shown = [motion for motion in motions if len(motion.frames)]
    if not shown:
        raise ClipError(
            "In no frame there is anybody whose hips and neck are known.",
            "Choose a file in which a whole body was found.",
        )
    return shown


def _holds(contents: Any, names: Sequence[str], depth: int = DEPTH) -> bool:
    if depth == 0 or not isinstance(contents, Mapping | list | tuple):
        return False
    if isinstance(contents, Mapping):
        if any(name in contents for name in names):
            return True
        contents = list(contents.values())
    elif contents and isinstance(contents[0], int | float):
        return False
    return any(_holds(part, names, depth - 1) for part in contents)


def _rate(contents: Any) -> float | None:
    """Frames per second, where the file tells them beside its frames."""
    if not isinstance(contents, Mapping):
        return None
    for name in RATES:
        if name in contents:
            return rate_of(array_of(contents[name], name), name)
    told = (_rate(part) for part in contents.values() if isinstance(part, Mapping))
    return next((rate for rate in told if rate is not None), None)


def _pictures(contents: Any) -> Iterator[tuple[int, Picture]]:
    """By number of the frame, from 0, who is in it."""
    if isinstance(contents, Mapping):
        yield from _of_mapping(contents)
    elif isinstance(contents, list | tuple) and _are_pictures(contents):
        yield from _in_turn(contents)
    else:
        yield 0, _people(contents)


def _in_turn(pictures: Sequence[Any]) -> Iterator[tuple[int, Picture]]:
    for place, part in enumerate(pictures):
        told = _number(part) if isinstance(part, Mapping) else None
        yield place if told is None else told, _people(part)


def _of_mapping(contents: Keys) -> Iterator[tuple[int, Picture]]:
    if POINTS in contents:
        yield from _of_arrays(contents)
        return
    name = next((name for name in (*FRAMES, *PEOPLE) if name in contents), None)
    if name in PEOPLE:
        yield _number(contents) or 0, _people(contents)
        return
    if name is not None and isinstance(contents[name], list | tuple):
        yield from _in_turn(contents[name])
        return
    holding = {key: part for key, part in contents.items() if _holds(part, (POINTS,))}
    parts = list(holding.values())
    if name is not None or len(parts) == 1:
        yield from _pictures(contents[name] if name is not None else parts[0])
        return
    if all(isinstance(part, Mapping) and np.ndim(part.get(POINTS, 0)) > 2 for part in parts):
        for key, part in holding.items():
            yield from _of_arrays({IDENTITIES[0]: key, **part})
        return
    are_numbered = all(str(key).isdigit() for key in holding)
    for place, (key, part) in enumerate(holding.items()):
        yield int(key) if are_numbered else place, _people(part)


def _are_pictures(parts: Sequence[Any]) -> bool:
    """Whether a list has one part for each frame; else it has one for each person of a picture, as
    SAM 3D Body returns them.
    """
    return any(
        not isinstance(part, Mapping) or POINTS not in part or _number(part) is not None
        for part in parts
    )


def _number(part: Keys) -> int | None:
    name = next((name for name in NUMBERS if name in part and np.size(part[name]) == 1), None)
    return None if name is None else int(_whole(part[name], name, 1)[0])


def _people(part: Any) -> Picture:
    """Who is in one picture, whatever they are listed in."""
    if part is None or (isinstance(part, Mapping | list | tuple) and not part):
        return []
    if isinstance(part, Mapping) and POINTS in part:
        points = _points(part)
        if len(points) > 1:
            raise ClipError(
                f"“{POINTS}” has {len(points)} rows for one person in one frame.",
                "Write one dictionary for each person, or one array for all frames of one person.",
            )
        return [(_identity(part), points[0])]
    if isinstance(part, Mapping):
        name = next((name for name in PEOPLE if name in part), None)
        if name is not None:
            return _people(part[name])
        return [
            (str(key) if who is None else who, points)
            for key, inner in part.items()
            for who, points in _people(inner if isinstance(inner, Mapping) else None)
        ]
    if isinstance(part, list | tuple):
        return [person for inner in part for person in _people(inner)]
    raise ClipError(
        f"A frame has {type(part).__name__} in place of people.",
        "Write a list of dictionaries for each frame, as SAM 3D Body returns them.",
    )


def _identity(part: Keys) -> Any:
    name = next((name for name in IDENTITIES if name in part), None)
    return None if name is None else str(np.asarray(part[name]).tolist())


def _of_arrays(part: Keys) -> Iterator[tuple[int, Picture]]:
    """One person, whose frames may be the rows of arrays."""
    points = _points(part)
    numbers = np.arange(len(points))
    name = next((name for name in NUMBERS if name in part), None)
    if name is not None:
        numbers = _whole(part[name], name, len(points))
    for number, row in zip(numbers.tolist(), points, strict=True):
        yield number, [(_identity(part), row)]


def _points(part: Keys) -> Array:
    """Points in the camera frame (F, 70, 3)."""
    points = array_of(part[POINTS], POINTS)
    width = (len(NAMES), 3)
    if points.shape[-2:] != width:
        raise ClipError(
            f"“{POINTS}” has the shape {points.shape}; expected were {width} for a person, or "
            f"(frames, {width[0]}, 3).",
            "Save it as SAM 3D Body gives it.",
        )
    points = np.reshape(points, (-1, *width))
    if part.get(PLACE) is None:
        return points
    places = rows_of(array_of(part[PLACE], PLACE), PLACE, 3, len(points))
    placed: Array = points + places[:, None]
    return placed


def _whole(values: Any, name: str, count: int) -> Array:
    """Numbers of frames (count,)."""
    numbers = rows_of(array_of(values, name), name, 1, count)[:, 0]
    if not np.isfinite(numbers).all():
        raise ClipError(f"“{name}” has numbers that are not finite.", "Write numbers of frames.")
    return numbers.astype(int)


def _told_apart(picture: Picture, last: dict[Any, Array]) -> list[tuple[Any, Array]]:
    """Who is who: as the file tells, else whoever was nearest before."""
    found = [(who, points) for who, points in picture if who is not None]
    nameless = {place: points for place, (who, points) in enumerate(picture) if who is None}
    before = {who: place for who, place in last.items() if isinstance(who, int)}
    apart = sorted(
        (float(np.nan_to_num(np.linalg.norm(_hips(points) - hips), nan=np.inf)), who, place)
        for place, points in nameless.items()
        for who, hips in before.items()
    )
    for _, who, place in apart:
        if who in before and place in nameless:
            del before[who]
            found.append((who, nameless.pop(place)))
    taken = sum(isinstance(who, int) for who in last)
    found += [(taken + more, points) for more, points in enumerate(nameless.values())]
    last.update((who, _hips(points)) for who, points in found)
    return found


def _hips(points: Array) -> Array:
    hips: Array = both(Given(points[None]), "hip")[0]
    return hips
