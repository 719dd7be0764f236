# SPDX-License-Identifier: GPL-3.0-or-later
"""What uv 0.13.8 and Python say, and what the artist reads."""

from pathlib import Path

import pytest

from hund_blender.installer.failures import explain

FOLDER = Path("/home/zoë/server")
NETWORK = "network did not answer"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("Request failed after 3 retries\n cause: error sending request\n dns error", NETWORK),
        ("Failed to download `numpy==1.26.4`\n cause: operation timed out", NETWORK),
        ("<urlopen error [Errno -2] Name or service not known>", NETWORK),
        ("Failed to download `flatbuffers`\n  cause: Hash mismatch for `flatbuffers`", "expects"),
        ("failed to write to file: No space left on device (os error 28)", "disk is full"),
        ("Failed to download x\n There is not enough space on the disk. (os error 112)", "disk is"),
        ("client error (Connect)\n cause: invalid peer certificate: UnknownIssuer", "not trusted"),
        ("mediapipe==0.10.21 has no wheels with a matching platform tag", "on this system"),
        ("failed to remove directory: Access is denied. (os error 5)", "cannot be written"),
    ],
)  # fmt: skip
def test_known_failures(said: str, message: str) -> None:
    error = explain(said, FOLDER)
    assert message in error.message
    assert error.remedy


def test_remedy_names_the_folder() -> None:
    assert str(FOLDER) in explain("no space left on device", FOLDER).remedy


def test_unknown_failures_are_quoted_by_their_end() -> None:
    error = explain("begin " + "x" * 1000 + " something new", FOLDER)
    assert error.message.endswith("something new")
    assert len(error.message) < 400
    assert "Copy Report" in error.remedy
