# SPDX-License-Identifier: GPL-3.0-or-later
"""HUND for Blender: finished, editable people from photos."""


def register() -> None:
    from . import registration

    registration.register()


def unregister() -> None:
    from . import registration

    registration.unregister()
