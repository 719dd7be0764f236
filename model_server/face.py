# SPDX-License-Identifier: GPL-3.0-or-later
"""A body's landmarks to its face: 478 points with the outlines of lips, eyes and irises."""

from typing import Any, Final

import numpy as np

from model_server.arrays import FloatArray, ImageArray
from model_server.crops import (
    Crop,
    apply_affine,
    box_around,
    cut,
    image_from_crop,
    quarters_to_upright,
    square_crop,
)
from model_server.hands import pixels_per_metre
from model_server.landmark_names import POSE_LANDMARKS, indices
from model_server.landmarks import FaceLandmarks, PoseLandmarks

CROP_SIZE: Final = 384
_CROP_SIDE_M: Final = 0.40
_CROP_PER_HEAD: Final = 2.6  # of the box around eyes, ears and mouth, for faces near the camera
_NOSE_TOLERANCE: Final = 0.2  # of the crop's side
_MIN_SIDE_PX: Final = 40.0
_NOSE_TIP: Final = 1  # of mediapipe's face mesh
_HEAD: Final = indices(
    POSE_LANDMARKS,
    ["nose", "left_eye", "right_eye", "left_ear", "right_ear", "mouth_left", "mouth_right"],
)
_EYES_AND_MOUTH: Final = indices(
    POSE_LANDMARKS, ["left_eye", "right_eye", "mouth_left", "mouth_right"]
)


class FaceDetector:
    """Finds the face of a body. Not for use by two threads at once.

    The legacy solution, since only it can run the finer network with attention to lips and irises.
    """

    def __init__(self) -> None:
        from mediapipe.python.solutions.face_mesh import FaceMesh

        self._mesh: Any = FaceMesh(static_image_mode=True, refine_landmarks=True, max_num_faces=2)

    def detect(self, image: ImageArray, body: PoseLandmarks) -> FaceLandmarks | None:
        """The face of `body` in `image` (H, W, 3), if it can be seen and belongs there."""
        crop = face_crop(body)
        if crop is None:
            return None
        faces = [_placed(face, crop) for face in self.search(cut(image, crop))]
        return nearest_face(faces, body, crop.side * _NOSE_TOLERANCE)

    def search(self, square: ImageArray) -> list[FaceLandmarks]:
        """The faces in a square crop (S, S, 3), in its pixels."""
        found = self._mesh.process(square).multi_face_landmarks or ()
        return [_face(face.landmark, len(square)) for face in found]

    def close(self) -> None:
        self._mesh.close()


def _face(points: Any, size: int) -> FaceLandmarks:
    xyz = np.array([(p.x, p.y, p.z) for p in points], np.float32) * np.float32(size)
    return FaceLandmarks(xyz[:, :2], xyz[:, 2])


def _placed(face: FaceLandmarks, crop: Crop) -> FaceLandmarks:
    """A face in pixels of the crop, in pixels of the picture."""
    px = apply_affine(image_from_crop(crop), face.landmarks_px)
    return FaceLandmarks(px, face.depth * np.float32(crop.scale))


def face_crop(body: PoseLandmarks) -> Crop | None:
    """The square around a face, or nothing where it would be too small to read."""
    head = box_around(body.landmarks_px[list(_HEAD)])
    length = max(
        _CROP_SIDE_M * pixels_per_metre(body), _CROP_PER_HEAD * max(head.width, head.height)
    )
    if length < _MIN_SIDE_PX:
        return None
    square = square_crop(head.grown(length / max(head.width, head.height, 1.0)), CROP_SIZE)
    return square.turned(quarters_to_upright(_eyes_above_mouth(body)), mirrored=False)


def _eyes_above_mouth(body: PoseLandmarks) -> FloatArray:
    left_eye, right_eye, mouth_left, mouth_right = body.landmarks_px[list(_EYES_AND_MOUTH)]
    return left_eye + right_eye - mouth_left - mouth_right


def nearest_face(
    faces: list[FaceLandmarks], body: PoseLandmarks, tolerance_px: float
) -> FaceLandmarks | None:
    """The face whose nose is nearest to the body's, if it is near enough."""
    nose = body.landmarks_px[POSE_LANDMARKS.index("nose")]
    gaps = [float(np.linalg.norm(face.landmarks_px[_NOSE_TIP] - nose)) for face in faces]
    if not gaps or min(gaps) > tolerance_px:
        return None
    return faces[int(np.argmin(gaps))]
