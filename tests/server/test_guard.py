# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from model_server.guard import Guard, host_name


async def _nothing(*_: object) -> None:
    pass


@pytest.mark.parametrize(
    ("header", "name"),
    [("Localhost:80", "localhost"), ("[::1]:80", "::1"), ("::1", "::1"), ("a.b", "a.b"), ("", "")],
)
def test_host_names(header: str, name: str) -> None:
    assert host_name(header) == name


def test_a_server_for_everybody_takes_addresses_but_no_names() -> None:
    guard = Guard(_nothing, "t", "0.0.0.0", ["gpu.lan"])
    assert guard._is_ours("192.168.1.7")
    assert guard._is_ours("gpu.lan")
    assert not guard._is_ours("example.com")


def test_a_server_for_one_address_takes_only_that() -> None:
    guard = Guard(_nothing, "t", "192.168.1.7", [])
    assert guard._is_ours("192.168.1.7")
    assert not guard._is_ours("192.168.1.8")
