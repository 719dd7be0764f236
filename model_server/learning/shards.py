# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples on disk: a dataclass of arrays as shards, each written whole, so that a broken run loses
one shard at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

S = TypeVar("S")  # a dataclass of arrays, one row a sample


def write_shard(samples: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **vars(samples))
    partial.replace(path)


def read_shard(kind: type[S], path: Path) -> S:
    with np.load(path, allow_pickle=False) as arrays:
        return kind(**{name: arrays[name] for name in names_of(kind)})


def shard_paths(folder: Path, *, made_by: str) -> list[Path]:
    """All shards of a folder in name order; an error names the module that makes them where there
    are none.
    """
    paths = sorted(path for path in folder.glob("*.npz") if ".partial" not in path.name)
    if not paths:
        raise FileNotFoundError(f"No samples in {folder}. Make them with `python -m {made_by}`.")
    return paths


def read_shards(kind: type[S], folder: Path, *, made_by: str) -> S:
    """All shards of a folder, joined."""
    return joined([read_shard(kind, path) for path in shard_paths(folder, made_by=made_by)])


def joined(parts: Sequence[S]) -> S:
    """Several groups of samples as one."""
    kind = type(parts[0])
    columns = ([getattr(part, name) for part in parts] for name in names_of(kind))
    return kind(*(np.concatenate(column) for column in columns))


def names_of(kind: type[Any]) -> list[str]:
    return [field.name for field in fields(kind)]
