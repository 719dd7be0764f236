# SPDX-License-Identifier: GPL-3.0-or-later
"""The descent of one face: rendered faces, the real face detector, and the network on top."""
