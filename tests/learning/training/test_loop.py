# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from model_server.errors import InternalError
from model_server.learning.export_onnx import export
from model_server.learning.network.config import GRADIENT, NetworkConfig
from model_server.learning.onnx_graph import PARITY
from model_server.learning.samples.store import Samples
from model_server.learning.tensors import joined
from model_server.learning.training.batch import people_of
from model_server.learning.training.config import TrainConfig
from model_server.learning.training.exported import evidence_of
from model_server.learning.training.loop import limb_errors, never_held_out, train
from model_server.pipeline import descent_of

CONFIG = TrainConfig(
    steps=150,
    batch=32,
    warm_up=10,
    network=NetworkConfig(stages=1, context=32, memory=32, hidden=32),
)


@pytest.fixture(scope="module")
def checkpoint(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "descent.pt"
    people = people_of(samples)
    train(people, people, dataclasses.replace(CONFIG, steps=20), path, minutes=5)
    return path


def test_training_lowers_the_error_and_goes_on_from_its_checkpoint(
    samples: Samples, checkpoint: Path
) -> None:
    people = people_of(samples)
    untrained = train(
        people,
        people,
        dataclasses.replace(CONFIG, steps=0),
        checkpoint.with_name("no.pt"),
        minutes=5,
    )
    run = train(people, people, CONFIG, checkpoint, minutes=5)
    assert run.step == CONFIG.steps
    before, after = (limb_errors(each.network, people)[1][-1].mean() for each in (untrained, run))
    assert after < before


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning", "ignore:# The axis name:UserWarning")
def test_the_exported_graph_says_what_torch_says(checkpoint: Path, samples: Samples) -> None:
    out = checkpoint.with_name("descent.onnx")
    assert export(checkpoint, out) < PARITY
    assert str(Path(__file__).parents[3]).encode() not in out.read_bytes()  # no paths of ours
    evidence = evidence_of(people_of(samples)[:])
    exported, own = (descent_of(path, threads=1) for path in (out, checkpoint))
    assert exported.config == own.config
    theirs, ours = exported.run(evidence), own.run(evidence)
    np.testing.assert_allclose(ours.landmarks_cam, theirs.landmarks_cam, atol=1e-3)
    np.testing.assert_allclose(ours.memory, theirs.memory, atol=1e-3)


def test_a_method_that_needs_gradients_runs_from_its_checkpoint(
    samples: Samples, tmp_path: Path
) -> None:
    people = people_of(samples)
    lgd = dataclasses.replace(CONFIG.network, sees=(GRADIENT,), memory=0, safeguarded=False)
    path = tmp_path / "lgd.pt"
    train(people, people, dataclasses.replace(CONFIG, steps=2, network=lgd), path, minutes=5)
    posed = descent_of(path, threads=1).run(evidence_of(people[:]))
    assert np.isfinite(posed.landmarks_cam).all()
    assert posed.memory.shape == (len(people), 0)


def test_a_checkpoint_that_is_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(InternalError, match=r"nowhere\.pt cannot be opened"):
        descent_of(tmp_path / "nowhere.pt", threads=1)


def test_whoever_is_held_out_is_so_in_every_folder(samples: Samples) -> None:
    people = people_of(samples)[:]
    seen_again = dataclasses.replace(
        people, detection=dataclasses.replace(people.detection, depth=people.detection.depth + 1)
    )
    kept = never_held_out(joined([people, seen_again]), people[:10])
    assert len(kept) == 2 * (len(people) - 10)
