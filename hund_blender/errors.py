# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, told so that an artist knows what to do next."""


class HundError(Exception):
    """Base of all errors of the add-on: what happened, and how to get on."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class ServerError(HundError):
    """No photo can be estimated: the server is missing, broken, or refuses us."""


class InstallError(HundError):
    """The server could not be installed, or not be removed."""


class ServerLostError(HundError):
    """The server went away in the middle of a request; a fresh one may do."""


class BusyError(ServerError):
    """The server has enough to do for a moment."""

    def __init__(self, message: str, remedy: str, retry_s: float) -> None:
        super().__init__(message, remedy)
        self.retry_s = retry_s


class PhotoError(HundError):
    """This one photo cannot be used; others can."""


class ClipError(HundError):
    """This clip, or its result, cannot be used."""


class ForgottenError(HundError):
    """The server does not remember the photo; it wants to see it again."""


class SceneError(HundError):
    """The people were found, but could not be put into the scene."""


class MapError(HundError):
    """It is not known which bones of a rig are what."""


class CancelledError(HundError):
    """The artist asked to stop."""

    def __init__(self) -> None:
        super().__init__("Cancelled.")
