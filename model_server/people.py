# SPDX-License-Identifier: GPL-3.0-or-later
"""Picture to people: a wide pass finds them, then closer looks at each until the looks agree."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from model_server.arrays import ImageArray
from model_server.crops import Box, Crop, overlap, quarters_to_upright, share_within, square_crop
from model_server.hypotheses import (
    consensus,
    distinct,
    peers,
    person_box,
    same_person,
    up_px,
    vote,
)
from model_server.landmarks import PersonLandmarks, PoseLandmarks
from model_server.looking import Looker
from model_server.silhouettes import contour_of, together

_WIDE_SIZE: Final = 640
_TILE_SIZE: Final = 448
_CLOSE_SIZE: Final = 384
_MASK_SIZE: Final = 256
_CLOSE_MARGINS: Final = (1.6, 1.25)  # of the box; the first is the first look
# Tiles as long as the longer side by so many parts, while all people found are below such a share.
_TILES: Final = ((2, 0.75), (3, 0.45))
SURE: Final = 0.75  # looks that agree by this need no others
_UNLIKE: Final = 0.25  # looks that agree by less have nothing in common
_AT_ODDS: Final = 0.5  # looks that agree by less contradict each other
_SURE_LANDMARKS: Final = 12  # that they have to see; a head alone has eleven
_SAME_BOX: Final = 0.3
_CLEARLY_VISIBLE: Final = 0.9  # mean over the landmarks
_SUBJECT: Final = 0.5  # of the picture's longer side
_PIECE: Final = 0.5  # of a find that lies within somebody else
_SPARE: Final = 3  # seeds that may turn out to be nobody
_MIN_PEERS: Final = 3  # of the looks at one person, itself included
_MAX_HYPOTHESES: Final = 4
_MIN_SUPPORT: Final = 0.25
_MIN_PIXELS: Final = 32  # of the longer side; the detector only guesses at smaller people


class PeopleFinder:
    """Finds everybody in a picture. One `find` at a time."""

    def __init__(self, *, threads: int = 2) -> None:
        # A close look sees one person and perhaps parts of neighbours; every person found costs.
        self._wide = Looker(num_people=8, threads=threads)
        self._close = Looker(num_people=2, threads=threads, with_masks=True)

    def find(self, image: ImageArray, *, max_people: int = 8) -> list[PersonLandmarks]:
        """People in `image` (H, W, 3), largest first."""
        for seeds in (self.seeds, self._far_fetched_seeds):
            candidates = distinct_people(seeds(image))[: max_people + _SPARE]
            people: list[PersonLandmarks] = []
            for candidate in candidates:
                people += self.closer(image, candidate, alone=not people)
            if people:
                return without_twins(people)[:max_people]
        return []

    def seeds(self, image: ImageArray) -> list[PoseLandmarks]:
        """Whoever is found in the whole picture, and in ever smaller tiles while all are small."""
        whole = _whole(image)
        found = self._wide.look(image, [whole, whole.turned(0, mirrored=True)])
        for parts, large in _TILES:
            if _largest(found) < large * whole.side:
                closer = self._wide.look(image, tiles(image, parts))
                subjects = [f for f in found if _is_subject(f, whole.side)]
                found += [find for find in closer if not _is_part_of(find, subjects)]
        return found

    def turned_seeds(self, image: ImageArray) -> list[PoseLandmarks]:
        """Whoever lies or stands on the head."""
        return self._wide.look(image, all_ways(_whole(image))[2:])

    def _far_fetched_seeds(self, image: ImageArray) -> list[PoseLandmarks]:
        """Whoever lies or stands on the head, or is very small."""
        return self.turned_seeds(image) + self._wide.look(image, tiles(image, 4))

    def closer(
        self, image: ImageArray, seed: PoseLandmarks, *, alone: bool = True
    ) -> list[PersonLandmarks]:
        """The person of `seed` seen from near, or nobody if nearer looks do not confirm it."""
        box = person_box(seed)
        if max(box.width, box.height) < _MIN_PIXELS:
            return []
        looks = [seed]
        for crops in rounds_of_looks(box, quarters_to_upright(up_px(seed))):
            looks += _of_box(self._close.look(image, crops), box)
            if _hopeless(looks, alone=alone) or _sure(looks):
                break
        return _confirmed(vote(looks), (image.shape[0], image.shape[1]))

    def close(self) -> None:
        self._wide.close()
        self._close.close()


def all_ways(crop: Crop, first_quarter: int = 0) -> list[Crop]:
    """Eight ways to look at a crop: `first_quarter` first, each quarter plain and mirrored."""
    quarters = [(first_quarter + more) % 4 for more in range(4)]
    return [crop.turned(quarter, mirrored=m) for quarter in quarters for m in (False, True)]


def rounds_of_looks(box: Box, upright: int) -> list[list[Crop]]:
    """Crops around `box`: the likeliest to be right, two of another size, then all other ways."""
    near, nearer = (
        all_ways(square_crop(box.grown(by), _CLOSE_SIZE), upright) for by in _CLOSE_MARGINS
    )
    return [near[:2], nearer[:2], near[2:] + nearer[2:]]


def _whole(image: ImageArray) -> Crop:
    height, width = image.shape[:2]
    return square_crop(Box(0, 0, width, height), _WIDE_SIZE)


def tiles(image: ImageArray, parts: int) -> list[Crop]:
    """Squares that cover a picture and overlap by half; `parts` of them span its longer side."""
    height, width = image.shape[:2]
    side = max(width, height) / parts
    lefts, tops = _starts(width, side), _starts(height, side)
    return [square_crop(Box(x, y, side, side), _TILE_SIZE) for y in tops for x in lefts]


def _starts(length: float, side: float) -> list[float]:
    if length <= side:
        return [(length - side) / 2]
    steps = round(2 * (length / side - 1)) + 1
    return [float(start) for start in np.linspace(0, length - side, max(steps, 2))]


def _is_subject(find: PoseLandmarks, picture_side: float) -> bool:
    """Whether this is somebody who was seen large and clearly, in one piece."""
    clearly = float(find.visibility.mean()) > _CLEARLY_VISIBLE
    return clearly and _largest([find]) > _SUBJECT * picture_side


def _is_part_of(find: PoseLandmarks, subjects: Sequence[PoseLandmarks]) -> bool:
    """Whether a tile shows a piece of a subject and no other person."""
    box = person_box(find)
    return any(share_within(box, person_box(subject)) > _PIECE for subject in subjects)


def _largest(found: Sequence[PoseLandmarks]) -> float:
    boxes = [person_box(person) for person in found]
    return max((max(box.width, box.height) for box in boxes), default=0.0)


def _hopeless(looks: Sequence[PoseLandmarks], *, alone: bool) -> bool:
    """Whether nothing is seen where a person should be, or all looks contradict each other.

    The only person of a picture is given more looks to agree than a bystander.
    """
    if alone and len(looks) <= _MIN_PEERS:
        return len(looks) == 1
    return len(peers(vote(looks).pose, looks, _UNLIKE)) < 2


def _sure(looks: Sequence[PoseLandmarks]) -> bool:
    """Whether no look disagrees, three agree closely, and they see enough to be believed."""
    best = vote(looks).pose
    enough = int((best.visibility > 0.5).sum()) >= _SURE_LANDMARKS
    united = len(peers(best, looks, _AT_ODDS)) == len(looks)
    return enough and united and len(peers(best, looks, SURE)) >= 3


def _confirmed(person: PersonLandmarks, shape: tuple[int, int]) -> list[PersonLandmarks]:
    looks, agreeing = person.hypotheses, peers(person.pose, person.hypotheses)
    if len(agreeing) < _MIN_PEERS or person.confidence < _MIN_SUPPORT:
        return []
    opinions = distinct(person, _MAX_HYPOTHESES)
    around = square_crop(person_box(person.pose).grown(_CLOSE_MARGINS[0]), _MASK_SIZE)
    mask = together([look.mask for look in agreeing if look.mask is not None], around)
    means = tuple(consensus(opinion, looks) for opinion in opinions.hypotheses)
    contour = mask and contour_of(mask, shape)
    return [replace(opinions, hypotheses=means, mask=mask, contour=contour)]


def _of_box(found: Sequence[PoseLandmarks], box: Box) -> list[PoseLandmarks]:
    return [person for person in found if overlap(person_box(person), box) > _SAME_BOX]


def distinct_people(found: Sequence[PoseLandmarks]) -> list[PoseLandmarks]:
    """One find per person, the most visible one; surest people first."""
    kept: list[PoseLandmarks] = []
    for person in sorted(found, key=lambda p: -float(p.visibility.mean())):
        if not any(same_person(person, other) for other in kept):
            kept.append(person)
    return kept


def without_twins(people: Sequence[PersonLandmarks]) -> list[PersonLandmarks]:
    kept: list[PersonLandmarks] = []
    for person in sorted(people, key=lambda p: -p.confidence):
        if not any(same_person(person.pose, other.pose) for other in kept):
            kept.append(person)
    return sorted(kept, key=lambda person: -person_box(person.pose).area)
