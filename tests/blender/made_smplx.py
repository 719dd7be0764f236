# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for an SMPL-X file, and the body that the server makes of it."""

import io
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.smplx_stand_in import stand_in
from hund_blender.body import Body
from model_server.smplx.asset import asset_of
from model_server.smplx.model import SmplxModel
from model_server.smplx.model_file import read_model
from model_server.smplx.our_body import OurBody

ASSET = Path(__file__).parents[2] / "model_server" / "assets" / "anny.npz"


def made_model(folder: Path) -> SmplxModel:
    path = folder / "SMPLX_NEUTRAL.npz"
    np.savez(path, **stand_in(20))
    return read_model(path)


@cache
def made_body(model: SmplxModel) -> Body:
    return Body.load(io.BytesIO(asset_of(OurBody(ASSET), model)))
