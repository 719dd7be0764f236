# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks of somebody of whom it is known where they are: the detector's second network alone."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from model_server.arrays import ImageArray
from model_server.landmarks import PoseLandmarks, pose_landmarks

_GRAPH: Final = """
input_stream: "image"
input_stream: "square"
input_side_packet: "masks"
output_stream: "points"
output_stream: "world"
output_stream: "mask"
node {
  calculator: "PoseLandmarkByRoiCpu"
  input_side_packet: "ENABLE_SEGMENTATION:masks"
  input_stream: "IMAGE:image"
  input_stream: "ROI:square"
  output_stream: "LANDMARKS:points"
  output_stream: "WORLD_LANDMARKS:world"
  output_stream: "SEGMENTATION_MASK:mask"
}
"""


class SquareDetector:
    """Sees one person in a square that they fill. Not for use by two threads at once."""

    def __init__(self) -> None:
        import mediapipe
        from mediapipe.framework.formats import rect_pb2
        from mediapipe.python import packet_creator
        from mediapipe.python._framework_bindings import resource_util

        resource_util.set_resource_dir(str(Path(mediapipe.__file__).parents[1]))
        self._graph = mediapipe.CalculatorGraph(graph_config=_GRAPH)
        self._told: dict[str, Any] = {}
        for name in ("points", "world", "mask"):
            self._graph.observe_output_stream(name, self._told.__setitem__, True)
        self._graph.start_run({"masks": packet_creator.create_bool(True)})
        formats: Any = rect_pb2
        whole = formats.NormalizedRect(x_center=0.5, y_center=0.5, width=1.0, height=1.0)
        self._whole = packet_creator.create_proto(whole)
        self._time = 0

    def detect(self, image: ImageArray) -> list[PoseLandmarks]:
        """Who is in `image` (S, S, 3): one person with a mask, or nobody."""
        import mediapipe
        from mediapipe.python import packet_creator, packet_getter

        self._time += 1
        pixels = mediapipe.ImageFrame(
            image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image)
        )
        shown = packet_creator.create_image_frame(pixels)
        self._graph.add_packet_to_input_stream("image", shown.at(self._time))
        self._graph.add_packet_to_input_stream("square", self._whole.at(self._time))
        self._graph.wait_until_idle()
        points, world, mask = (self._told[name] for name in ("points", "world", "mask"))
        if points.is_empty():
            return []
        in_image: Any = packet_getter.get_proto(points)
        in_metres: Any = packet_getter.get_proto(world)
        shown_mask = packet_getter.get_image(mask)
        return [pose_landmarks(image, in_image.landmark, in_metres.landmark, shown_mask)]

    def close(self) -> None:
        self._graph.close()
