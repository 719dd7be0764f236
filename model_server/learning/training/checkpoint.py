# SPDX-License-Identifier: GPL-3.0-or-later
"""The trained descent from its checkpoint."""

from __future__ import annotations

from pathlib import Path

import torch

from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import body_with_skin
from model_server.learning.network.config import NetworkConfig
from model_server.learning.network.descent import Descent
from model_server.learning.network.state import STATE
from model_server.learning.runs import load


def load_network(path: Path, body: BodyModel | None = None) -> Descent:
    """The averaged network of a checkpoint, ready to be evaluated."""
    saved = load(path)
    content = saved["config"]["network"]
    config = NetworkConfig(**content | {"sees": tuple(content["sees"])})
    network = Descent(config, body_with_skin(body or BodyModel()), torch.zeros(STATE))
    network.load_state_dict(saved["averaged"])
    return network.eval()
