# SPDX-License-Identifier: GPL-3.0-or-later
"""How people save what SAM 3D Body tells of persons; docs/other_results.md lists the forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import ClipError
from .arrays import array_of, rate_of, rows_of
from .mhr_clip import ParameterMotion
from .mhr_model import PARAMETERS, ROOT_TRANSLATION, ROOT_UNIT_M
from .mhr_points import NAMES
from .points import Given, both
from .points_clip import PointMotion
from .smpl_motion import CAMERA, Y_UP

Array = npt.NDArray[Any]
Keys = Mapping[Any, Any]

POINTS: Final = "pred_keypoints_3d"
PLACE: Final = "pred_cam_t"
OF_SAM: Final = "mhr_model_params"
# MHR's parameters by SAM 3D Body's name and by MHR's own, and the world that they are told in.
OF_POSE: Final = {OF_SAM: CAMERA, "lbs_model_params": Y_UP}
TELLING: Final = (POINTS, *OF_POSE)
# What tells of MHR's joints, but not all of it.
IN_PART: Final = ("pred_global_rots", "pred_joint_coords", "identity_coeffs", "body_pose_params")
FRAMES: Final = ("frames",)
PEOPLE: Final = ("people", "persons", "outputs")
NUMBERS: Final = ("frame_indices", "frame_idx", "frame_index", "frame_number", "frame_id", "frame")
IDENTITIES: Final = ("track_id", "person_id", "obj_id", "id")
RATES: Final = ("fps", "video_fps")
DEPTH: Final = 5  # of containers in each other


class Seen(NamedTuple):
    """Somebody in one picture."""

    who: Any  # None where not told
    points: Array  # (70, 3) in the camera frame, metres; NaN where not told
    parameters: Array  # (204,) MHR's; NaN where not told
    place: Array  # (3,) of MHR's origin in its world, metres; 0 where not told
    world: str  # CAMERA or Y_UP

    @property
    def hips(self) -> Array:
        """About where hips are (3,), to tell people apart."""
        hips: Array = both(Given(self.points[None]), "hip")[0]
        if np.isfinite(hips).all():
            return hips
        moved: Array = self.place + self.parameters[ROOT_TRANSLATION] * ROOT_UNIT_M
        return moved


Picture = list[Seen]


@dataclass(frozen=True, eq=False)
class Told:
    """What a file tells of one person: one of both at least."""

    points: PointMotion | None
    parameters: ParameterMotion | None


def people_in(contents: Any) -> list[Told] | None:
    """Everybody whose points or parameters of MHR a file holds, None where it is of another kind.

    ClipError names what has another shape, and what is missing.
    """
    if not _holds(contents, TELLING):
        if _holds(contents, IN_PART):
            raise ClipError(
                "The file tells of MHR's joints, but neither all of their parameters nor points.",
                f"Save “{OF_SAM}” or “{POINTS}”, and “{PLACE}”, of SAM 3D Body.",
            )
        return None
    people: dict[Any, dict[int, Seen]] = {}
    last: dict[Any, Array] = {}
    for frame, picture in sorted(_pictures(contents), key=lambda one: one[0]):
        for who, seen in _told_apart(picture, last):
            people.setdefault(who, {})[frame] = seen
    fps = _rate(contents)
    told = [_told(frames, fps) for frames in people.values()]
    shown = [person for person in told if person is not None]
    if not shown:
        raise ClipError(
            "In no frame there is anybody whose hips and neck are known.",
            "Choose a file in which a whole body was found.",
        )
    return shown


def _told(seen: Mapping[int, Seen], fps: float | None) -> Told | None:
    """Of one person, by number of the frame; None where nothing is told of the body."""
    frames, rows = np.array(list(seen)), list(seen.values())
    points = np.stack([row.points for row in rows])
    parameters = np.stack([row.parameters for row in rows])
    of_points = PointMotion(frames, points, fps).with_body()
    # Results of a hand alone have parameters of a body as well, which mean nothing.
    has_points = np.isfinite(points).any((1, 2))
    places = np.stack([row.place for row in rows])
    posed = np.isfinite(np.hstack([parameters, places])).all(1)
    posed &= ~has_points | np.isin(frames, of_points.frames)
    of_parameters = ParameterMotion(
        frames[posed], parameters[posed], places[posed], rows[0].world, fps
    )
    count = len(of_points.frames)
    if not count and not posed.any():
        return None
    return Told(
        of_points if count else None, of_parameters if posed.sum() >= max(count, 1) else None
    )


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
    if _tells(contents):
        yield from _of_arrays(contents)
        return
    name = next((name for name in (*FRAMES, *PEOPLE) if name in contents), None)
    if name in PEOPLE:
        yield _number(contents) or 0, _people(contents)
        return
    if name is not None and isinstance(contents[name], list | tuple):
        yield from _in_turn(contents[name])
        return
    holding = {key: part for key, part in contents.items() if _holds(part, TELLING)}
    parts = list(holding.values())
    if name is not None or len(parts) == 1:
        yield from _pictures(contents[name] if name is not None else parts[0])
        return
    if all(isinstance(part, Mapping) and _has_rows(part) for part in parts):
        for key, part in holding.items():
            yield from _of_arrays({IDENTITIES[0]: key, **part})
        return
    are_numbered = all(str(key).isdigit() for key in holding)
    for place, (key, part) in enumerate(holding.items()):
        yield int(key) if are_numbered else place, _people(part)


def _tells(part: Any) -> bool:
    """Whether this is what is told of one person."""
    return isinstance(part, Mapping) and any(part.get(name) is not None for name in TELLING)


def _has_rows(part: Keys) -> bool:
    """Whether what is told of one person is told in arrays of frames."""
    if part.get(POINTS) is not None:
        return np.ndim(part[POINTS]) > 2
    return any(np.ndim(part.get(name, 0)) > 1 for name in OF_POSE)


def _are_pictures(parts: Sequence[Any]) -> bool:
    """Whether a list has one part for each frame; else it has one for each person of a picture, as
    SAM 3D Body returns them.
    """
    return any(not _tells(part) or _number(part) is not None for part in parts)


def _number(part: Keys) -> int | None:
    name = next((name for name in NUMBERS if name in part and np.size(part[name]) == 1), None)
    return None if name is None else int(_whole(part[name], name, 1)[0])


def _people(part: Any) -> Picture:
    """Who is in one picture, whatever they are listed in."""
    if part is None or (isinstance(part, Mapping | list | tuple) and not part):
        return []
    if _tells(part):
        rows = _rows(part)
        if len(rows) > 1:
            raise ClipError(
                f"There are {len(rows)} rows for one person in one frame.",
                "Write one dictionary for each person, or one array for all frames of one person.",
            )
        return rows
    if isinstance(part, Mapping):
        name = next((name for name in PEOPLE if name in part), None)
        if name is not None:
            return _people(part[name])
        return [
            seen if seen.who is not None else seen._replace(who=str(key))
            for key, inner in part.items()
            for seen in _people(inner if isinstance(inner, Mapping) else None)
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
    rows = _rows(part)
    numbers = np.arange(len(rows))
    name = next((name for name in NUMBERS if name in part), None)
    if name is not None:
        numbers = _whole(part[name], name, len(rows))
    for number, row in zip(numbers.tolist(), rows, strict=True):
        yield number, [row]


def _rows(part: Keys) -> list[Seen]:
    """What is told of one person in each frame."""
    name = next((name for name in OF_POSE if part.get(name) is not None), None)
    if part.get(POINTS) is not None:
        points = _points(part)
        parameters = np.full((len(points), PARAMETERS), np.nan)
        told = None if name is None else array_of(part[name], name)
        # Points are enough where parameters are of another kind.
        if told is not None and told.size == parameters.size:
            parameters = told.reshape(parameters.shape)
    else:
        assert name is not None
        parameters = _parameters(part, name)
        points = np.full((len(parameters), len(NAMES), 3), np.nan)
    places = np.zeros((len(points), 3))
    if part.get(PLACE) is not None:
        places = rows_of(array_of(part[PLACE], PLACE), PLACE, 3, len(points))
    who, world = _identity(part), CAMERA if name is None else OF_POSE[name]
    rows = zip(points + places[:, None], parameters, places, strict=True)
    return [Seen(who, *row, world) for row in rows]


def _points(part: Keys) -> Array:
    """Points around the person's origin (F, 70, 3)."""
    points = array_of(part[POINTS], POINTS)
    width = (len(NAMES), 3)
    if points.shape[-2:] != width:
        raise ClipError(
            f"“{POINTS}” has the shape {points.shape}; expected were {width} for a person, or "
            f"(frames, {width[0]}, 3).",
            "Save it as SAM 3D Body gives it.",
        )
    return np.reshape(points, (-1, *width))


def _parameters(part: Keys, name: str) -> Array:
    """MHR's parameters (F, 204)."""
    parameters = array_of(part[name], name)
    if parameters.shape[-1:] != (PARAMETERS,):
        raise ClipError(
            f"“{name}” has the shape {parameters.shape}; expected were {PARAMETERS} numbers for a "
            f"person, or (frames, {PARAMETERS}).",
            "Save it as MHR takes it.",
        )
    return np.reshape(parameters, (-1, PARAMETERS))


def _whole(values: Any, name: str, count: int) -> Array:
    """Numbers of frames (count,)."""
    numbers = rows_of(array_of(values, name), name, 1, count)[:, 0]
    if not np.isfinite(numbers).all():
        raise ClipError(f"“{name}” has numbers that are not finite.", "Write numbers of frames.")
    return numbers.astype(int)


def _told_apart(picture: Picture, last: dict[Any, Array]) -> list[tuple[Any, Seen]]:
    """Who is who: as the file tells, else whoever was nearest before."""
    found = [(seen.who, seen) for seen in picture if seen.who is not None]
    nameless = {place: seen for place, seen in enumerate(picture) if seen.who is None}
    before = {who: place for who, place in last.items() if isinstance(who, int)}
    apart = sorted(
        (float(np.nan_to_num(np.linalg.norm(seen.hips - hips), nan=np.inf)), who, place)
        for place, seen in nameless.items()
        for who, hips in before.items()
    )
    for _, who, place in apart:
        if who in before and place in nameless:
            del before[who]
            found.append((who, nameless.pop(place)))
    taken = sum(isinstance(who, int) for who in last)
    found += [(taken + more, seen) for more, seen in enumerate(nameless.values())]
    last.update((who, seen.hips) for who, seen in found)
    return found
