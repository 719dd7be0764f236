# SPDX-License-Identifier: GPL-3.0-or-later
"""The authors' `smplx` package loads the model, where the user has it in the server's Python.

Its licence allows non-commercial research alone, it needs torch, and it unpickles whatever a file
holds. So nothing depends on it: it is imported here only, once a model is wanted, and is given a
file of plain arrays, which our own reader has checked and written anew.
"""

import contextlib
import importlib
import logging
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.smplx.joints import PARENTS
from model_server.smplx.model import SmplxModel
from model_server.smplx.model_file import read_model

logger = logging.getLogger(__name__)

PACKAGE: Final = "the smplx package"
_HAND_ANGLES: Final = 45  # of its 15 joints


def load_model(path: Path) -> SmplxModel:
    """The model of a file, by the package where that works; BadModelError as in read_model."""
    model = read_model(path)
    try:
        model = _taken_from(in_package(model), model)
    except Exception as error:  # it or torch is not there, or they do not work: all is read already
        logger.info("%s does not load %s (%s)", PACKAGE, path.name, error)
    logger.info("%s is loaded by %s", path.name, model.loaded_by)
    return model


def in_package(model: SmplxModel) -> Any:
    """The package's own module of a model, posed as models are here: hands count from flat ones."""
    package: Any = importlib.import_module("smplx")
    with tempfile.TemporaryDirectory(prefix="hund-smplx-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "SMPLX_NEUTRAL.npz"
        np.savez(file, **_plain_arrays(model))
        with contextlib.redirect_stdout(sys.stderr):  # it prints, and answers go to stdout
            return package.SMPLX(
                str(file),
                ext="npz",
                use_pca=False,
                flat_hand_mean=True,
                num_betas=model.shapes.shape[2],
                num_expression_coeffs=model.expressions.shape[2],
            )


def _plain_arrays(model: SmplxModel) -> Mapping[str, NDArray[Any]]:
    """A model file's arrays by name, floats in the 32 bits that they have. Of hands and
    landmarks it asks more than any body here has a use for: there, nothing is given.
    """
    hands = {f"hands_mean{side}": np.zeros(_HAND_ANGLES) for side in "lr"}
    components = {f"hands_components{side}": np.eye(_HAND_ANGLES) for side in "lr"}
    floats = {
        "v_template": model.template,
        "shapedirs": np.concatenate([model.shapes, model.expressions], 2),
        "posedirs": model.pose_directions,
        "J_regressor": model.joint_regressor,
        "weights": model.weights,
        "lmk_bary_coords": np.zeros((0, 3)),
        **hands,
        **components,
    }
    return {
        **{name: values.astype(np.float32) for name, values in floats.items()},
        "kintree_table": np.stack([PARENTS, range(len(PARENTS))]),
        "f": model.faces,
        "lmk_faces_idx": np.zeros(0, np.int64),
    }


def _taken_from(loaded: Any, model: SmplxModel) -> SmplxModel:
    """What the package's module of a model keeps of it; texture coordinates it does not know."""

    def array(name: str) -> NDArray[Any]:
        return getattr(loaded, name).detach().cpu().numpy()

    def floats(name: str) -> NDArray[np.float64]:
        return array(name).astype(np.float64)

    return replace(
        model,
        template=floats("v_template"),
        shapes=floats("shapedirs"),
        expressions=floats("expr_dirs"),
        pose_directions=floats("posedirs").T.reshape(model.pose_directions.shape),
        joint_regressor=floats("J_regressor"),
        weights=floats("lbs_weights"),
        faces=array("faces_tensor").astype(np.intp),
        loaded_by=PACKAGE,
    )
