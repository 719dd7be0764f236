# SPDX-License-Identifier: GPL-3.0-or-later
"""Names for the array types that travel between the files of this package."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
ImageArray = NDArray[np.uint8]  # (H, W, 3) RGB
