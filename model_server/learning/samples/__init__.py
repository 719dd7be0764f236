# SPDX-License-Identifier: GPL-3.0-or-later
"""Training samples with the detector in the loop: a dressed person is rendered, and the real
detector looks.
"""
