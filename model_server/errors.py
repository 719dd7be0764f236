# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, told so that a person knows what to do next."""

from typing import ClassVar


class HundError(Exception):
    """Base of all errors of this package; `code` and `status` are what HTTP answers carry."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    @property
    def told(self) -> str:
        """What happened and what to do, in one line."""
        return f"{self.message} {self.remedy}".strip()


class UnauthorizedError(HundError):
    code = "unauthorized"
    status = 401


class WrongHostError(HundError):
    code = "wrong_host"
    status = 421


class TooLargeError(HundError):
    code = "too_large"
    status = 413


class NotAnImageError(HundError):
    code = "not_an_image"
    status = 415


class UnsupportedFormatError(HundError):
    code = "unsupported_format"
    status = 415


class DamagedImageError(HundError):
    code = "damaged_image"
    status = 422


class NotAClipError(HundError):
    code = "not_a_clip"
    status = 415


class DamagedClipError(HundError):
    code = "damaged_clip"
    status = 422


class BadRequestError(HundError):
    code = "bad_request"
    status = 400


class UnknownRigError(HundError):
    code = "unknown_rig"
    status = 404


class BadModelError(HundError):
    """A body model that somebody brought cannot be used."""

    code = "bad_model"
    status = 422


class ForgottenError(HundError):
    code = "forgotten"
    status = 410


class UnknownClipError(HundError):
    code = "unknown_clip"
    status = 404


class NotReadyError(HundError):
    code = "not_ready"
    status = 409


class WaitError(HundError):
    """Come again in a moment."""

    code = "wait"
    status = 429


class DiskFullError(HundError):
    code = "disk_full"
    status = 507


class BusyError(HundError):
    code = "busy"
    status = 503


class InternalError(HundError):
    """The installation is broken or a step failed in a way that no input should cause."""


def first_line(error: Exception) -> str:
    """What somebody else's error says first, or its kind where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
