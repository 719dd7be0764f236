# SPDX-License-Identifier: GPL-3.0-or-later
"""The body kept in the file, so that characters change shape anywhere and without the server.

One text of the file holds the asset (8 MB) for all characters. They point to it: it goes with them
into other files, and is purged with the last of them.
"""

from __future__ import annotations

import hashlib
import io
from typing import Any, Final

import bpy

from ..body import Body
from ..errors import SceneError

NAME: Final = "HUND Body Data"
ASSET, DIGEST = "asset", "digest"
POINTER: Final = "hund_body"
EXPLANATION: Final = """The shapes that the HUND characters of this file can take.
Delete this text to make the file 8 MB smaller: the characters stay as they are,
but their body sliders and new poses for them are gone.
"""

_LOADED: Final[dict[str, Body]] = {}


def keep_body(armature: Any, body: Body) -> None:
    """Keep the body in the file, once, for this armature."""
    digest = hashlib.sha256(body.asset).hexdigest()
    texts: Any = bpy.data.texts
    text = next((text for text in texts if text.get(DIGEST) == digest), None)
    armature[POINTER] = text or _new_text(body.asset, digest)
    _LOADED[digest] = body


def _new_text(asset: bytes, digest: str) -> bpy.types.Text:
    text = bpy.data.texts.new(NAME)
    text.write(EXPLANATION)
    text[ASSET], text[DIGEST] = asset, digest
    text.use_fake_user = False
    return text


def has_body(armature: Any) -> bool:
    return armature.get(POINTER) is not None


def kept_body(name: str) -> Body | None:
    """That of a name, if some character in this file has it."""
    armatures: Any = bpy.data.armatures
    bodies = (body_of(armature) for armature in armatures if has_body(armature))
    return next((body for body in bodies if body.rig == name), None)


def body_of(armature: Any) -> Body:
    """The body of this armature, read from the file the first time."""
    text = armature.get(POINTER)
    if text is None:
        raise SceneError(
            f"“{NAME}” was deleted from this file.", "Import the photo again to get it back."
        )
    digest = str(text[DIGEST])
    if digest not in _LOADED:
        _LOADED[digest] = Body.load(io.BytesIO(text[ASSET]))
    return _LOADED[digest]
