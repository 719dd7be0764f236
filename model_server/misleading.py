# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures that mislead: whom all landmarks contradict is posed once more, by the landmarks.

The features of a picture come from an encoder that was taught on renders. On a photo they may say
that somebody shows their back who does not, and the descent believes them.
"""

from dataclasses import fields, replace
from typing import Final

import numpy as np

from model_server.arrays import rows_of
from model_server.session import DescentSession, Evidence, Posed

_SEEN_WELL: Final = 0.8  # mean visibility; of who is half hidden the landmarks are often wrong
_UNEXPLAINED: Final = 0.6  # energy; half of it is usual
_FAR_BETTER: Final = 0.4  # times the energy with features; on renders, more than that is no gain


def posed_without_being_misled(descent: DescentSession, evidence: Evidence) -> Posed:
    """What the descent says; without the features for those whose landmarks are seen well and far
    better explained so.
    """
    posed = descent.run(evidence)
    seen_well = np.clip(evidence.visibility, 0, 1).mean(axis=1) > _SEEN_WELL
    doubtful = np.flatnonzero(seen_well & (posed.energy > _UNEXPLAINED))
    if not doubtful.size:
        return posed
    some = rows_of(evidence, doubtful.tolist())
    again = descent.run(replace(some, features=np.zeros_like(some.features)))
    better = again.energy < _FAR_BETTER * posed.energy[doubtful]
    mixed = {field.name: getattr(posed, field.name).copy() for field in fields(Posed)}
    for name, values in mixed.items():
        values[doubtful[better]] = getattr(again, name)[better]
    return Posed(**mixed)
