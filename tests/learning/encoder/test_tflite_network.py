# SPDX-License-Identifier: GPL-3.0-or-later
"""The detector's own run of its network is the judge."""

from pathlib import Path

import cv2
import numpy as np
import torch

from model_server.bundles import network_in_wheel
from model_server.landmarks import PoseDetector
from model_server.learning.encoder.encoder import FAR, NEAR, TRUNK
from model_server.learning.encoder.tflite_network import TfliteNetwork
from model_server.person_crop import VIEW_PX, person_view
from model_server.squares import cut_square

PICTURE = Path("docs/pictures/full_body.jpg")
LANDMARKS_3D = 338  # 39 points in metres, of which the detector tells 33


def test_it_sees_people_as_the_detector_does() -> None:
    image = cv2.cvtColor(cv2.imread(str(PICTURE)), cv2.COLOR_BGR2RGB)
    detector = PoseDetector()
    (found,) = detector.detect(image)
    detector.close()
    square = person_view(found.landmarks_px)
    view = cut_square(image, square, VIEW_PX)
    picture = torch.from_numpy(view).permute(2, 0, 1)[None].float() / 255
    network = TfliteNetwork(network_in_wheel(TRUNK), (LANDMARKS_3D,))
    with torch.no_grad():
        (answer,) = network(picture)
    points = answer.flatten().reshape(39, 3)[:33].numpy()
    picture_from_view = square[:, :2] / np.linalg.norm(square[:, 0])
    points[:, :2] = points[:, :2] @ picture_from_view.T
    apart = np.linalg.norm(points - found.world_m, axis=1)
    assert np.median(apart) < 0.03  # the views differ a little


def test_only_what_is_asked_for_is_kept() -> None:
    content = network_in_wheel(TRUNK)
    near, both = TfliteNetwork(content, (NEAR,)), TfliteNetwork(content, (NEAR, FAR))
    assert len(near.weights) < len(both.weights)
    picture = torch.rand(2, 3, VIEW_PX, VIEW_PX)
    with torch.no_grad():
        (alone,), (beside, far) = near(picture), both(picture)
    assert torch.equal(alone, beside)
    assert alone.shape == (2, 288, 8, 8)
    assert far.shape == (2, 288, 2, 2)
