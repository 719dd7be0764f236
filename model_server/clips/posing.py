# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen of people in a frame, and how they were posed in the one before, to posed bodies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from model_server.arrays import FloatArray, rows_of
from model_server.camera import Camera
from model_server.clips.body_guess import BodyGuess
from model_server.clips.perceiving import Seen
from model_server.clips.recording import Names, Tracked
from model_server.decode import Decoder, best_look, evidence_of
from model_server.details import look_closer
from model_server.face_session import FaceSession
from model_server.hand_rig import hand_rig
from model_server.hand_session import HandSession
from model_server.head import TURNED_BY_FACE
from model_server.hypotheses import person_size
from model_server.landmarks import PersonLandmarks
from model_server.physique import Physique
from model_server.placing import placed
from model_server.session import Before, DescentSession, Posed

_FRESH: Final = 3  # frames for which a pose says where the next descent may begin
_CARRIED: Final = ("rotations", "root", "translation", "phenotypes", "memory")
_LARGE_PX: Final = 200.0  # people who are smaller tell less of their bodies


@dataclass(frozen=True)
class Networks:
    """What turns what is seen into bodies; clips share it with photos."""

    descent: DescentSession
    decoder: Decoder
    hands: HandSession
    faces: FaceSession
    physique: Physique

    @property
    def names(self) -> Names:
        """What a clip can tell of."""
        config, bones = self.descent.config, self.decoder.bones.reference({})
        turning = [*config.pose_bones, *TURNED_BY_FACE]
        for rig in (hand_rig(bones, "left"), hand_rig(bones, "right")):
            fingers = [bone for finger in rig.fingers for bone in finger]
            turning += [rig.forearm, rig.wrist, *fingers]
        unique = tuple(dict.fromkeys(turning))
        return Names(config.rig, unique, config.phenotypes, self.faces.actions)


@dataclass(frozen=True)
class _Ask:
    """One descent."""

    person: int  # place among the people of the frame
    look: int  # place among the looks at them
    row: int  # of the evidence
    body: FloatArray | None  # (P,) phenotypes that are known
    begins: Posed | None = None  # one row, where it begins; else at the network's own guess
    is_sample: bool = False  # asked only for the body it would have


class Poser:
    """Poses the people of one clip, its frames in order."""

    def __init__(self, networks: Networks, camera: Camera, step: int) -> None:
        self._networks, self._camera = networks, camera
        self._fresh = _FRESH * step
        self.bodies: dict[int, BodyGuess] = {}  # by track
        self._before: dict[int, tuple[int, Posed]] = {}  # by track: the frame, and one row

    def posed(self, seen: Seen) -> list[Tracked]:
        """Everybody in a frame."""
        if not seen.people:
            return []
        tracks, people = list(seen.people), list(seen.people.values())
        networks, camera, number = self._networks, self._camera, seen.frame.number
        details = look_closer(networks.hands, networks.faces, people, camera)
        evidence = evidence_of(people, camera, networks.decoder.ends(people, details))
        asks = self._asks(seen.people, number)
        evidence = rows_of(evidence, [ask.row for ask in asks])
        answers = networks.descent.run(evidence, self._beginnings(asks))
        best = [_best(asks, i, answers.energy) for i in range(len(people))]
        self._learn_bodies(tracks, people, asks, best, answers)
        posed = rows_of(answers, best)
        for i, track in enumerate(tracks):
            self._before[track] = number, rows_of(posed, [i])
        looks = [_by_one_look(people[i], asks[row].look) for i, row in enumerate(best)]
        posed = placed(posed, rows_of(evidence, best))
        persons = networks.decoder.people(posed, looks, details, camera)
        return [
            Tracked(
                track, person, theirs.face.clarity if theirs.face.cam_from_head is not None else 0.0
            )
            for track, person, theirs in zip(tracks, persons, details, strict=True)
        ]

    def _asks(self, people: Mapping[int, PersonLandmarks], number: int) -> list[_Ask]:
        """All looks at everybody, from the network's own guess; the best look once more from where
        they were before; and now and then what a frame would say of the body.
        """
        asks: list[_Ask] = []
        row = 0
        for i, (track, person) in enumerate(people.items()):
            guess = self.bodies.setdefault(track, BodyGuess())
            body = guess.known
            count = len(person.hypotheses)
            asks += [_Ask(i, look, row + look, body) for look in range(count)]
            then, before = self._before.get(track, (number, None))
            if before is not None and number - then <= self._fresh:
                asks.append(_Ask(i, 0, row, body, begins=before))
            if body is not None and guess.wants_sample(number):
                asks.append(_Ask(i, 0, row, None, is_sample=True))
            row += count
        return asks

    def _beginnings(self, asks: Sequence[_Ask]) -> Before:
        start = Before.nowhere(len(asks), self._networks.descent.config)
        for i, ask in enumerate(asks):
            if ask.begins is not None:
                for name in _CARRIED:
                    getattr(start, f"start_{name}")[i] = getattr(ask.begins, name)[0]
                start.start_there[i] = 1
            if ask.body is not None:
                start.start_phenotypes[i], start.start_body[i] = ask.body, 1
        return start

    def _learn_bodies(
        self,
        tracks: Sequence[int],
        people: Sequence[PersonLandmarks],
        asks: Sequence[_Ask],
        best: Sequence[int],
        answers: Posed,
    ) -> None:
        samples = {ask.person: i for i, ask in enumerate(asks) if ask.is_sample}
        for i, (track, person) in enumerate(zip(tracks, people, strict=True)):
            row = samples.get(i, None if asks[best[i]].body is not None else best[i])
            if row is not None:
                size = person_size(person.pose) / _LARGE_PX
                self.bodies[track].add(answers.phenotypes[row], person.confidence * min(size, 1))


def _best(asks: Sequence[_Ask], person: int, energies: FloatArray) -> int:
    """The descent that is believed: of the looks the first or one explained far better, or where
    the frame before led, if that explains the same look better.
    """
    looks = [
        i
        for i, ask in enumerate(asks)
        if ask.person == person and ask.begins is None and not ask.is_sample
    ]
    best = looks[best_look(energies[looks])]
    going_on = (i for i, ask in enumerate(asks) if ask.person == person and ask.begins is not None)
    return min([best, *going_on], key=lambda i: float(energies[i]))


def _by_one_look(person: PersonLandmarks, look: int) -> PersonLandmarks:
    return replace(person, hypotheses=(person.hypotheses[look],), support=person.support[[look]])
