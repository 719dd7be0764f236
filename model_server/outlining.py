# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies fill the outlines that people have in the picture, as far as the descent is in doubt.

The descent sees outlines as coarse cells of body parts. What it is usually off by, and what goes
with what (a knee with its hip, a distance with the height), was measured on people it was not
taught on: the doubt. Around its answer, that doubt and the line around the person's mask make a
least-squares problem; a few Gauss-Newton steps solve it. How points move with a bone that turns
follows from where they are, so nothing is differentiated.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model_server.arrays import with_row
from model_server.body_state import SHAPE, WHOLE, BodyState, state_of, stepped
from model_server.bones import Array
from model_server.errors import InternalError
from model_server.figure import Figure, PosedFigure
from model_server.joint_landmarks import landmarks_of_bone
from model_server.landmark_names import POSE_LANDMARKS, indices
from model_server.physique import Physique
from model_server.reaching import Goal
from model_server.session import DescentConfig, Evidence, Posed
from model_server.silhouettes import Contour
from model_server.turns import unit

_REACH: Final = (0.21, 0.14, 0.085)  # sizes, by round: what is farther from the line counts less
_LINE: Final = 120.0  # how much a point of the line counts
_LANDMARK: Final = 40.0  # that a landmark seen clearly stays where the descent put it
_LANDMARK_REACH: Final = 0.07  # sizes
_LEAN: Final = 0.3  # of the way from there to where it was seen
_EDGE: Final = 0.35  # cosine between skin and view where skin can be on the outline
_ASKEW: Final = 0.0125  # square sizes that directions at a right angle count as
_ALIKE: Final = 0.3  # cosine between directions of line and edge that may belong together
_SEEN: Final = 0.05  # trust in landmarks of a bone below which its skin may be hidden
_PROBE: Final = 0.1  # by which phenotypes are changed to see what they do
_LONGEST_STEP: Final = 0.3  # radians
_NEAREST_M: Final = 0.1


@dataclass(frozen=True)
class Doubt:
    """What the descent is usually off by, as steps of `body_state`."""

    covariance: Array  # (D, D)

    @cached_property
    def precision(self) -> Array:
        return np.linalg.inv(self.covariance)


def load_doubt(path: Path, config: DescentConfig) -> Doubt:
    if not path.is_file():
        message = f"{path.name} is missing from {path.parent}."
        raise InternalError(message, "Install the package again.")
    told = json.loads(path.read_text(encoding="utf-8"))
    if told["columns"] != columns_of(config):
        message = f"{path.name} is of another descent."
        raise InternalError(message, "Measure it with model_server.learning.training.doubt.")
    return Doubt(np.array(told["covariance"]))


def columns_of(config: DescentConfig) -> list[str]:
    """What the places of a step stand for."""
    turns = [f"{bone} {axis}" for bone in config.pose_bones for axis in "xyz"]
    return [*WHOLE, *config.phenotypes, *turns]


@dataclass(frozen=True)
class _Case:
    """What is seen of somebody, tangents, and how their points move with phenotypes."""

    size: float  # of the person as seen
    landmarks: Array  # (33, 2) where they should be
    believed: Array  # (33,)
    line: Array  # (N, 2) around the person
    outward: Array  # (N, 2) unit
    trust: Array  # (S,) that points of the skin are not hidden
    of_landmarks: Array  # (33, 3, P) body axes
    of_skin: Array  # (S, 3, P)


@dataclass(frozen=True)
class _Edge:
    """The skin that is on the edge of a body, as far as it can be seen."""

    skin: NDArray[np.intp]  # (E,) which of its points
    points: Array  # (E, 3) camera frame
    at: Array  # (E, 2) tangents
    facing: Array  # (E, 2) unit, outwards


@dataclass(frozen=True)
class _Matches:
    """Which points on the edge of a body belong to which on the line around the person."""

    edge: NDArray[np.intp]  # (M,)
    line: NDArray[np.intp]  # (M,)
    misses: Array  # (M,) how far they are off, outwards, in sizes
    weights: Array  # (M,) 0…1


@dataclass(frozen=True)
class _Rows:
    """Misses in the picture that a step should take away, in sizes."""

    points: Array  # (R, 3) of the body, camera frame
    shares: Array  # (R, J) that go with the bones
    slopes: Array  # (R, 3, P) of the points by phenotypes, camera axes
    directions: Array  # (R, 2) of the picture, in which they are off
    misses: Array  # (R,)
    weights: Array  # (R,)


class Outliner:
    """Knows the skin of bodies, and how far to believe the descent."""

    def __init__(self, config: DescentConfig, physique: Physique, doubt: Doubt) -> None:
        self._config, self._physique, self._doubt = config, physique, doubt
        skin = physique.skin
        names, parents = physique.bones.names, physique.bones.parents
        self._bones = [names.index(bone) for bone in config.pose_bones]
        self._above = [parents[bone] for bone in self._bones]
        self._skin_shares = physique.skin_carriers.shares(parents)[:, self._bones]
        self._seen_by = np.zeros((len(skin.vertices), len(POSE_LANDMARKS)))
        for point, bone in enumerate(skin.bones):
            landmarks = list(indices(POSE_LANDMARKS, landmarks_of_bone(names[bone])))
            self._seen_by[point, landmarks] = 1 / max(len(landmarks), 1)

    def outlined(
        self,
        posed: Posed,
        evidence: Evidence,
        contours: Sequence[Contour | None],
        rows: Sequence[int],
    ) -> Posed:
        """`posed` with the people of `rows`, a look at each, in their contours, which are told in
        pixels of the photo; nobody else changes, and nobody of whom none is known.
        """
        for row, contour in zip(rows, contours, strict=True):
            if contour is not None and len(contour.px):
                start = state_of(posed, row)
                points = self._points(start)
                case = self._case(start, points[0], evidence, row, contour)
                posed = self._changed(posed, row, points, self._fitted(start, case))
        return posed

    def _fitted(self, start: BodyState, case: _Case) -> BodyState:
        state = start
        gone = np.zeros(len(self._doubt.covariance))
        of_shape = slice(SHAPE, SHAPE + len(start.phenotypes))
        for reach in _REACH:
            figure = self._figure(state)
            stance = figure.posed(state.rotations(self._config.pose_bones))
            edge = self._edge(state, figure, stance, case)
            rows = self._rows(state, figure, stance, case, edge, reach)
            slopes = self._linearised(state, stance, rows, case.size)
            weighted = slopes.T * rows.weights
            curvature = weighted @ slopes + self._doubt.precision
            step = np.linalg.solve(curvature, weighted @ rows.misses - self._doubt.precision @ gone)
            longest = float(np.abs(step[of_shape.stop :]).max(initial=0))
            step *= min(1.0, _LONGEST_STEP / max(longest, 1e-9))
            state = stepped(state, step, case.size)
            gone = gone + step
            gone[of_shape] = state.phenotypes - start.phenotypes  # they end at 0 and 1
        return state

    def _case(
        self, start: BodyState, landmarks: Array, evidence: Evidence, row: int, contour: Contour
    ) -> _Case:
        """What is seen of somebody whom the descent put there, landmarks (33, 3) camera frame."""
        center, focal = evidence.center_px[row], evidence.focal_px[row]
        seen = np.clip(evidence.visibility[row], 0, 1).astype(np.float64)
        goal = Goal(
            ((evidence.landmarks_px[row] - center) / focal).astype(np.float64), np.square(seen)
        )
        said = _tangents(landmarks)
        of_landmarks, of_skin = self._shape_slopes(start)
        return _Case(
            size=goal.size,
            landmarks=said + _LEAN * (goal.tangents - said),
            believed=_LANDMARK * goal.trust,
            line=((contour.px - center) / focal).astype(np.float64),
            outward=contour.outward.astype(np.float64),
            trust=np.square(self._seen_by @ seen),
            of_landmarks=of_landmarks,
            of_skin=of_skin,
        )

    def _figure(self, state: BodyState) -> Figure:
        return self._physique.figure(self._shape(state.phenotypes))

    def _shape(self, phenotypes: Array) -> dict[str, float]:
        return dict(zip(self._config.phenotypes, phenotypes.tolist(), strict=True))

    def _shape_slopes(self, state: BodyState) -> tuple[Array, Array]:
        """How landmarks (33, 3, P) and skin (S, 3, P) move with phenotypes, body axes."""
        rotations = state.rotations(self._config.pose_bones)
        probes = np.where(state.phenotypes < 0.5, _PROBE, -_PROBE)
        shapes = [
            self._shape(phenotypes)
            for phenotypes in (state.phenotypes, *(state.phenotypes + np.diag(probes)))
        ]
        figures = [self._physique.figure(shape) for shape in shapes]
        posed = [figure.posed(rotations) for figure in figures]
        parts = self._physique.skin_parts(shapes)
        skins = [self._skin(*each) for each in zip(figures, posed, parts, strict=True)]

        def slopes(points: Sequence[Array]) -> Array:
            return (np.stack(points[1:], axis=-1) - points[0][..., None]) / probes

        return slopes([stance.landmarks for stance in posed]), slopes(skins)

    def _skin(self, figure: Figure, stance: PosedFigure, parts: Array) -> Array:
        """The skin's points (S, 3) of a figure as it stands, body axes."""
        return self._physique.skin_carriers.posed(parts, *figure.moves(stance.turns, stance.heads))

    def _edge(self, state: BodyState, figure: Figure, stance: PosedFigure, case: _Case) -> _Edge:
        (parts,) = self._physique.skin_parts([self._shape(state.phenotypes)])
        skin = self._skin(figure, stance, parts) @ state.root.T + state.place
        turned = (stance.turns @ figure.bones.turns)[self._physique.skin.bones]
        normals = np.einsum("sij,sj->si", state.root @ turned, self._physique.skin.normals)
        across = np.abs((normals * unit(skin)).sum(axis=1)) < _EDGE
        there = np.flatnonzero(across & (case.trust > _SEEN))
        at = _tangents(skin[there])
        facing = unit(normals[there, :2] - at * normals[there, 2:])
        return _Edge(there, skin[there], at, facing)

    def _rows(
        self,
        state: BodyState,
        figure: Figure,
        stance: PosedFigure,
        case: _Case,
        edge: _Edge,
        reach: float,
    ) -> _Rows:
        """Where the outline is not on the line, and landmarks are not where they should be."""
        matches = _matched(edge, case, reach)
        on_skin = edge.skin[matches.edge]
        landmarks = stance.landmarks @ state.root.T + state.place
        off = (case.landmarks - _tangents(landmarks)) / case.size
        believed = case.believed / (1 + np.square(off).sum(axis=1) / _LANDMARK_REACH**2)
        of_line = _LINE * matches.weights * case.trust[on_skin]
        slopes = np.concatenate([case.of_skin[on_skin], _twice(case.of_landmarks)])
        return _Rows(
            points=np.concatenate([edge.points[matches.edge], _twice(landmarks)]),
            shares=np.concatenate(
                [self._skin_shares[on_skin], _twice(figure.shares[:, self._bones])]
            ),
            slopes=np.einsum("ij,rjp->rip", state.root, slopes),
            directions=np.concatenate(
                [case.outward[matches.line], np.tile(np.eye(2), (len(landmarks), 1))]
            ),
            misses=np.concatenate([matches.misses, off.ravel()]),
            weights=np.concatenate([of_line, _twice(believed)]),
        )

    def _linearised(self, state: BodyState, stance: PosedFigure, rows: _Rows, size: float) -> Array:
        """How steps change misses (R, D)."""
        depth = np.maximum(rows.points[:, 2:], _NEAREST_M)
        along = (rows.directions * rows.points[:, :2]).sum(axis=1, keepdims=True) / depth
        pulls = np.concatenate([rows.directions, -along], axis=1) / (size * depth)  # (R, 3)
        levers = rows.points - state.place
        heads = stance.heads[self._bones] @ state.root.T
        turning = np.cross(levers[:, None] - heads, pulls[:, None]) * rows.shares[..., None]
        axes = state.root @ stance.turns[self._above]  # (J, 3, 3) cam_from_parent
        of_bones = np.einsum("rjc,jcd->rjd", turning, axes)
        return np.concatenate(
            [
                np.cross(levers, pulls),
                pulls[:, :2] * (size * state.place[2]),
                pulls @ state.place[:, None],
                np.einsum("rc,rcp->rp", pulls, rows.slopes),
                of_bones.reshape(len(pulls), -1),
            ],
            axis=1,
        )

    def _changed(
        self, posed: Posed, row: int, points: tuple[Array, Array], state: BodyState
    ) -> Posed:
        """The descent knows its points within a millimetre or two: they move as the body's own did,
        from where they were (33, 3) and (17, 3).
        """
        landmarks, joints = points
        moved_landmarks, moved_joints = self._points(state)
        landmarks_cam = posed.landmarks_cam[row] + moved_landmarks - landmarks
        joints_cam = posed.keypoints_cam[row] + moved_joints - joints
        return with_row(
            posed,
            row,
            rotations=state.turns,
            root=state.root,
            translation=state.place,
            phenotypes=state.phenotypes,
            keypoints_cam=joints_cam,
            landmarks_cam=landmarks_cam,
        )

    def _points(self, state: BodyState) -> tuple[Array, Array]:
        """Landmarks (33, 3) and joints (17, 3) in the camera frame."""
        stance = self._figure(state).posed(state.rotations(self._config.pose_bones))
        return (
            stance.landmarks @ state.root.T + state.place,
            stance.joints @ state.root.T + state.place,
        )


def _matched(edge: _Edge, case: _Case, reach: float) -> _Matches:
    """All of the line wants to be reached, and what is out of it wants to be in."""
    at, points = case.line, edge.at
    lengths = np.square(at).sum(axis=1)[:, None] + np.square(points).sum(axis=1)
    apart = np.maximum(lengths - 2 * at @ points.T, 0) / case.size**2  # (N, E) squares
    askew = 1 - case.outward @ edge.facing.T
    cost = apart + _ASKEW * askew
    if not cost.size:
        nobody = np.zeros(0, np.intp)
        return _Matches(nobody, nobody, np.zeros(0), np.zeros(0))
    line = np.concatenate([np.arange(len(at)), cost.argmin(axis=0)])
    near = np.concatenate([cost.argmin(axis=1), np.arange(len(points))])
    misses = ((at[line] - points[near]) * case.outward[line]).sum(axis=1) / case.size
    wanted = (misses < 0) | (np.arange(len(line)) < len(at))
    counts = wanted & (askew[line, near] < 1 - _ALIKE)
    return _Matches(near, line, misses, counts / np.square(1 + apart[line, near] / reach**2))


def _tangents(points: Array) -> Array:
    """(N, 2) of points (N, 3) in the camera frame."""
    return points[:, :2] / np.maximum(points[:, 2:], _NEAREST_M)


def _twice(values: Array) -> Array:
    """Of every landmark, for both directions of the picture."""
    return np.repeat(values, 2, axis=0)
