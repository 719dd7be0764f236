# SPDX-License-Identifier: GPL-3.0-or-later
"""Correcting a character as an artist does: handles, answers, undo, and what may go wrong."""

import copy
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import local_server
import made_people
import numpy as np
import pytest
from local_server import LocalServer, Reply, error
from looking import evaluated_vertices, seen_px
from made_photos import add, made_result, meshes_of
from state_of_file import state_of_file

from hund_blender.body import Body
from hund_blender.connection import ServerSettings
from hund_blender.correcting import CORRECTIONS, correction_job, edited_characters
from hund_blender.correction_job import CorrectionJob
from hund_blender.live import LIVE
from hund_blender.scene.bone_colors import BEFORE
from hund_blender.scene.handles import correction_of, handles_of
from hund_blender.scene.people import SceneOptions
from hund_blender.scene.sightings import SIGHTING, sighting_of
from hund_blender.sighting import HANDLES, Correction
from hund_blender.threads import wait

TENTH_MM = 1e-4
CHARACTER = "one Person 1"
FORGOTTEN = error(410, "forgotten", "The server does not remember this photo.")


@pytest.fixture
def person(body: Body) -> dict[str, Any]:
    return made_people.person(body, 1)


@pytest.fixture
def character(body: Body, tmp_path: Path, person: dict[str, Any]) -> bpy.types.Object:
    add(made_result(body, tmp_path / "one.png", [person]))
    return bpy.data.objects[CHARACTER]


def corrected(person: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """As the server would answer: the left arm is another, pins are where they were put."""
    answer = copy.deepcopy(person)
    turned = made_people.quaternion((0.3, 1, 0.2), 0.9)
    answer["parameters"]["rotations"]["lowerarm01.L"] = turned
    answer["joint_confidence"]["lowerarm01.L"] = 0.1
    pose = answer["landmarks"]["pose"]
    for name, px in asked["pins"].items():
        pose["px"][pose["names"].index(name)] = px
        pose["visibility"][pose["names"].index(name)] = 2.0
    return answer


def stepped_aside(person: dict[str, Any]) -> dict[str, Any]:
    """The person 0.1 m to the right, 0.2 m down and 0.3 m farther away."""
    aside = copy.deepcopy(person)
    x, y, z = aside["parameters"]["translation"]
    aside["parameters"]["translation"] = [x + 0.1, y + 0.2, z + 0.3]
    return aside


@pytest.fixture
def served(person: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A server that corrects, or replies what the test wants; the operators go to it."""

    def serve(correct: Callable[[dict[str, Any]], Reply] | None = None, **more: Any) -> Any:
        return local_server.running(
            more.get("estimate", lambda _: (200, made_people.answer([person]))),
            correct or (lambda asked: (200, corrected(person, asked))),
        )

    return serve


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[LocalServer], ServerSettings]:
    def settings(server: LocalServer) -> ServerSettings:
        there = ServerSettings(remote_address=server.address, remote_token=local_server.TOKEN)
        for module in ("correct_operators", "live"):
            monkeypatch.setattr(f"hund_blender.{module}.server_settings", lambda _: there)
        return there

    return settings


def drag(character: bpy.types.Object, landmark: str, by: float = 0.2) -> Any:
    handle = handles_of(character)[landmark]
    handle.location.x += by
    bpy.context.view_layer.update()
    return handle


def moved_by_bone(
    before: np.ndarray, after: np.ndarray, skin: bpy.types.Object
) -> dict[str, float]:
    """How far the skin of each bone has moved, metres."""
    apart = np.linalg.norm(after - before, axis=1)
    groups = {group.index: group.name for group in skin.vertex_groups}
    moved = dict.fromkeys(groups.values(), 0.0)
    for vertex in skin.data.vertices:
        for element in vertex.groups:
            if element.weight > 0.999:
                name = groups[element.group]
                moved[name] = max(moved[name], float(apart[vertex.index]))
    return moved


def test_handles_are_where_the_photo_shows_the_landmarks(
    character: bpy.types.Object, person: dict[str, Any]
) -> None:
    character.select_set(True)
    assert bpy.ops.hund.edit_landmarks() == {"FINISHED"}
    bpy.context.view_layer.update()
    handles = handles_of(character)
    assert set(handles) == set(HANDLES)
    camera = bpy.data.objects["one Camera"]
    pose = person["landmarks"]["pose"]
    for name, handle in handles.items():
        place = np.array(handle.matrix_world.translation)[None]
        expected = pose["px"][pose["names"].index(name)]
        np.testing.assert_allclose(seen_px(place, camera)[0], expected, atol=0.05)
        assert handle.hide_render
    assert bpy.context.scene.camera == camera
    assert correction_of(character, sighting_of(character)) == Correction()


def test_only_the_arm_that_was_dragged_moves(
    character: bpy.types.Object, served: Any, use: Any
) -> None:
    skin, asked = meshes_of("one")[0], []
    bpy.ops.hund.edit_landmarks()
    drag(character, "left_elbow")
    other = character.pose.bones["upperleg01.R"]
    other.rotation_quaternion = (0.9, 0.1, 0.3, 0.2)  # the artist's own
    before = evaluated_vertices(skin)
    with served() as server:
        reply = server.correct
        server.correct = lambda question: (asked.append(question), reply(question))[1]
        use(server)
        assert bpy.ops.hund.correct() == {"FINISHED"}
    assert set(asked[0]["pins"]) == {"left_elbow"}
    assert asked[0]["dropped"] == []
    assert asked[0]["photo"] == "0123abcd"
    moved = moved_by_bone(before, evaluated_vertices(skin), skin)
    assert max(moved[bone] for bone in moved if "finger" in bone and bone.endswith(".L")) > 0.05
    rest = [m for bone, m in moved.items() if not bone.endswith(".L") or "leg" in bone]
    assert max(rest) < TENTH_MM


def test_a_corrected_pose_is_that_of_the_answer(
    body: Body,
    tmp_path: Path,
    character: bpy.types.Object,
    person: dict[str, Any],
    served: Any,
    use: Any,
) -> None:
    bpy.ops.hund.edit_landmarks()
    drag(character, "left_elbow")
    with served() as server:
        use(server)
        bpy.ops.hund.correct()
    points = evaluated_vertices(meshes_of("one")[0])
    anew = corrected(person, {"pins": {}})
    add(made_result(body, tmp_path / "two.png", [anew]), options=SceneOptions(match_camera=False))
    expected = evaluated_vertices(meshes_of("two")[0])
    np.testing.assert_allclose(points - points.mean(0), expected - expected.mean(0), atol=1e-3)


def test_a_person_who_has_moved_moves(
    character: bpy.types.Object, person: dict[str, Any], served: Any, use: Any
) -> None:
    aside = stepped_aside(person)
    skin = meshes_of("one")[0]
    before = evaluated_vertices(skin)
    with served(lambda _: (200, aside)) as server:
        use(server)
        bpy.ops.hund.correct()
    moved = evaluated_vertices(skin) - before
    np.testing.assert_allclose(moved, np.tile([0.1, 0.3, -0.2], (len(moved), 1)), atol=1e-4)


def test_handles_and_moves_follow_the_scale(
    body: Body, tmp_path: Path, person: dict[str, Any], served: Any, use: Any
) -> None:
    result = made_result(body, tmp_path / "large.png", [person])
    add(result, options=SceneOptions(scale=100.0))
    character, camera = bpy.data.objects["large Person 1"], bpy.data.objects["large Camera"]
    bpy.context.view_layer.objects.active = character
    assert bpy.ops.hund.edit_landmarks() == {"FINISHED"}
    bpy.context.view_layer.update()
    for handle in handles_of(character).values():
        assert -handle.location.z > camera.data.clip_start
    aside = stepped_aside(person)
    skin = meshes_of("large")[0]
    before = evaluated_vertices(skin)
    with served(lambda _: (200, aside)) as server:
        use(server)
        bpy.ops.hund.correct()
    moved = evaluated_vertices(skin) - before
    np.testing.assert_allclose(moved, np.tile([10, 30, -20], (len(moved), 1)), atol=1e-2)


def test_pins_are_kept_where_they_were_put(
    character: bpy.types.Object, served: Any, use: Any
) -> None:
    bpy.ops.hund.edit_landmarks()
    drag(character, "left_elbow")
    wanted = correction_of(character, sighting_of(character))
    with served() as server:
        use(server)
        bpy.ops.hund.correct()
    sighting = sighting_of(character)
    assert sighting.correction == wanted
    assert correction_of(character, sighting) == wanted  # nothing new to correct
    assert handles_of(character)["left_elbow"].data["hund_handle"] == "PINNED"
    assert bpy.ops.hund.finish_landmarks() == {"FINISHED"}
    assert handles_of(character) == {}
    assert not [mesh for mesh in bpy.data.meshes if "hund_handle" in mesh]
    assert correction_of(character, sighting) == wanted
    bpy.ops.hund.edit_landmarks()
    assert correction_of(character, sighting) == wanted


def test_dropped_deleted_and_released(character: bpy.types.Object, served: Any, use: Any) -> None:
    bpy.ops.hund.edit_landmarks()
    handles = handles_of(character)
    for thing in bpy.context.selected_objects:
        thing.select_set(False)
    handles["left_wrist"].select_set(True)
    bpy.ops.hund.drop_landmarks()
    bpy.data.objects.remove(handles["nose"])
    drag(character, "left_elbow")
    correction = correction_of(character, sighting_of(character))
    assert correction.dropped == {"left_wrist", "nose"}
    assert set(correction.pins) == {"left_elbow"}
    drag(character, "left_wrist")
    assert set(correction_of(character, sighting_of(character)).pins) == {
        "left_elbow",
        "left_wrist",
    }
    bpy.ops.hund.drop_landmarks()
    assert correction_of(character, sighting_of(character)) == correction
    with served() as server:
        use(server)
        bpy.ops.hund.correct()
    handles_of(character)["left_elbow"].select_set(True)
    bpy.ops.hund.release_landmarks()
    correction = correction_of(character, sighting_of(character))
    assert correction == Correction(dropped=frozenset({"nose"}))


def test_editing_goes_on_after_a_deletion(character: bpy.types.Object) -> None:
    bpy.ops.hund.edit_landmarks()
    bpy.context.view_layer.objects.active = handles_of(character)["left_elbow"]
    bpy.data.objects.remove(handles_of(character)["left_elbow"])
    assert bpy.context.object is None
    assert bpy.ops.hund.finish_landmarks() == {"FINISHED"}
    assert bpy.context.object == character
    bpy.context.view_layer.objects.active = None
    assert not bpy.ops.hund.edit_landmarks.poll()


def test_other_interpretations_come_round(
    character: bpy.types.Object, person: dict[str, Any], served: Any, use: Any
) -> None:
    asked: list[int] = []

    def correct(question: dict[str, Any]) -> Reply:
        asked.append(question["hypothesis"])
        assert question["pins"] == {}
        return 200, person

    with served(correct) as server:
        use(server)
        for _ in range(3):
            bpy.ops.hund.other_interpretation()
    assert asked == [1, 0, 1]


def test_the_body_changes_only_if_wanted(
    character: bpy.types.Object, person: dict[str, Any], served: Any, use: Any
) -> None:
    older = copy.deepcopy(person)
    older["parameters"]["phenotypes"]["age"] = 0.9
    age = character.data.hund.age
    with served(lambda _: (200, older)) as server:
        use(server)
        bpy.ops.hund.correct()
        assert character.data.hund.age == age
        bpy.context.scene.hund.body = True
        bpy.ops.hund.correct()
    assert character.data.hund.age == pytest.approx(0.9)


def test_undo_and_redo(character: bpy.types.Object, served: Any, use: Any) -> None:
    skin = meshes_of("one")[0].name
    bpy.ops.hund.edit_landmarks()
    drag(character, "left_elbow")
    bpy.ops.ed.undo_push(message="Move")
    before, state = evaluated_vertices(bpy.data.objects[skin]), state_of_file()
    with served() as server:
        use(server)
        bpy.ops.hund.correct()
    after = evaluated_vertices(bpy.data.objects[skin])
    assert np.abs(after - before).max() > 0.05
    bpy.ops.ed.undo()
    np.testing.assert_allclose(evaluated_vertices(bpy.data.objects[skin]), before, atol=TENTH_MM)
    assert state_of_file() == state
    again = bpy.data.objects[CHARACTER]
    assert set(correction_of(again, sighting_of(again)).pins) == {"left_elbow"}
    bpy.ops.ed.redo()
    np.testing.assert_allclose(evaluated_vertices(bpy.data.objects[skin]), after, atol=TENTH_MM)


def test_saving_keeps_what_can_be_corrected(
    character: bpy.types.Object, tmp_path: Path, served: Any, use: Any
) -> None:
    before = sighting_of(character).to_json()
    copied = character.copy()
    assert sighting_of(copied).to_json() == before
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    again = bpy.data.objects[CHARACTER]
    assert sighting_of(again).to_json() == before
    bpy.context.view_layer.objects.active = again
    bpy.ops.hund.edit_landmarks()
    drag(again, "right_knee")
    with served() as server:
        use(server)
        assert bpy.ops.hund.correct() == {"FINISHED"}


@pytest.mark.parametrize("packed", [False, True])
def test_a_forgotten_photo_is_sent_again(
    character: bpy.types.Object,
    person: dict[str, Any],
    served: Any,
    use: Any,
    tmp_path: Path,
    packed: bool,
) -> None:
    photo = (tmp_path / "one.png").read_bytes()
    if packed:  # the file has moved to another computer
        bpy.data.images["one.png"].pack()
        (tmp_path / "one.png").unlink()
    seen: list[bytes] = []

    def estimate(photo: bytes) -> Reply:
        seen.append(photo)
        return 200, made_people.answer([person])

    def correct(asked: dict[str, Any]) -> Reply:
        return (200, corrected(person, asked)) if seen else FORGOTTEN

    with served(correct, estimate=estimate) as server:
        use(server)
        assert bpy.ops.hund.correct() == {"FINISHED"}
        assert "/estimate?max_people=8" in server.targets
    assert seen == [photo]


@pytest.mark.parametrize("what", ["changed", "gone"])
def test_a_photo_that_cannot_be_sent_again_is_told(
    character: bpy.types.Object, served: Any, use: Any, tmp_path: Path, what: str
) -> None:
    if what == "gone":
        (tmp_path / "one.png").unlink()
    before = state_of_file()
    with served(lambda _: FORGOTTEN) as server:
        use(server)
        assert bpy.ops.hund.correct() == {"CANCELLED"}
    (problem,) = CORRECTIONS.problems
    assert str(tmp_path / "one.png") in problem.message + problem.remedy
    assert "import" in problem.remedy.lower()
    assert state_of_file() == before


def job_of(character: bpy.types.Object, settings: ServerSettings) -> CorrectionJob:
    return correction_job(
        bpy.context.scene,
        character,
        Correction({"left_elbow": (1.0, 2.0)}),
        settings,
        "Correct",
    )


def test_a_server_that_dies_is_told(character: bpy.types.Object, use: Any) -> None:
    before = state_of_file()
    with local_server.running(lambda _: (200, {})) as server:
        settings = use(server)
    job = job_of(character, settings)
    job.run()
    assert len(job.problems) == 1
    assert job.problems[0].remedy
    assert state_of_file() == before


def test_cancelling_ends_the_request(
    character: bpy.types.Object, served: Any, use: Any, person: dict[str, Any]
) -> None:
    at_work, go_on = threading.Event(), threading.Event()

    def correct(asked: dict[str, Any]) -> Reply:
        at_work.set()
        wait(go_on, 10)
        return 200, corrected(person, asked)

    before = state_of_file()
    with served(correct) as server:
        job = job_of(character, use(server))
        CORRECTIONS.run_in_background(job, lambda _: None)
        assert at_work.wait(10)
        assert not bpy.ops.hund.correct.poll()  # one at a time
        assert bpy.ops.hund.cancel_correction() == {"FINISHED"}
        start = time.monotonic()
        assert job.step()
        assert time.monotonic() - start < 0.5
        go_on.set()
    CORRECTIONS.forget()
    assert not bpy.ops.hund.cancel_correction.poll()
    assert job.problems == []
    assert state_of_file() == before


def test_answers_wait_until_edit_mode_is_left(
    character: bpy.types.Object, served: Any, use: Any
) -> None:
    with served() as server:
        job = job_of(character, use(server))
        bpy.ops.mesh.primitive_cube_add()
        bpy.ops.object.mode_set(mode="EDIT")
        job._task.run()
        assert not job.step()
        bpy.ops.object.mode_set(mode="OBJECT")
        assert job.step()
    assert job.problems == []


@pytest.mark.parametrize("gone", ["character", "sighting", "scene"])
def test_what_is_gone_meanwhile_is_told(
    character: bpy.types.Object, served: Any, use: Any, gone: str
) -> None:
    with served() as server:
        job = job_of(character, use(server))
        if gone == "character":
            bpy.data.objects.remove(character)
        elif gone == "sighting":
            del character[SIGHTING]
        else:
            bpy.context.scene.name = "another"
        job.run()
    assert "gone" in job.problems[0].message
    assert job.problems[0].remedy


def test_without_its_camera_a_character_has_no_handles(character: bpy.types.Object) -> None:
    bpy.data.objects.remove(bpy.data.objects["one Camera"])
    with pytest.raises(RuntimeError, match="Match Camera"):
        bpy.ops.hund.edit_landmarks()


def test_a_pose_from_another_photo_leaves_nothing_to_correct(
    body: Body, character: bpy.types.Object, tmp_path: Path
) -> None:
    from hund_blender.scene.takeover import take_over_pose

    other = made_result(body, tmp_path / "other.png", [made_people.person(body, 2)])
    take_over_pose(bpy.context.scene, CHARACTER, [other])
    assert not bpy.ops.hund.edit_landmarks.poll()


def palettes(character: bpy.types.Object) -> dict[str, str]:
    return {bone.name: bone.color.palette for bone in character.data.bones}


def test_bones_show_confidence_and_get_their_colours_back(
    character: bpy.types.Object, served: Any, use: Any
) -> None:
    settings = character.data.hund
    assert settings.show_confidence
    settings.show_confidence = False
    assert set(palettes(character).values()) == {"DEFAULT"}
    assert BEFORE not in character.data
    character.data.bones["head"].color.palette = "THEME04"
    settings.show_confidence = True
    assert palettes(character)["head"] == palettes(character)["lowerarm01.L"] == "THEME03"
    with served() as server:
        use(server)
        bpy.ops.hund.correct()
    assert palettes(character)["lowerarm01.L"] == "THEME01"
    settings.show_confidence = False
    assert palettes(character)["head"] == "THEME04"


def test_drags_are_corrected_of_their_own_accord_and_undo_is_no_drag(
    character: bpy.types.Object, served: Any, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[CorrectionJob] = []

    def run(job: CorrectionJob, _: object) -> None:
        job.run()
        jobs.append(job)

    monkeypatch.setattr(CORRECTIONS, "run_in_background", run)
    monkeypatch.setattr(LIVE, "_scene", bpy.context.scene.name)
    bpy.ops.hund.edit_landmarks()
    LIVE.take_for_known()
    with served() as server:
        use(server)
        assert LIVE.fire() is None
        assert jobs == []  # nothing was dragged
        drag(bpy.data.objects[CHARACTER], "left_elbow")
        bpy.ops.ed.undo_push(message="Move")
        LIVE.fire()
        assert len(jobs) == 1
        LIVE.fire()
        assert len(jobs) == 1  # the same again says nothing new
        bpy.ops.ed.undo()  # the correction
        assert [one.name for one in edited_characters()] == [CHARACTER]
        LIVE.fire()
        assert len(jobs) == 1
        bpy.data.objects.remove(handles_of(bpy.data.objects[CHARACTER])["right_wrist"])
        LIVE.fire()
        assert len(jobs) == 2  # a deleted handle was dropped
        bpy.context.scene.hund.live = False
        drag(bpy.data.objects[CHARACTER], "right_knee")
        LIVE.fire()
        assert len(jobs) == 2


def test_only_handles_that_move_or_go_are_noticed(
    character: bpy.types.Object, monkeypatch: pytest.MonkeyPatch
) -> None:
    noticed: list[object] = []
    bpy.ops.hund.edit_landmarks()
    bpy.context.view_layer.update()
    monkeypatch.setattr(LIVE, "soon", noticed.append)
    character.location.x += 1
    bpy.context.view_layer.update()
    assert noticed == []
    elbow = drag(character, "left_elbow")
    assert noticed == [bpy.context.scene]
    bpy.data.objects.remove(elbow)
    bpy.context.view_layer.update()
    assert noticed == [bpy.context.scene] * 2


def test_what_was_dragged_on_meanwhile_stays_in_the_hand(
    character: bpy.types.Object, served: Any, use: Any
) -> None:
    bpy.ops.hund.edit_landmarks()
    drag(character, "left_elbow")
    with served() as server:
        use(server)
        sighting = sighting_of(character)
        job = correction_job(
            bpy.context.scene,
            character,
            correction_of(character, sighting),
            use(server),
            "Correct",
        )
        handle = drag(character, "left_elbow")
        place = tuple(handle.location)
        job.run()
    assert tuple(handle.location) == place
    assert json.loads(character[SIGHTING])["correction"]["pins"]["left_elbow"]
    assert correction_of(character, sighting_of(character)) != sighting_of(character).correction
