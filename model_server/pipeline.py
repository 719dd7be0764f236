# SPDX-License-Identifier: GPL-3.0-or-later
"""Photo to people: every step on one line."""

import hashlib
import importlib
import json
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from model_server.arrays import ImageArray
from model_server.bones import BodyBones
from model_server.camera import NO_FOCAL, Camera, GivenFocal, camera_of
from model_server.clips.estimator import ClipOptions, ClipRun, EstimatedClip
from model_server.clips.perceiving import Eyes, MaskedReader
from model_server.clips.posing import Networks
from model_server.clips.source import ClipSource
from model_server.correction import Correction, corrected
from model_server.decode import Decoder, best_rows, evidence_of
from model_server.detail_reader import DetailReader
from model_server.details import look_closer
from model_server.errors import BadRequestError, InternalError
from model_server.estimate import Estimate, Person
from model_server.face import FaceDetector
from model_server.face_session import FaceSession, OnnxFace
from model_server.floor import SharedFloor
from model_server.hand_poses import pose_hands
from model_server.hand_session import HandSession, OnnxHands
from model_server.hands import HandDetector, with_confirmed_hands, with_refined_wrists
from model_server.image import Photo, decode_photo
from model_server.keypoint_files import KeypointFile
from model_server.landmarks import PersonLandmarks, WholeBody
from model_server.lifting import with_depth
from model_server.misleading import posed_without_being_misled
from model_server.outlining import Outliner, load_doubt
from model_server.own_detector import KeypointNetwork, OwnDetector
from model_server.people import PeopleFinder
from model_server.physique import Physique
from model_server.picture_reader import PictureReader
from model_server.placing import placed
from model_server.session import DescentSession, OnnxDescent
from model_server.settings import Settings
from model_server.settling import Settler
from model_server.thumbnails import thumbnail
from model_server.whole_body import affirmed, brought, whose

CHECKPOINT: Final = ".pt"  # how the names of trained networks end that are not exported
TORCH_DESCENT: Final = "model_server.learning.torch_descent"


class Estimator(Protocol):
    """What the server needs of a pipeline."""

    @property
    def providers(self) -> tuple[str, ...]: ...

    @property
    def detector(self) -> str | None: ...

    def estimate(
        self,
        content: bytes,
        *,
        focal: GivenFocal = NO_FOCAL,
        max_people: int = 8,
        keypoints: KeypointFile | None = None,
    ) -> Estimate: ...

    def correct(self, found: Estimate, number: int, correction: Correction) -> Person: ...

    def clip(self, source: ClipSource, options: ClipOptions, folder: Path) -> ClipRun: ...

    def close(self) -> None: ...


class Reader(MaskedReader, Protocol):
    """What the pipeline needs of the image encoder."""

    @property
    def providers(self) -> tuple[str, ...]: ...

    def close(self) -> None: ...


@dataclass
class Stopwatch:
    """Milliseconds by step."""

    timings_ms: dict[str, float] = field(default_factory=dict[str, float])

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        start = time.perf_counter()
        yield
        self.timings_ms[name] = round((time.perf_counter() - start) * 1000, 1)


def identity_of(
    content: bytes, focal: GivenFocal, max_people: int, keypoints: KeypointFile | None = None
) -> str:
    """The same for the same question about the same photo, even on another server."""
    digest = hashlib.sha256(content)
    digest.update(f"{focal.px} {focal.mm_35} {max_people}".encode())
    if keypoints is not None:
        digest.update(json.dumps([keypoints.content, keypoints.photo_name]).encode())
    return digest.hexdigest()[:32]


def load_pipeline(
    assets: Path, *, threads: int = 2, detector: Path | None = None, method: Path | None = None
) -> "Pipeline":
    """The pipeline whose networks and body lie in the folder `assets`, with the `detector` and the
    `descent` that somebody brings.
    """
    own = OwnDetector(KeypointNetwork(detector, threads=threads)) if detector else None
    descent = descent_of(method or assets / "descent.onnx", threads=threads)
    reader = PictureReader(assets / "encoder.onnx", threads=threads)
    body = assets / f"{descent.config.rig}.npz"
    bones = BodyBones(body)
    physique = Physique(body, bones)
    floor = SharedFloor(descent.config, physique)
    doubt = load_doubt(assets / "doubt.json", descent.config)
    outliner = Outliner(descent.config, physique, doubt)
    hands = OnnxHands(assets / "hands.onnx", threads=threads)
    faces = OnnxFace(assets / "face.onnx")
    closely = DetailReader(
        assets / "hands_encoder.onnx", assets / "faces_encoder.onnx", threads=threads
    )
    return Pipeline(
        descent,
        bones,
        reader,
        closely,
        outliner,
        floor,
        hands=hands,
        faces=faces,
        threads=threads,
        own_detector=own,
    )


def descent_of(path: Path, *, threads: int) -> DescentSession:
    """An exported graph, or a checkpoint where the project's learning environment is."""
    if path.suffix != CHECKPOINT:
        return OnnxDescent(path, threads=threads)
    try:
        return importlib.import_module(TORCH_DESCENT).TorchDescent(path)
    except (ImportError, OSError) as error:
        raise InternalError(
            f"The checkpoint {path.name} cannot be opened ({error}).",
            "Checkpoints need torch and a checkout of the project; exported graphs do not.",
        ) from error


def pipeline_of(settings: Settings) -> "Pipeline":
    return load_pipeline(
        settings.assets,
        threads=settings.threads,
        detector=settings.detector,
        method=settings.descent,
    )


class Pipeline:
    """Holds the loaded networks. One photo at a time, and beside it one clip."""

    def __init__(
        self,
        descent: DescentSession,
        bones: BodyBones,
        reader: Reader,
        closely: DetailReader,
        outliner: Outliner,
        floor: SharedFloor,
        *,
        hands: HandSession,
        faces: FaceSession,
        threads: int = 2,
        own_detector: OwnDetector | None = None,
    ) -> None:
        self._descent = descent
        self._reader, self._closely = reader, closely
        self._outliner, self._floor = outliner, floor
        self._decoder = Decoder(descent.config, bones)
        self._settler = Settler(floor.physique)
        self._hand_poses, self._face_poses = hands, faces
        self._people = PeopleFinder(threads=threads)
        self._hands = HandDetector()
        self._face = FaceDetector()
        self._own_detector = own_detector
        self._eyes: Eyes | None = None  # of clips, once there is one
        self._threads = threads
        self._open = ExitStack()
        for part in (self._people, self._hands, self._face, self._reader):
            self._open.callback(part.close)

    @property
    def providers(self) -> tuple[str, ...]:
        return self._reader.providers

    @property
    def detector(self) -> str | None:
        """The file name of the detector that somebody brought."""
        return self._own_detector and self._own_detector.network.path.name

    def estimate(
        self,
        content: bytes,
        *,
        focal: GivenFocal = NO_FOCAL,
        max_people: int = 8,
        keypoints: KeypointFile | None = None,
    ) -> Estimate:
        """Everybody in the photo whose file is `content`; with keypoints those who have some."""
        watch = Stopwatch()
        with watch.step("decode"):
            photo = decode_photo(content)
            camera = camera_of(photo.width, photo.height, photo.exif_focal_px, focal)
        with watch.step("landmarks"):
            if keypoints is None:
                seen = self.see(photo, max_people=max_people)
            else:
                given = keypoints.people(photo.width, photo.height)
                seen = self.see_by(given[:max_people], photo)
        with watch.step("descent"):
            people = self.pose(seen, camera)
        identity = identity_of(content, focal, max_people, keypoints)
        return Estimate(
            identity,
            photo.width,
            photo.height,
            camera,
            tuple(people),
            watch.timings_ms,
            photo.as_stored,
            tuple(thumbnail(photo, person.box) for person in people),
        )

    def see(self, photo: Photo, *, max_people: int = 8) -> list[PersonLandmarks]:
        """Landmarks of everybody, in pixels of the original photo."""
        found = self._people.find(photo.pixels, max_people=max_people)
        if self._own_detector is not None:
            found = self._own_detector.see(photo.pixels, found)
        found = [self._detailed(photo.pixels, person) for person in found]
        read = self._closely.read(photo.pixels, self._reader.read(photo.pixels, found))
        return [affirmed(person).scaled(photo.scale) for person in read]

    def see_by(self, keypoints: Sequence[WholeBody], photo: Photo) -> list[PersonLandmarks]:
        """Those whose keypoints in pixels of the original photo are given, where they are, whatever
        our own detector and encoder say; these add what they see of the same people.
        """
        image, people = photo.pixels, list[PersonLandmarks]()
        found = self._people.find(image, max_people=len(keypoints)) if keypoints else []
        for given in keypoints:
            here = given.scaled(1 / photo.scale)
            person = self._detailed(image, brought(here, whose(here, found)))
            read = self._closely.read(image, self._reader.read(image, [person]) or [person])
            people.append(affirmed(read[0]).scaled(photo.scale))
        return people

    def _detailed(self, image: ImageArray, person: PersonLandmarks) -> PersonLandmarks:
        left = self._hands.detect(image, person.pose, "left")
        right = self._hands.detect(image, person.pose, "right")
        face = self._face.detect(image, person.pose)
        seen = replace(person, left_hand=left, right_hand=right, face=face)
        height, width = image.shape[:2]
        return with_refined_wrists(with_confirmed_hands(seen, (height, width)))

    def pose(
        self, seen: list[PersonLandmarks], camera: Camera, *, one_floor: bool = True
    ) -> list[Person]:
        """Bodies of those who were seen, largest box first; if not on one floor, each by itself."""
        if not seen:
            return []
        seen = with_depth(self._descent, seen, camera)
        details = look_closer(self._hand_poses, self._face_poses, seen, camera)
        evidence = evidence_of(seen, camera, self._decoder.ends(seen, details))
        posed = placed(posed_without_being_misled(self._descent, evidence), evidence)
        rows = best_rows(posed.energy, seen)
        contours = [person.contour for person in seen]
        posed = self._outliner.outlined(posed, evidence, contours, rows)
        if one_floor:
            posed = self._floor.joined(posed, evidence, rows)
        people = self._decoder.people(posed, seen, details, camera)
        return sorted(people, key=lambda person: -person.box.area)

    def correct(self, found: Estimate, number: int, correction: Correction) -> Person:
        """Person `number` of a photo posed again from a correction. Nobody else changes: whoever
        was put on one floor with the others keeps the size that this gave.
        """
        if number >= len(found.people):
            raise BadRequestError(
                f"There is no person {number} in this photo.", "Count its people from 0."
            )
        first = person = found.people[number]
        if correction.hypothesis:
            plain = Correction(hypothesis=correction.hypothesis)
            person = self._posed_again(first, person, plain, found.camera)
        if correction.touched or correction.body:
            person = self._posed_again(first, person, correction, found.camera)
        return person

    def _posed_again(
        self, seen: Person, before: Person, correction: Correction, camera: Camera
    ) -> Person:
        """Somebody posed as `before` from what was seen of them and the correction."""
        known = corrected(seen.landmarks, correction)
        (after,) = self.pose([known], camera)
        (hands,) = pose_hands(self._hand_poses, [known], camera)
        return self._settler.settled(before, after, correction, hands, camera)

    def clip(self, source: ClipSource, options: ClipOptions, folder: Path | None = None) -> ClipRun:
        """A clip to be estimated, in a thread of its own if photos go on; what it knows lies in a
        temporary file of `folder`.
        """
        if self._eyes is None:
            self._eyes = Eyes(
                self._people, self._reader, threads=self._threads, own_detector=self._own_detector
            )
            self._open.callback(self._eyes.close)
        networks = Networks(
            self._descent,
            self._decoder,
            self._hand_poses,
            self._face_poses,
            self._floor.physique,
        )
        return EstimatedClip(source, options, self._eyes, networks, folder)

    def close(self) -> None:
        """Let go of the networks; closing twice does no harm."""
        self._open.close()
