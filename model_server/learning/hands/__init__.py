# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of hands: how hands bend, rendered hands that the detector looks at, the descent."""
