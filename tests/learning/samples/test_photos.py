# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.encoder.dataset import crops_of, load
from model_server.learning.samples.people import PICTURE_PX
from model_server.learning.samples.photos import Found, Observer, photos_of, samples_of
from model_server.learning.samples.pictures import write_pictures
from model_server.learning.shards import write_shard
from tests.server.pictures import encoded, gradient, portrait


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of a person, one of nobody, and a text."""
    path = tmp_path_factory.mktemp("photos")
    (path / "a.png").write_bytes(encoded(portrait()))
    (path / "b.png").write_bytes(encoded(gradient()))
    (path / "c.txt").write_text("no photo")
    return path


@pytest.fixture(scope="module")
def found(folder: Path) -> list[Found]:
    observer = Observer(threads=1)
    return [person for photo in photos_of(folder, 1) for person in observer.found(photo)]


def test_the_person_lies_in_the_sample_as_in_the_photo(found: list[Found]) -> None:
    (person,), samples = found, samples_of(found)
    back = samples.landmarks_px[0] * person.crop.scale + person.corner_px
    np.testing.assert_allclose(back, person.pose.landmarks_px, atol=1e-2)
    rays = (samples.landmarks_px[0] - samples.center_px[0]) / samples.focal_px[0]
    true = (person.pose.landmarks_px - person.camera.center_px) / person.camera.focal_px
    np.testing.assert_allclose(rays, true, atol=1e-4)
    seen = person.pose.visibility > 0.8
    assert ((samples.landmarks_px[0] > 0) & (samples.landmarks_px[0] < PICTURE_PX))[seen].all()


def test_nobody_knows_the_truth(found: list[Found]) -> None:
    samples = samples_of(found)
    for truth in (samples.rotations, samples.phenotypes, samples.translation):
        assert np.isnan(truth).all()
    assert np.isfinite(samples.landmarks_px).all()


def test_the_encoder_finds_its_crops_in_a_shard_of_photos(
    found: list[Found], landmark_model: LandmarkModel, tmp_path: Path
) -> None:
    write_pictures([person.picture for person in found], tmp_path / "photos.npz")
    write_shard(samples_of(found), tmp_path / "photos.npz")
    crops, _ = crops_of(load(tmp_path / "photos.npz", landmark_model), np.arange(1), None)
    assert torch.isfinite(crops.landmarks).all()
    assert crops.mask.max() == 255
    skin = crops.image[0, :, 32:64, 48:80].float().mean((1, 2))
    assert skin[0] > skin[2]  # RGB


def test_frames_of_a_clip_are_taken_at_intervals(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    clip = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (64, 48))
    for i in range(7):
        clip.write(np.full((48, 64, 3), 30 * i, np.uint8))
    clip.release()
    shades = [photo.pixels.mean() for photo in photos_of(path, 3)]
    np.testing.assert_allclose(shades, [0, 90, 180], atol=3)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="neither a folder nor a clip"):
        next(photos_of(tmp_path / "nothing.mp4", 1))
