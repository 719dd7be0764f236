# SPDX-License-Identifier: GPL-3.0-or-later
"""A model file is made a body once, and kept in the cache folder under the hash of the file."""

import hashlib
import logging
import threading
from functools import lru_cache
from pathlib import Path
from typing import Final

from model_server.bundles import cache_folder, keep
from model_server.errors import BadModelError, InternalError, UnknownRigError
from model_server.settings import Settings
from model_server.smplx.asset import asset_of
from model_server.smplx.our_body import OurBody
from model_server.smplx.package import load_model
from model_server.smplx.parameters import SmplxTerms, smplx_terms

logger = logging.getLogger(__name__)

_FORMAT: Final = 2  # raise it when the way bodies are made changes
_CHUNK: Final = 1 << 20
_ONE_AT_A_TIME: Final = threading.Lock()


def smplx_asset(model: Path | None, assets: Path) -> Path:
    """The body asset of a model file, as docs/conventions.md describes it."""
    if model is None:
        raise UnknownRigError(
            "There is no model file of SMPL-X.",
            "Start the server with --smplx FILE, or choose the file in the add-on's preferences.",
        )
    ours = assets / "anny.npz"
    with _ONE_AT_A_TIME:
        path = cache_folder() / f"smplx-{_digest(model)}-{_digest(ours)[:8]}-{_FORMAT}.npz"
        if not path.is_file():
            logger.info("making a body of %s, once", model.name)
            keep(path, asset_of(OurBody(ours), load_model(model)))
    if not path.is_file():
        raise InternalError(
            f"The cache folder {path.parent} cannot be written.",
            "Name another one by the variable HUND_CACHE.",
        )
    return path


def terms_of(settings: Settings) -> SmplxTerms:
    """People in SMPL-X's parameters, by the model file of the settings."""
    return smplx_terms(smplx_asset(settings.smplx, settings.assets))


def _digest(path: Path) -> str:
    try:
        state = path.stat()
        return _hashed(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise BadModelError(
            f"Cannot read {path}: {error.strerror}.", "Choose a model file of SMPL-X."
        ) from error


@lru_cache(maxsize=4)
def _hashed(path: Path, _size: int, _changed_ns: int) -> str:
    """The hash of a file in that state, read once: models have hundreds of megabytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()[:32]
