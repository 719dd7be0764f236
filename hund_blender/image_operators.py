# SPDX-License-Identifier: GPL-3.0-or-later
"""Import from images that are open in Blender: in an Image Editor, behind the scene's camera, or
where a photo was dropped as a reference image.
"""

from __future__ import annotations

from typing import Any

import bpy

from .errors import PhotoError
from .operators import ImportOperator
from .preferences import import_defaults
from .scene.image_files import photo_file


class _ImageOperator(ImportOperator):
    """Asks for the settings, then takes what `images` finds."""

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        self.begin_with(import_defaults(context))
        operator: Any = self
        return set(context.window_manager.invoke_props_dialog(operator))

    def execute(self, context: bpy.types.Context) -> set[Any]:
        try:
            paths = [photo_file(image) for image in self.images(context)]
        except PhotoError as error:
            return self.refuse(str(error))
        return self.start(context, paths)

    def images(self, context: bpy.types.Context) -> list[Any]:
        raise NotImplementedError


class HUND_OT_import_image(_ImageOperator, bpy.types.Operator):  # type: ignore[misc]
    """Build the people in the image that this Image Editor shows"""

    bl_idname = "hund.import_image"
    bl_label = "Import People from Image"
    bl_options = {"REGISTER"}  # noqa: RUF012

    def images(self, context: bpy.types.Context) -> list[Any]:
        image = open_image(context)
        if image is None:
            raise PhotoError("No image is open here.", "Open one in an Image Editor.")
        return [image]


class HUND_OT_import_camera_photo(_ImageOperator, bpy.types.Operator):  # type: ignore[misc]
    """Build the people in the background images of the scene's camera"""

    bl_idname = "hund.import_camera_photo"
    bl_label = "Import People from Camera Background"
    bl_options = {"REGISTER"}  # noqa: RUF012

    def images(self, context: bpy.types.Context) -> list[Any]:
        images = background_images(context)
        if not images:
            raise PhotoError(
                "The scene's camera has no background image.",
                "Add one in the camera's properties; of a movie clip, save one frame as an image.",
            )
        return images


class HUND_OT_import_reference(_ImageOperator, bpy.types.Operator):  # type: ignore[misc]
    """Build the people in the selected reference images"""

    bl_idname = "hund.import_reference"
    bl_label = "Import People from Reference"
    bl_options = {"REGISTER"}  # noqa: RUF012

    def images(self, context: bpy.types.Context) -> list[Any]:
        images = reference_images(context)
        if not images:
            raise PhotoError(
                "No reference image is selected.", "Select one: an empty that shows an image."
            )
        return images


def open_image(context: bpy.types.Context) -> Any:
    """The image of the Image Editor that the context is in, if any."""
    space: Any = context.space_data
    return space.image if space is not None and space.type == "IMAGE_EDITOR" else None


def background_images(context: bpy.types.Context) -> list[Any]:
    """The visible background images of the scene's camera, movie clips left out."""
    camera: Any = context.scene.camera if context.scene is not None else None
    if camera is None or camera.type != "CAMERA":
        return []
    shown = [item for item in camera.data.background_images if item.show_background_image]
    return [item.image for item in shown if item.source == "IMAGE" and item.image is not None]


def reference_images(context: bpy.types.Context) -> list[Any]:
    """The images of selected empties, each once."""
    empties: list[Any] = [item for item in context.selected_objects if item.type == "EMPTY"]
    shown = [item.data for item in empties if item.empty_display_type == "IMAGE"]
    return list(dict.fromkeys(image for image in shown if image is not None))


CLASSES = (HUND_OT_import_image, HUND_OT_import_camera_photo, HUND_OT_import_reference)
