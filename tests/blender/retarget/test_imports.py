# SPDX-License-Identifier: GPL-3.0-or-later
"""What retargeting is made of loads without Blender."""

import subprocess
import sys
from pathlib import Path

import hund_blender.retarget

PACKAGE = Path(hund_blender.retarget.__file__).parent
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")


def test_no_module_needs_bpy() -> None:
    code = "import sys; sys.modules['bpy'] = None\n" + "\n".join(
        f"import hund_blender.retarget.{name}" for name in MODULES
    )
    subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parents[1], check=True)
