# SPDX-License-Identifier: GPL-3.0-or-later
"""What a character knows of the photo it comes from, so that it can be corrected any time later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from .client import Question
from .estimate import Person, Photo, parse_person, parse_photo

# The landmarks an artist can grasp; the server knows more of faces and hands than one would drag.
HANDLES: Final = (
    "nose",
    *(
        f"{side}_{name}"
        for name in (
            "ear", "shoulder", "elbow", "wrist", "index", "hip", "knee", "ankle", "heel",
            "foot_index",
        )
        for side in ("left", "right")
    ),
)  # fmt: skip

Pixel = tuple[float, float]


@dataclass(frozen=True)
class Correction:
    """All that the artist knows better of one person."""

    pins: Mapping[str, Pixel] = field(default_factory=dict)  # where landmarks belong
    dropped: frozenset[str] = frozenset()  # landmarks that are not where they were seen
    hypothesis: int = 0


@dataclass(frozen=True, eq=False)
class Sighting:
    """One person of one photo as the server told of them last."""

    photo_id: str
    path: Path
    question: Question
    photo: Photo
    number: int  # among the people of the photo
    person: Person
    correction: Correction = Correction()

    def asked(self, correction: Correction, *, body: bool) -> dict[str, Any]:
        """The body of POST /correct."""
        return {
            "photo": self.photo_id,
            "person": self.number,
            **_correction_json(correction),
            "body": body,
        }

    def to_json(self) -> str:
        photo = asdict(self.photo) | {"center_px": list(self.photo.center_px)}
        return json.dumps(
            {
                "photo_id": self.photo_id,
                "path": str(self.path),
                "question": asdict(self.question),
                "photo": photo,
                "number": self.number,
                "person": self.person.source,
                "correction": _correction_json(self.correction),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Sighting:
        """Inverse of to_json."""
        kept = json.loads(text)
        correction = kept["correction"]
        pins = {name: (x, y) for name, (x, y) in correction["pins"].items()}
        return cls(
            photo_id=kept["photo_id"],
            path=Path(kept["path"]),
            question=Question(**kept["question"]),
            photo=parse_photo(kept["photo"]),
            number=kept["number"],
            person=parse_person(kept["person"]),
            correction=Correction(pins, frozenset(correction["dropped"]), correction["hypothesis"]),
        )


def _correction_json(correction: Correction) -> dict[str, Any]:
    return {
        "pins": {name: list(px) for name, px in correction.pins.items()},
        "dropped": sorted(correction.dropped),
        "hypothesis": correction.hypothesis,
    }
