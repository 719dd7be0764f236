# SPDX-License-Identifier: GPL-3.0-or-later
"""The exported face network on a real portrait: what an artist sees first."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from model_server.camera import camera_of
from model_server.errors import InternalError
from model_server.face_session import OnnxFace
from model_server.landmarks import DetailReading, FaceLandmarks
from model_server.settings import ASSETS
from tests.server.portrait_face import eyes_px, moved, portrait_face
from tests.server.tiny_face import write_tiny_face

CAMERA = camera_of(512, 600)
LOWER_LIP = (14, 87, 317, 178, 402, 88, 318, 17, 84, 314, 181, 405, 91, 321, 152, 148, 377)
LIDS = (159, 158, 160, 161, 157, 386, 385, 387, 388, 384)  # upper
BELOW = (145, 153, 144, 163, 154, 374, 380, 373, 390, 381)


@pytest.fixture(scope="module")
def session() -> OnnxFace:
    return OnnxFace(ASSETS / "face.onnx")


@pytest.fixture(scope="module")
def face() -> FaceLandmarks:
    return portrait_face()


def test_an_open_mouth_opens_the_jaw(session: OnnxFace, face: FaceLandmarks) -> None:
    closed = session.run(face, CAMERA).actions.get("jawOpen", 0)
    wide = moved(face, LOWER_LIP, (0, 0.35 * eyes_px(face)))
    assert session.run(wide, CAMERA).actions["jawOpen"] > closed + 0.3


def test_closed_eyes_blink(session: OnnxFace, face: FaceLandmarks) -> None:
    px = face.landmarks_px.copy()
    px[list(LIDS)] = px[list(BELOW)]
    actions = session.run(replace(face, landmarks_px=px), CAMERA).actions
    assert min(actions["eyeBlinkLeft"], actions["eyeBlinkRight"]) > 0.5


def test_eyes_follow_the_irises(session: OnnxFace, face: FaceLandmarks) -> None:
    irises = tuple(range(468, 478))
    to_left = session.run(moved(face, irises, (0.05 * eyes_px(face), 0)), CAMERA).actions
    to_right = session.run(moved(face, irises, (-0.05 * eyes_px(face), 0)), CAMERA).actions
    assert to_left.get("eyeLookOutLeft", 0) > to_right.get("eyeLookOutLeft", 0) + 0.1
    assert to_right.get("eyeLookOutRight", 0) > to_left.get("eyeLookOutRight", 0) + 0.1


def test_the_head_looks_into_the_camera(session: OnnxFace, face: FaceLandmarks) -> None:
    turn = session.run(face, CAMERA).cam_from_head
    assert turn is not None
    ahead = -turn[:, 1]  # a body looks towards -y
    assert ahead @ np.array([0, 0, -1]) > np.cos(np.radians(35))


def test_size_does_not_matter(session: OnnxFace, face: FaceLandmarks) -> None:
    expected = session.run(face, CAMERA).actions
    large = session.run(face.scaled(3), camera_of(3 * 512, 3 * 600)).actions
    assert large == pytest.approx(expected, abs=2e-3)


def test_names_come_from_the_graph(tmp_path: Path, face: FaceLandmarks) -> None:
    tiny = OnnxFace(write_tiny_face(tmp_path / "face.onnx"))
    assert set(tiny.run(moved(face, (14,), (0, 30)), CAMERA).actions) == {"jawOpen"}


def test_a_graph_is_told_of_pictures_if_it_wants_to_know(
    tmp_path: Path, face: FaceLandmarks
) -> None:
    """The tiny network puckers the lips of faces whose pictures were read."""
    seeing = OnnxFace(write_tiny_face(tmp_path / "face.onnx", wants_pictures=True))
    blind = OnnxFace(write_tiny_face(tmp_path / "blind.onnx"))
    ones = np.ones(64, np.float32)
    reading = DetailReading(ones, face.landmarks_px[:157], np.ones(157, np.float32))
    read = replace(face, reading=reading)
    assert seeing.run(face, CAMERA).actions == blind.run(face, CAMERA).actions
    assert seeing.run(read, CAMERA).actions["mouthPucker"] > 0.5
    assert "mouthPucker" not in blind.run(read, CAMERA).actions


def test_a_network_that_names_nothing_is_told(tmp_path: Path) -> None:
    path = write_tiny_face(tmp_path / "face.onnx")
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, path)
    with pytest.raises(InternalError, match="does not name"):
        OnnxFace(path)
