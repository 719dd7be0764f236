# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses from one rig onto another: what is what (maps), and how it turns (transfer). No Blender.

description, presets ─ mapping{ by_name, by_structure{ tree, limbs, fingers } } ─ BoneMap
BoneMap + description ─ rest{ anatomy } ─ posed (source) ─ transfer{ rolls } ─ reach
─ controls ─ spaces ─ solve ─ channels: what Blender keeps per bone
face: arkit ─ faces (shape keys), face_bones (jaw and eyes)
"""
