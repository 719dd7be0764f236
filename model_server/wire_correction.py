# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes over the wire to correct somebody (docs/protocol.md)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from model_server.correction import Correction

_FARTHEST_PX = 1e6  # from the photo's corner; landmarks may lie outside of it

Pixel = Annotated[float, Field(ge=-_FARTHEST_PX, le=_FARTHEST_PX)]


class CorrectionQuestion(BaseModel):
    model_config = ConfigDict(extra="forbid")

    photo: str
    person: Annotated[int, Field(ge=0)] = 0
    pins: dict[str, tuple[Pixel, Pixel]] = {}
    dropped: list[str] = []
    hypothesis: Annotated[int, Field(ge=0)] = 0
    body: bool = False

    def correction(self) -> Correction:
        dropped = frozenset(self.dropped).difference(self.pins)
        return Correction(self.pins, dropped, self.hypothesis, self.body)
