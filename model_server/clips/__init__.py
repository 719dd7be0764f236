# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips to motion: decode, watch and track people, pose them, and look at all frames together.

The way of the data: `source` (`video`, `sequence`, on a `timeline`) → `watching`, `tracking` →
`estimator` → `refining` → `result`; `jobs` and `routes` put that behind HTTP.
"""
