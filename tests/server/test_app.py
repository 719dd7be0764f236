# SPDX-License-Identifier: GPL-3.0-or-later
import json
import re
import threading
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from model_server import __version__
from model_server.keypoint_files import KeypointFile
from tests.server.doubles import Answer, Client, FakeEstimator, running
from tests.server.pictures import encoded, gradient

PHOTO = encoded(gradient())


@pytest.fixture(scope="module")
def client(tiny_assets: Path) -> Iterator[Client]:
    with running(FakeEstimator(), tiny_assets, max_body_bytes=100_000) as client:
        yield client


def test_health(client: Client) -> None:
    health = client.ask("GET", "/health").json
    assert health["version"] == __version__
    assert health["ready"] is True
    assert (health["device"], health["rigs"]) == ("cpu", ["anny"])
    assert health["memory_mb"] is None or health["memory_mb"] > 10


def test_the_body_is_sent_once(client: Client, tiny_assets: Path) -> None:
    first = client.ask("GET", "/body?rig=anny")
    assert first.body == (tiny_assets / "anny.npz").read_bytes()
    assert first.headers["content-type"] == "application/octet-stream"
    again = client.ask("GET", "/body", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert client.ask("GET", "/body", headers={"If-None-Match": '"other"'}).status == 200


@pytest.mark.parametrize("rig", ["nobody", "../anny", "descent", ""])
def test_an_unknown_rig(client: Client, rig: str) -> None:
    answer = client.ask("GET", f"/body?rig={rig}")
    assert (answer.status, answer.json["detail"]["code"]) == (404, "unknown_rig")
    assert "anny" in answer.json["detail"]["remedy"]


def test_a_photo_without_people_is_no_error(client: Client) -> None:
    answer = client.ask("POST", "/estimate?focal_px=500&max_people=3", PHOTO)
    assert answer.status == 200
    assert answer.json["people"] == []
    assert answer.json["image"] == {
        "width": 60,
        "height": 40,
        "focal_px": 500.0,
        "focal_source": "given",
        "center_px": [30.0, 20.0],
        "as_stored": True,
    }


def test_a_photo_as_jpeg(client: Client) -> None:
    answer = client.ask("POST", "/jpeg", PHOTO)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.body.startswith(b"\xff\xd8\xff")
    refused = client.ask("POST", "/jpeg", b"only text")
    assert (refused.status, refused.json["detail"]["code"]) == (415, "not_an_image")


@pytest.mark.parametrize(
    "token", [None, "", "wrong", "a-token-for-test", "a-token-for-testsX", "ü"]
)
def test_a_wrong_token_is_refused(client: Client, token: str | None) -> None:
    answer = replace(client, token=token and token.encode().decode("latin-1")).ask("GET", "/health")
    assert (answer.status, answer.json["detail"]["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "host", ["example.com", "example.com:80", "127.0.0.1.example.com", "", "10.0.0.1"]
)
def test_a_foreign_host_is_refused(client: Client, host: str) -> None:
    answer = client.ask("GET", "/health", headers={"Host": host})
    assert (answer.status, answer.json["detail"]["code"]) == (421, "wrong_host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1234", "127.0.0.1", "[::1]:80"])
def test_loopback_names_are_ours(client: Client, host: str) -> None:
    assert client.ask("GET", "/health", headers={"Host": host}).status == 200


def test_hosts_can_be_allowed(tiny_assets: Path) -> None:
    with running(FakeEstimator(), tiny_assets, allowed_hosts=("gpu.lan",)) as client:
        assert client.ask("GET", "/health", headers={"Host": "gpu.lan:80"}).status == 200


@pytest.mark.parametrize("size", [100_001, 350_000, 3_000_000])
def test_a_body_above_the_bound_is_refused(client: Client, size: int) -> None:
    try:
        answer = client.ask("POST", "/estimate", b"x" * size)
    except ConnectionError:
        assert size > 400_000  # far too large: the server hangs up
        return
    assert (answer.status, answer.json["detail"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"only text", "not_an_image"),
        (b"", "not_an_image"),
        (PHOTO[:200], "damaged_image"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 99, "unsupported_format"),
    ],
)
def test_what_is_no_photo(client: Client, content: bytes, code: str) -> None:
    answer = client.ask("POST", "/estimate", content)
    assert 400 <= answer.status < 500
    assert answer.json["detail"]["code"] == code
    assert answer.json["detail"]["message"]
    assert answer.json["detail"]["remedy"]


@pytest.mark.parametrize(
    "query",
    ["focal_px=0", "focal_px=x", "max_people=0", "max_people=999", "focal_px=nan", "focal_px=inf"],
)
def test_bad_questions(client: Client, query: str) -> None:
    answer = client.ask("POST", f"/estimate?{query}", PHOTO)
    assert (answer.status, answer.json["detail"]["code"]) == (400, "bad_request")


def with_keypoints(client: Client, **question: object) -> Answer:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return client.ask("POST", "/estimate?max_people=2", json.dumps(question).encode(), headers)


def test_keypoints_come_with_the_photo(tiny_assets: Path) -> None:
    estimator = FakeEstimator()
    with running(estimator, tiny_assets) as client:
        image = b64encode(PHOTO).decode()
        keypoints = {"people": []}
        answer = with_keypoints(client, image=image, keypoints=keypoints, name="walk.png")
        assert (answer.status, answer.json["image"]["width"]) == (200, 60)
        assert estimator.keypoints == KeypointFile(keypoints, "walk.png")
        assert client.ask("POST", "/estimate", PHOTO).status == 200
        assert estimator.keypoints is None


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ({"image": "no base64!", "keypoints": {}}, "base64"),
        ({"keypoints": {}}, "image"),
        ({"image": ""}, "keypoints"),
        ({"image": "", "keypoints": {}, "photo": 1}, "photo"),
    ],
)
def test_bad_questions_with_keypoints(
    client: Client, question: dict[str, object], told: str
) -> None:
    answer = with_keypoints(client, **question)
    assert (answer.status, answer.json["detail"]["code"]) == (400, "bad_request")
    assert told in answer.json["detail"]["message"]


def correct(client: Client, **question: object) -> Answer:
    headers = {"Content-Type": "application/json"}
    return client.ask("POST", "/correct", json.dumps(question).encode(), headers)


def test_a_photo_that_was_not_seen_is_forgotten(client: Client) -> None:
    answer = correct(client, photo="never", person=0)
    assert (answer.status, answer.json["detail"]["code"]) == (410, "forgotten")
    assert "again" in answer.json["detail"]["remedy"]


def test_a_photo_that_was_seen_is_remembered(client: Client) -> None:
    identity = client.ask("POST", "/estimate", PHOTO).json["id"]
    answer = correct(client, photo=identity, person=0)
    assert answer.json["detail"]["code"] == "bad_request"  # this one's estimator sees nobody


@pytest.mark.parametrize(
    "wrong",
    [
        {"pins": {"nose": [1]}},
        {"pins": {"nose": [float("nan"), 0]}},
        {"pins": {"nose": [1e30, 0]}},
        {"person": -1},
        {"hypothesis": -1},
        {"photo": 3},
        {"unknown": 1},
    ],
)
def test_bad_corrections(client: Client, wrong: dict[str, object]) -> None:
    answer = correct(client, **({"photo": "x"} | wrong))
    assert (answer.status, answer.json["detail"]["code"]) == (400, "bad_request")


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("GET", "/estimate")])
def test_unknown_routes_answer_in_the_same_form(client: Client, method: str, path: str) -> None:
    answer = client.ask(method, path)
    assert answer.status in (404, 405)
    assert set(answer.json["detail"]) == {"code", "message", "remedy"}


def test_requests_at_the_same_time_are_all_answered_in_turn(tiny_assets: Path) -> None:
    estimator = FakeEstimator(seconds=0.05)
    with running(estimator, tiny_assets) as client, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.ask("POST", "/estimate", PHOTO), range(8)))
    assert [answer.status for answer in answers] == [200] * 8
    assert estimator.most_at_work == 1


def test_health_answers_while_a_photo_is_at_work(tiny_assets: Path) -> None:
    with running(FakeEstimator(seconds=0.5), tiny_assets) as client:
        at_work = threading.Thread(target=client.ask, args=("POST", "/estimate", PHOTO))
        at_work.start()
        assert client.ask("GET", "/health").status == 200
        assert at_work.is_alive()
        at_work.join()


def test_a_long_line_is_told_to_come_back(tiny_assets: Path) -> None:
    estimator = FakeEstimator(seconds=0.3)
    with running(estimator, tiny_assets, max_waiting=1) as client, ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: client.ask("POST", "/estimate", PHOTO), range(6)))
    assert sorted(answer.status for answer in answers) == [200] * 2 + [503] * 4
    assert {a.json["detail"]["code"] for a in answers if a.status == 503} == {"busy"}


def test_a_bug_is_told_without_its_traceback(tiny_assets: Path) -> None:
    with running(FakeEstimator(fails=True), tiny_assets) as client:
        answer = client.ask("POST", "/estimate", PHOTO)
        assert (answer.status, answer.json["detail"]["code"]) == (500, "internal")
        assert b"a bug" not in answer.body
        assert client.ask("GET", "/health").status == 200


def test_the_server_describes_itself(client: Client) -> None:
    described = client.ask("GET", "/openapi.json").json
    paths = set(described["paths"])
    assert paths > {"/health", "/body", "/estimate", "/correct", "/jpeg", "/clips"}
    assert described["components"]["securitySchemes"]


def test_the_page_about_the_routes_loads_nothing_from_elsewhere(client: Client) -> None:
    stranger = replace(client, token=None)
    page = stranger.ask("GET", "/docs").body.decode()
    sources = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    assert sources
    for source in sources:
        assert source.startswith("/")
        assert stranger.ask("GET", source).status == 200
