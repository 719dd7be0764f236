# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of assets that are small, quick to load, and answer what is known beforehand."""

from pathlib import Path

from tests.server.tiny_body import write_tiny_body
from tests.server.tiny_descent import write_tiny_descent
from tests.server.tiny_encoder import write_tiny_encoder
from tests.server.tiny_face import write_tiny_face
from tests.server.tiny_hands import write_tiny_hands


def write_tiny_assets(folder: Path) -> Path:
    """Save all that a pipeline loads in `folder` and return it."""
    write_tiny_descent(folder / "descent.onnx")
    write_tiny_encoder(folder / "encoder.onnx")
    write_tiny_hands(folder / "hands.onnx")
    write_tiny_face(folder / "face.onnx")
    write_tiny_body(folder / "anny.npz")
    return folder
