# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of assets that are small, quick to load, and answer what is known beforehand."""

import json
from pathlib import Path

import numpy as np

from model_server.body_state import WHOLE
from tests.server.tiny_body import write_tiny_body
from tests.server.tiny_descent import BONES, PHENOTYPES, write_tiny_descent
from tests.server.tiny_detail_encoder import write_tiny_detail_encoder
from tests.server.tiny_encoder import write_tiny_encoder
from tests.server.tiny_face import write_tiny_face
from tests.server.tiny_hands import write_tiny_hands


def write_tiny_assets(folder: Path) -> Path:
    """Save all that a pipeline loads in `folder` and return it."""
    write_tiny_descent(folder / "descent.onnx")
    write_tiny_encoder(folder / "encoder.onnx")
    write_tiny_detail_encoder(folder / "hands_encoder.onnx", 21)
    write_tiny_detail_encoder(folder / "faces_encoder.onnx", 478)
    write_tiny_hands(folder / "hands.onnx")
    write_tiny_face(folder / "face.onnx")
    write_tiny_body(folder / "anny.npz")
    write_no_doubt(folder / "doubt.json")
    return folder


def write_no_doubt(path: Path) -> Path:
    """Save at `path` that the tiny descent is never off, and return it."""
    turns = [f"{bone} {axis}" for bone in BONES for axis in "xyz"]
    columns = [*WHOLE, *PHENOTYPES, *turns]
    covariance = 1e-12 * np.eye(len(columns))
    path.write_text(json.dumps({"columns": columns, "covariance": covariance.tolist()}))
    return path
