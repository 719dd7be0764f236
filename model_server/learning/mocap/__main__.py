# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the pose library: python -m model_server.learning.mocap"""

from model_server.learning.mocap import library, reference, sources


def main() -> None:
    folder = sources.motion_folder()
    built = library.build(sources.motion_sources(folder), reference.load())
    built.save()
    frames = f"{len(built.clip)} frames, {built.sound.sum()} sound"
    print(f"{library.LIBRARY}: {len(built.clips)} clips, {frames}")
    for split in ("train", "test"):
        chosen = built.of_split(split)
        print(f"  {split}: {chosen.sum()} frames, {(built.keep & chosen).sum()} kept")


if __name__ == "__main__":
    main()
