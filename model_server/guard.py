# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may ask: the Host a request names, and the token it carries."""

import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Final

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from model_server.errors import HundError, UnauthorizedError, WaitError, WrongHostError
from model_server.wire import error_answer

_LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")
# They describe the server and hold nothing else.
_OPEN_PATHS: Final = ("/docs", "/openapi.json")
_OPEN_FILES: Final = "/docs-files/"


class Guard:
    """Middleware that answers 421 to a foreign Host and 401 to a wrong token.

    The Host check stops web pages that rebind a name of theirs to this machine; the token stops
    everybody else.
    """

    def __init__(self, app: ASGIApp, token: str, host: str, allowed_hosts: Iterable[str]) -> None:
        self._app = app
        self._token = token.encode()
        self._listens_everywhere = _is_wildcard(host)
        self._hosts = {name.lower() for name in (*_LOOPBACK_NAMES, host, *allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope["path"], Headers(scope=scope))
        except HundError as error:
            await error_response(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, path: str, headers: Mapping[str, str]) -> None:
        host = host_name(headers.get("host", ""))
        if not self._is_ours(host):
            raise WrongHostError(
                f"This server does not answer for the host {host!r}.",
                "Use the address that it printed, or start it with --allow-host.",
            )
        is_open = path in _OPEN_PATHS or path.startswith(_OPEN_FILES)
        if not is_open and not self._is_token(headers.get("authorization", "")):
            raise UnauthorizedError(
                "The token is missing or wrong.",
                "Send the header 'Authorization: Bearer TOKEN' with the token the server printed.",
            )

    def _is_ours(self, host: str) -> bool:
        # An address cannot be rebound as a name can, so a server for everybody takes any address.
        return host in self._hosts or (self._listens_everywhere and _is_address(host))

    def _is_token(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        given = token.strip().encode()
        return scheme.lower() == "bearer" and hmac.compare_digest(given, self._token)


_HEADERS: Final = {
    UnauthorizedError.status: {"WWW-Authenticate": "Bearer"},
    WaitError.status: {"Retry-After": "1"},
}


def error_response(error: HundError) -> JSONResponse:
    answer = error_answer(error).model_dump()
    return JSONResponse(answer, error.status, _HEADERS.get(error.status))


def host_name(header: str) -> str:
    """The name in a Host header, lower case, without port and brackets."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text if text.count(":") > 1 else text.partition(":")[0]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_wildcard(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified
