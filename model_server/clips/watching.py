# SPDX-License-Identifier: GPL-3.0-or-later
"""A frame and who was in the frames before to who is where now.

Whoever is followed is looked at where they should be, from near; the whole picture is searched
only now and then, and when somebody has been lost.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from model_server.arrays import ImageArray
from model_server.clips.tracking import Track, distance, matched
from model_server.crops import (
    Crop,
    quarters_to_upright,
    square_crop,
)
from model_server.hypotheses import (
    PEER,
    agreement,
    consensus,
    distinct,
    in_picture,
    peers,
    person_box,
    up_px,
    vote,
)
from model_server.landmarks import PersonLandmarks, PoseLandmarks
from model_server.looking import Looker
from model_server.people import (
    SURE,
    PeopleFinder,
    distinct_people,
    rounds_of_looks,
    without_twins,
)
from model_server.person_crop import VIEW_PX, level_view

_SEARCH_S: Final = 1.5  # between searches while everybody is seen
_SEARCH_LOST_S: Final = 0.3  # while somebody has been lost
_LOOK_LOST_S: Final = 0.25  # that somebody is looked for where they should be
_LOOK_FAR_S: Final = 1.0  # that they are looked for there in all ways, now and then
_GIVE_UP_S: Final = 4.0  # lost for longer, somebody begins anew
_NEW: Final = 0.45  # confidence in somebody new where others are in the picture
_TWIN: Final = 0.15  # finds so near to each other, in sizes, are of one person
_MAX_HYPOTHESES: Final = 2
_LOOK_HARD_S: Final = 0.3  # between looks in all ways at somebody who is hard to see
_LOOK_FOR_S: Final = 0.1  # and for somebody who was just lost
_Look = Callable[[ImageArray, Sequence[Crop]], list[list[PoseLandmarks]]]


@dataclass(frozen=True)
class Sight:
    """Somebody in a frame."""

    track: int
    person: PersonLandmarks  # pixels of the decoded frame


@dataclass
class _Follow:
    """What is kept of a track between frames."""

    track: Track
    looked_hard_s: float = -np.inf


@dataclass
class Watcher:
    """Follows the people of one clip. `looker` gives masks."""

    finder: PeopleFinder
    looker: Looker
    max_people: int
    _follows: list[_Follow] = field(default_factory=list["_Follow"])
    _searched_s: float = -np.inf
    _count: int = 0  # of people so far
    _turn: int = 0  # of frames

    def watch(self, image: ImageArray, seconds: float) -> list[Sight]:
        """Everybody in `image` (H, W, 3), shown after so many seconds."""
        self._turn += 1
        self._follows = [f for f in self._follows if seconds - f.track.seen_s < _GIVE_UP_S]
        looks = self._looks(image, seconds)
        sights: list[Sight] = []
        for follow, finds in zip(self._follows, looks, strict=True):
            agreed = self._decided(follow, finds, image, seconds)
            if agreed is not None:
                follow.track.follow(agreed.pose, seconds, image)
                sights.append(Sight(follow.track.number, agreed))
        return sights + self._searched(image, seconds)

    def forget(self, number: int) -> None:
        """Nobody is there."""
        self._follows = [f for f in self._follows if f.track.number != number]

    def _looks(self, image: ImageArray, seconds: float) -> list[list[PoseLandmarks]]:
        """What first looks find of everybody who is followed. Those found in one look are different
        people, so nobody is found twice while somebody else stands before them.
        """
        near = [f.track for f in self._follows if seconds - f.track.seen_s < _LOOK_LOST_S]
        crops = [_views(track, seconds)[self._turn % 2] for track in near]
        found: list[list[PoseLandmarks]] = [[] for _ in self._follows]
        for finds in self._seen(image, crops):
            for row, column in self._belonging(finds, image, seconds).items():
                found[row].append(finds[column])
        return found

    def _belonging(
        self, finds: Sequence[PoseLandmarks], image: ImageArray, seconds: float
    ) -> dict[int, int]:
        """Whose the finds of one look are, as places among those who are followed."""
        tracks = [follow.track for follow in self._follows]
        return matched(tracks, finds, seconds, image)

    def _seen(self, image: ImageArray, views: Sequence[Crop]) -> list[list[PoseLandmarks]]:
        """Whoever fills each view."""
        return _finds(views, self.looker.squares(image, views))

    def _found(self, image: ImageArray, crops: Sequence[Crop]) -> list[list[PoseLandmarks]]:
        """Everybody in each crop."""
        return _finds(crops, self.looker.in_crops(image, crops))

    def _decided(
        self, follow: _Follow, finds: list[PoseLandmarks], image: ImageArray, seconds: float
    ) -> PersonLandmarks | None:
        """What several looks at somebody agree on; nothing where nobody is who agrees with another
        look or with what was expected.

        What was expected has a vote and no share in the mean, so that nothing lags behind.
        """
        expected = follow.track.predicted(seconds)
        for look, crops in self._more_looks(follow, found=bool(finds), seconds=seconds):
            if _settled(finds, expected):
                break
            for some in look(image, crops):
                row = self._follows.index(follow)
                pairs = self._belonging(some, image, seconds)
                finds = finds + ([some[pairs[row]]] if row in pairs else [])
        return _agreed(finds, expected) if finds else None

    def _more_looks(
        self, follow: _Follow, *, found: bool, seconds: float
    ) -> Iterator[tuple[_Look, Sequence[Crop]]]:
        """What else to look at of somebody whom first looks do not agree on, or do not find; all
        ways to look at them take long and are tried only now and then.
        """
        near, nearer, all_ways = _rounds(follow.track, seconds)
        out_of_sight = seconds - follow.track.seen_s
        if out_of_sight < _LOOK_LOST_S:
            yield self._seen, [_views(follow.track, seconds)[(self._turn + 1) % 2]]
        if found:
            yield self._found, nearer
        elif out_of_sight < _LOOK_LOST_S:
            yield self._found, near
        pause = _LOOK_HARD_S if found else _LOOK_FOR_S
        if out_of_sight < _LOOK_FAR_S and seconds - follow.looked_hard_s >= pause:
            follow.looked_hard_s = seconds
            yield self._found, all_ways if found else all_ways[::2]

    def _searched(self, image: ImageArray, seconds: float) -> list[Sight]:
        """Whoever is found in the whole picture and was not seen yet, lost people first."""
        lost = [f for f in self._follows if f.track.seen_s < seconds]
        if not lost and len(self._follows) >= self.max_people:
            return []
        if seconds - self._searched_s < (_SEARCH_LOST_S if lost else _SEARCH_S):
            return []
        self._searched_s = seconds
        people = self._others(image, seconds)
        pairs = matched([f.track for f in lost], [p.pose for p in people], seconds, image)
        again = {column: lost[row].track for row, column in pairs.items()}
        sights: list[Sight] = []
        for i, person in enumerate(people):
            track = again.get(i) or self._begun(person, image, seconds)
            if track is not None:
                track.follow(person.pose, seconds, image)
                sights.append(Sight(track.number, person))
        return sights

    def _begun(self, person: PersonLandmarks, image: ImageArray, seconds: float) -> Track | None:
        """Somebody new, if there is room for them and they are no ghost."""
        in_sight = sum(follow.track.seen_s == seconds for follow in self._follows)
        if in_sight >= self.max_people or (in_sight and person.confidence < _NEW):
            return None
        self._count += 1
        track = Track.begun(self._count, person.pose, seconds, image)
        self._follows.append(_Follow(track))
        return track

    def _others(self, image: ImageArray, seconds: float) -> list[PersonLandmarks]:
        """Who is found beside those that are seen."""
        seen = [f.track.pose for f in self._follows if f.track.seen_s == seconds]
        seeds = self.finder.seeds(image)
        if not seeds and not seen:
            seeds = self.finder.turned_seeds(image)
        found: list[PersonLandmarks] = []
        for seed in distinct_people(seeds):
            if not _is_among(seed, seen):
                some = self.finder.closer(image, seed, alone=not seen)
                found += [person for person in some if not _is_among(person.pose, seen)]
        return without_twins(found)


def _is_among(pose: PoseLandmarks, others: Sequence[PoseLandmarks]) -> bool:
    return any(distance(pose, other) < _TWIN for other in others)


def _finds(
    crops: Sequence[Crop], looks: Sequence[Sequence[PoseLandmarks]]
) -> list[list[PoseLandmarks]]:
    return [
        [in_picture(one, crop) for one in some] for crop, some in zip(crops, looks, strict=True)
    ]


def _views(track: Track, seconds: float) -> list[Crop]:
    """Where somebody should be, as a detector wants to see whoever it need not search; mirrored."""
    expected = track.predicted(seconds)
    view = square_crop(level_view(expected.landmarks_px), VIEW_PX)
    turns = quarters_to_upright(up_px(expected))
    return [view.turned(turns, mirrored=mirrored) for mirrored in (False, True)]


def _rounds(track: Track, seconds: float) -> list[list[Crop]]:
    expected = track.predicted(seconds)
    return rounds_of_looks(person_box(expected), quarters_to_upright(up_px(expected)))


def _settled(looks: Sequence[PoseLandmarks], expected: PoseLandmarks) -> bool:
    """Whether most of the looks, and what was expected as one more, agree closely with the best
    look, and that is something like what was expected.
    """
    if not looks:
        return False
    opinions = [*looks, expected]
    best = next(look for look in vote(opinions).hypotheses if look is not expected)
    alike = peers(best, opinions, SURE)
    return len(alike) > len(opinions) / 2 and agreement(best, expected) > PEER


def _agreed(looks: Sequence[PoseLandmarks], expected: PoseLandmarks) -> PersonLandmarks | None:
    """The looks by how much the others and the expectation agree with each, and the mask of the
    best one; or nothing, where nothing agrees with that.
    """
    ranked = [look for look in vote([*looks, expected]).hypotheses if look is not expected]
    if len(peers(ranked[0], [*looks, expected])) < 2:
        return None
    alone = vote(looks)
    places = [next(i for i, own in enumerate(alone.hypotheses) if own is look) for look in ranked]
    person = distinct(PersonLandmarks(tuple(ranked), alone.support[places]), _MAX_HYPOTHESES)
    means = tuple(consensus(opinion, looks) for opinion in person.hypotheses)
    return replace(person, hypotheses=means, mask=ranked[0].mask)
