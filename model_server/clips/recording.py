# SPDX-License-Identifier: GPL-3.0-or-later
"""What was estimated of a clip frame by frame, on disk until all frames can be looked at together,
so that memory does not grow with the clip.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from model_server.decode import confidence_of
from model_server.estimate import Person
from model_server.hands import Side
from model_server.landmark_names import POSE_LANDMARKS

_HANDS: Final[tuple[Side, ...]] = ("left", "right")


@dataclass(frozen=True)
class Names:
    """What the numbers of a recording are called."""

    rig: str
    bones: tuple[str, ...]  # those that may turn, besides the root
    phenotypes: tuple[str, ...]
    facial_actions: tuple[str, ...]

    @property
    def row(self) -> np.dtype[np.void]:
        """One person in one frame, as it lies on disk."""
        return np.dtype(
            [
                ("track", "<i4"),
                ("number", "<i4"),
                ("place", "<f8"),
                ("root", "<f4", (4,)),
                ("translation", "<f4", (3,)),
                ("rotations", "<f4", (len(self.bones), 4)),
                ("confidence", "<f4", (len(self.bones),)),
                ("phenotypes", "<f4", (len(self.phenotypes),)),
                ("facial_actions", "<f4", (len(self.facial_actions),)),
                ("face", "<f4"),  # 0…1, how clearly it was seen
                ("hands", "<f4", (len(_HANDS),)),  # likewise, left and right
                ("landmarks_px", "<f4", (len(POSE_LANDMARKS), 2)),
                ("visibility", "<f4", (len(POSE_LANDMARKS),)),
                ("box", "<f4", (4,)),
                ("sure", "<f4"),  # 0…1, of the person
            ]
        )


@dataclass(frozen=True)
class Tracked:
    """Somebody in a frame."""

    track: int
    person: Person
    face_clarity: float  # 0…1


class Recording:
    """Rows on disk, removed with it. For one writer."""

    def __init__(self, names: Names, folder: Path | None = None) -> None:
        """In a temporary file of `folder`, or where such files usually are."""
        self.names = names
        self._bones = {bone: i for i, bone in enumerate(names.bones)}
        self._file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._rows = 0

    def add(self, number: int, place: float, tracked: Tracked) -> None:
        row = np.zeros(1, self.names.row)
        row["rotations"][..., 0] = 1
        for name, value in self._values(number, place, tracked).items():
            row[name] = value
        for bone, turn in tracked.person.parameters.rotations.items():
            row["rotations"][0, self._bones[bone]] = turn
        for bone, value in tracked.person.joint_confidence.items():
            row["confidence"][0, self._bones[bone]] = value
        self._file.write(row.tobytes())
        self._rows += 1

    def _values(self, number: int, place: float, tracked: Tracked) -> Mapping[str, Any]:
        person, body = tracked.person, tracked.person.parameters
        hands = (person.landmarks.left_hand, person.landmarks.right_hand)
        pose, box = person.landmarks.pose, person.box
        return {
            "track": tracked.track,
            "number": number,
            "place": place,
            "root": body.root,
            "translation": body.translation,
            "phenotypes": [body.phenotypes[name] for name in self.names.phenotypes],
            "facial_actions": [
                body.facial_actions.get(name, 0.0) for name in self.names.facial_actions
            ],
            "face": tracked.face_clarity,
            "hands": [0.0 if hand is None else hand.confidence for hand in hands],
            "landmarks_px": pose.landmarks_px,
            "visibility": confidence_of(person.landmarks),
            "box": (box.x, box.y, box.width, box.height),
            "sure": person.confidence,
        }

    def tracks(self) -> dict[int, NDArray[np.void]]:
        """All rows by track, ascending in time."""
        self._file.flush()
        self._file.seek(0)
        rows = np.fromfile(self._file, self.names.row, self._rows)
        self._file.seek(0, 2)
        return {int(track): rows[rows["track"] == track] for track in np.unique(rows["track"])}

    def close(self) -> None:
        self._file.close()
