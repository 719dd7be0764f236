# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's client against the server's app, which share nothing but docs/protocol.md."""

import io
from collections.abc import Iterator

import numpy as np
import PIL.Image
import pytest

from hund_blender.client import Client, Question, parse_address
from hund_blender.errors import ForgottenError, PhotoError, ServerError
from hund_blender.estimate import PINNED, Estimate
from hund_blender.keypoint_files import KeypointFile
from hund_blender.sighting import HANDLES, Correction, Sighting
from model_server import __version__
from model_server.landmark_names import COCO_FROM_POSE, COCO_JOINTS
from model_server.pipeline import Pipeline
from model_server.settings import ASSETS
from model_server.wire import EstimateAnswer, estimate_answer
from tests.server.doubles import TOKEN, running
from tests.server.made_keypoints import standing
from tests.server.pictures import GRACE_HOPPER, encoded, gradient


@pytest.fixture(scope="module")
def client(pipeline: Pipeline) -> Iterator[Client]:
    with running(pipeline, ASSETS, max_body_bytes=1_000_000) as server:
        yield Client(parse_address(f"127.0.0.1:{server.port}", TOKEN))


@pytest.fixture(scope="module")
def told(pipeline: Pipeline) -> EstimateAnswer:
    return estimate_answer(pipeline.estimate(GRACE_HOPPER.read_bytes()))


@pytest.fixture(scope="module")
def read(client: Client) -> Estimate:
    return client.estimate(GRACE_HOPPER.read_bytes())


def test_health(client: Client) -> None:
    assert client.health()["version"] == __version__


def test_the_body_arrives(client: Client) -> None:
    if not (ASSETS / "anny.npz").is_file():
        pytest.skip("the body asset is not exported")
    with np.load(ASSETS / "anny.npz") as asset:
        names = set(asset.files) - {"meta"}
        template = asset["template_vertices"]
    body = client.body("anny")
    assert set(body.arrays) == names
    np.testing.assert_array_equal(body.arrays["template_vertices"], template)


def test_the_camera_arrives(read: Estimate, told: EstimateAnswer) -> None:
    assert (read.photo.width, read.photo.height) == (told.image.width, told.image.height)
    assert read.photo.focal_px == told.image.focal_px
    assert read.photo.center_px == told.image.center_px


def test_the_person_arrives(read: Estimate, told: EstimateAnswer) -> None:
    (person,), (expected,) = read.people, told.people
    parameters = expected.parameters
    np.testing.assert_allclose(person.box_px, expected.box)
    np.testing.assert_allclose(person.root_wxyz, parameters.root, atol=1e-6)
    np.testing.assert_allclose(person.translation_m, parameters.translation)
    assert set(person.rotations_wxyz) == set(parameters.rotations)
    for bone, quaternion in parameters.rotations.items():
        np.testing.assert_allclose(person.rotations_wxyz[bone], quaternion, atol=1e-6)
    assert dict(person.phenotypes) == parameters.phenotypes
    assert dict(person.joint_confidence) == expected.joint_confidence


def test_thumbnails_arrive_where_they_are_wanted(client: Client, pipeline: Pipeline) -> None:
    content = GRACE_HOPPER.read_bytes()
    (pictured,) = client.estimate(content, Question(thumbnails=True)).people
    (pixels,) = pipeline.estimate(content).thumbnails
    np.testing.assert_array_equal(pictured.thumbnail, pixels)
    assert pictured.source["thumbnail"] is None
    (plain,) = client.estimate(content).people
    assert plain.thumbnail is None


def test_people_are_where_keypoints_are_sent(client: Client) -> None:
    look = standing((30, 20), 30)
    px = look.landmarks_px[list(COCO_FROM_POSE)]
    people = [{"keypoints": [float(v) for x, y in px for v in (x, y, 1)]}]
    photo = encoded(gradient())
    (person,) = client.estimate(photo, keypoints=KeypointFile(people, "here.png")).people
    assert person.confidence > 0.9
    with pytest.raises(PhotoError, match="“camera”"):
        client.estimate(photo, keypoints=KeypointFile({"camera": 1}, "here.png"))


def test_a_turned_photo_arrives_upright(client: Client) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    turned = encoded(gradient(), "JPEG", exif=exif)
    assert not client.estimate(turned).photo.as_stored
    assert PIL.Image.open(io.BytesIO(client.jpeg(turned))).size == (40, 60)
    with pytest.raises(PhotoError):
        client.jpeg(b"only text")


def test_the_keypoints_arrive(read: Estimate, told: EstimateAnswer) -> None:
    (person,), (expected,) = read.people, told.people
    assert set(person.keypoints) == set(COCO_JOINTS)
    for name, keypoint in person.keypoints.items():
        np.testing.assert_allclose(keypoint.px, expected.keypoints[name].px)
        np.testing.assert_allclose(keypoint.cam, expected.keypoints[name].cam)


def sighting(read: Estimate) -> Sighting:
    return Sighting(read.id, GRACE_HOPPER, Question(), read.photo, 0, read.people[0])


def test_the_landmarks_arrive(read: Estimate, told: EstimateAnswer) -> None:
    (person,), (expected,) = read.people, told.people
    assert read.id == told.id
    assert person.hypotheses == expected.hypotheses >= 2
    pose = expected.landmarks.pose
    assert list(person.landmarks) == pose.names
    assert set(HANDLES) <= set(pose.names)
    for landmark, px, visibility in zip(
        person.landmarks.values(), pose.px, pose.visibility, strict=True
    ):
        assert landmark.px == pytest.approx(px)
        assert landmark.visibility == pytest.approx(visibility)


def test_a_correction_goes_there_and_back(client: Client, read: Estimate) -> None:
    correction = Correction({"left_elbow": (123.25, 45.5)}, frozenset({"nose"}))
    person = client.correct(sighting(read).asked(correction, body=False))
    assert person.landmarks["left_elbow"].px.tolist() == [123.25, 45.5]
    assert person.landmarks["left_elbow"].visibility == PINNED
    assert person.landmarks["nose"].visibility == 0
    assert person.hypotheses == read.people[0].hypotheses
    assert person.phenotypes == read.people[0].phenotypes
    back = client.correct(sighting(read).asked(Correction(), body=False))
    assert back.source == read.people[0].source


def test_the_other_interpretation_arrives(client: Client, read: Estimate) -> None:
    last = read.people[0].hypotheses - 1
    person = client.correct(sighting(read).asked(Correction(hypothesis=last), body=False))
    swapped = read.people[0].landmarks["right_elbow"].px
    np.testing.assert_allclose(person.landmarks["left_elbow"].px, swapped)


def test_an_unknown_photo_is_forgotten(client: Client, read: Estimate) -> None:
    asked = sighting(read).asked(Correction(), body=False)
    with pytest.raises(ForgottenError):
        client.correct(asked | {"photo": "another"})


def test_nobody_arrives(client: Client) -> None:
    assert client.estimate(encoded(gradient())).people == ()


@pytest.mark.parametrize(
    "content", [b"a text", b"", b"\xff\xd8\xff", b"\0\0\0\x18ftypheic", b"x" * 2_000_000]
)
def test_refused_photos_are_the_photos_fault(client: Client, content: bytes) -> None:
    with pytest.raises(PhotoError):
        client.estimate(content)


def test_a_wrong_token_is_not(client: Client) -> None:
    with pytest.raises(ServerError) as raised:
        Client(parse_address(str(client.address), "wrong")).health()
    assert not isinstance(raised.value, PhotoError)
