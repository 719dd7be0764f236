# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the motion files are, who moves in them, and which are kept for testing."""

import os
import tarfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SHARED_DATA: Final = Path("../shared/data")
UNPACKED: Final = Path(".cache/data")
ARCHIVES: Final = (("mocap.tar.xz", "mocap/"), ("makehuman_clothes.tar.xz", "base/poses/"))
TEST_SUBJECTS: Final = ("cmu-07", "cmu-08")
TEST_LAST_CLIPS: Final = ("cmu_daz/indian", "cmu_daz/martial", "cmu_daz/salsa")
NOT_BODIES: Final = ("face-poseunits.bvh",)


@dataclass(frozen=True)
class Source:
    name: str  # folder and file without ending, such as cmu/07_01
    path: Path
    subject: str
    split: str  # train or test


def motion_folder() -> Path:
    """The folder that holds `mocap`: the parent of HUND_MOCAP, or `.cache/data`, unpacked."""
    if chosen := os.environ.get("HUND_MOCAP"):
        return Path(chosen).parent
    if not (UNPACKED / "mocap").exists():
        unpack()
    return UNPACKED


def unpack() -> None:
    """Unpack the motion files of the shared archives below `.cache/data`."""
    for archive, wanted in ARCHIVES:
        with tarfile.open(SHARED_DATA / archive, "r:xz") as tar:
            members = [
                member for member in tar if member.name.removeprefix("./").startswith(wanted)
            ]
            tar.extractall(UNPACKED, members, filter="data")


def motion_sources(folder: Path) -> list[Source]:
    """Every body motion below `folder`, in a fixed order."""
    roots = (folder / "mocap", folder / "base" / "poses")
    paths = sorted(
        path for root in roots for path in root.rglob("*.bvh") if path.name not in NOT_BODIES
    )
    last = {
        group: max((p for p in paths if group in p.as_posix()), default=None)
        for group in TEST_LAST_CLIPS
    }
    return [source_of(path, tuple(last.values())) for path in paths]


def source_of(path: Path, test_paths: Collection[Path | None]) -> Source:
    folder = path.parent.name
    subject = f"cmu-{path.stem.split('_')[0]}" if folder == "cmu" else folder
    test = subject in TEST_SUBJECTS or path in test_paths
    return Source(f"{folder}/{path.stem}", path, subject, "test" if test else "train")
