# SPDX-License-Identifier: GPL-3.0-or-later
"""Offscreen renders of dressed people, fast enough to feed a detector in the loop.

    renderer = DressedRenderer(data_dir=Path(".cache/data/base"), size=320)
    rng = np.random.default_rng(seed)
    person = PosedPerson(phenotypes, rotations, root_rotation, translation_m)
    look = renderer.sample_look(person.phenotypes, rng)
    sample = renderer.render(person, Camera(focal_px, (cx, cy)), look, rng)
    sample.image  sample.silhouette  sample.parts  sample.joints_cam

The parameters are those of `docs/conventions.md`. `render_batch` shares the posing and is cheaper.
Every draw comes from the generator passed in. Set `LP_NUM_THREADS=1` and `OMP_NUM_THREADS=1` per
worker process.
"""

from model_server.learning.rendering.appearance import Look, sample_look
from model_server.learning.rendering.posing import PosedPerson
from model_server.learning.rendering.renderer import DressedRenderer, RenderedSample
from model_server.learning.rendering.scene import Camera

__all__ = ["Camera", "DressedRenderer", "Look", "PosedPerson", "RenderedSample", "sample_look"]
