"""The global Session: records, their life, hooks and events, recordings and replays, and other processes."""

import json
import signal
import subprocess
import sys
import uuid

import pytest

ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def fresh(new_script):
    return new_script()


def test_a_session_has_what_it_was_made_with(script):
    record = script.value("Session.get(Session.create({name = 'n', description = 'd', tags = {'a', 'b', 'a'}}))")
    assert {name: record[name] for name in ("name", "description", "tags", "status", "custom_metadata")} == {
        "name": "n",
        "description": "d",
        "tags": ["a", "b"],
        "status": "active",
        "custom_metadata": {},
    }
    assert str(uuid.UUID(record["id"])) == record["id"]
    assert record["created_at"] == record["updated_at"]


def test_the_builder_makes_a_session_and_returns_itself(script):
    code = "Session.builder():name('n'):description('d'):tags({'a'}):tag('b'):build()"
    record = script.value(f"Session.get({code})")
    assert (record["name"], record["description"], record["tags"]) == ("n", "d", ["a", "b"])


# function, from status -> to status, or what the error says
CHANGES = [
    (["suspend"], "suspended"),
    (["suspend", "resume"], "active"),
    (["resume"], "active"),
    (["complete"], "completed"),
    (["suspend", "complete"], "completed"),
    (["suspend", "suspend"], "is suspended; this can be done to one that is active"),
    (["complete", "resume"], "is completed; this can be done to one that is suspended or active"),
    (["complete", "suspend"], "is completed; this can be done to one that is active"),
]


@pytest.mark.parametrize(("functions", "outcome"), CHANGES, ids=lambda value: "-".join(value) if value else "")
def test_status_changes_in_the_ways_that_there_are(script, functions, outcome):
    calls = " ".join(f"Session.{function}(id)" for function in functions)
    code = f"""
        local id = Session.create()
        local ok, e = pcall(function() {calls} end)
        print(ok and Session.get(id).status or e)
    """
    assert outcome in script.run(code)


def test_sessions_are_listed_from_the_newest_and_by_status_tags_and_limit(fresh):
    code = """
        local a = Session.create({name = "a", tags = {"x", "y"}})
        local b = Session.create({name = "b", tags = {"x"}})
        Session.suspend(b)
        local function names(query)
          local list = {}
          for i, one in ipairs(Session.list(query)) do list[i] = one.name end
          return table.concat(list, ",")
        end
        print(names(), names({status = "active"}), names({tags = {"x"}}), names({tags = {"y", "x"}}),
          names({limit = 1}))
    """
    assert fresh.run(code) == "b,a\ta\tb,a\ta\tb"


def test_a_deleted_session_takes_its_artifacts_along(fresh):
    code = """
        local id = Session.create() Session.set_current(id)
        Artifact.store(id, "tool_result", "n", "c")
        Session.delete(id)
        print(Session.get_current(), #Artifact.query(), #Session.list())
    """
    assert fresh.run(code) == "nil\t0\t0"


def test_the_current_session_is_chosen_and_cleared(script):
    code = "local id = Session.create() Session.set_current(id) io.write(tostring(Session.get_current() == id), ' ')"
    assert script.run(code + " Session.set_current() print(Session.get_current())") == "true nil"


@pytest.mark.parametrize("name", ["save", "load", "suspend", "resume", "complete", "delete", "get", "set_current"])
@pytest.mark.parametrize(("identifier", "message"), [("x", "'x' is no UUID"), (ABSENT, "there is no session")])
def test_an_id_that_is_none_is_told(script, name, identifier, message):
    assert f"Session.{name}: " in (error := script.error(f"Session.{name}('{identifier}')"))
    assert message in error


def test_load_gives_the_id_and_save_notes_the_time(script):
    code = """
        local id = Session.create()
        local before = Session.get(id).updated_at
        Utils.sleep(5)
        Session.save(id)
        print(Session.load(id) == id, Session.get(id).updated_at > before)
    """
    assert script.run(code) == "true\ttrue"


TOLD = {
    "create": ("SessionStart", "session.created"),
    "suspend": ("SessionCheckpoint", "session.suspended"),
    "resume": ("SessionRestore", "session.resumed"),
    "save": ("SessionSave", "session.saved"),
    "load": ("SessionRestore", "session.loaded"),
    "complete": ("SessionEnd", "session.completed"),
}


@pytest.mark.parametrize("function", TOLD)
def test_hooks_and_subscribers_hear_what_happens_to_a_session(fresh, function):
    point, event = TOLD[function]
    code = f"""
        local id = Session.create()
        local heard = Event.subscribe("session.*")
        local hook = Hook.register("{point}", function(context) print(context.data.session_id == id) end)
        if "{function}" == "create" then id = Session.create() else Session.{function}(id) end
        print(Event.receive(heard, 1000).event_type)
    """
    told = fresh.run(code).splitlines()
    assert told[1] == event
    assert told[0] == ("false" if function == "create" else "true")


# Recordings and replays -----------------------------------------------------------------------------------------------

RECORDED = """
    id = Session.create()
    Session.set_current(id)
    answer = {type = "modified", data = {operation = "evaluate", input = "2 + 2"}}
    seen = {}
    hook = Hook.register("BeforeToolExecution", function(context)
      seen[#seen + 1] = context.data.input
      return answer
    end)
    Tool.execute("calculator", {operation = "evaluate", input = "1 + 1", api_key = "sk-1234567890abcdef1234"})
"""


@pytest.fixture
def recorded(fresh):
    fresh.run(RECORDED)
    return fresh


def test_hooks_of_the_current_session_are_recorded(recorded):
    facts = recorded.value("Session.get_replay_metadata(id)")
    assert (facts["total_hooks"], facts["can_replay"]) == (1, True)
    assert facts["first_hook_timestamp"] == facts["last_hook_timestamp"] != ""
    assert recorded.run("print(Session.can_replay(id), Session.list_replayable()[1] == id)") == "true\ttrue"


def test_nothing_is_recorded_without_a_current_session(fresh):
    fresh.run(RECORDED.replace("Session.set_current(id)", ""))
    assert fresh.run("print(Session.can_replay(id), #Session.list_replayable())") == "false\t0"


def test_a_recording_holds_no_secret(recorded):
    (path,) = (recorded.runtime.host.context.project_folder).glob("sessions.sqlite")
    data = path.read_bytes() + path.with_name("sessions.sqlite-wal").read_bytes()
    assert b"1 + 1" in data
    assert b"sk-1234567890" not in data


def test_a_replay_gives_hooks_their_recorded_input_again_and_is_not_recorded(recorded):
    code = (
        "local r = Session.replay(id) print(r.hooks_replayed, r.successful_replays, r.failed_replays, #seen, seen[2])"
    )
    assert recorded.run(code) == "1\t1\t0\t2\t1 + 1"
    assert recorded.value("Session.get_replay_metadata(id)")["total_hooks"] == 1


def test_a_simulated_replay_calls_nothing(recorded):
    assert recorded.run("print(Session.replay(id, {mode = 'simulate'}).hooks_replayed, #seen)") == "1\t1"


def test_a_modified_replay_gives_the_changed_input(recorded):
    code = """
        local config = Replay.create_config(Replay.modes.modified)
        config:add_modification("$.input", "9")
        config:add_modification("$.input", "ignored", false)
        Session.replay(id, config)
        print(seen[2])
    """
    assert recorded.run(code) == "9"


def test_a_debug_replay_says_what_it_does(recorded):
    assert "[replay] 1: hook at BeforeToolExecution: as recorded" in recorded.run(
        "Session.replay(id, {mode = 'debug'})"
    )


DIFFERENT = [
    ("nil", "it answered 'continue', recorded was 'modified'"),
    ("{type = 'modified', data = {operation = 'evaluate', input = '3'}}", "its data differs at $.input"),
]


@pytest.mark.parametrize(("answer", "description"), DIFFERENT)
def test_a_replay_compares_the_answers(recorded, answer, description):
    result = recorded.run(f"answer = {answer} print(JSON.stringify(Session.replay(id)))").splitlines()[-1]
    assert json.loads(result)["metadata"]["differences"][0]["description"].startswith(description)
    assert recorded.run("print(#Session.replay(id, {compare_results = false}).metadata.differences)") == "0"


def test_a_hook_that_fails_now_is_a_failed_replay(recorded):
    code = "hook:unregister() print(JSON.stringify(Session.replay(id, {stop_on_error = true})))"
    result = json.loads(recorded.run(code))
    assert result["failed_replays"] == 1
    assert "no hook is registered" in result["metadata"]["failures"][0]["error"]


def test_a_replay_ends_when_its_time_is_over(recorded):
    code = "print(Session.replay(id, {timeout_seconds = 0}).metadata.timed_out)"
    assert recorded.run(code) == "true"


def test_another_process_replays_with_the_hooks_it_has(recorded, new_script):
    identifier = recorded.run("print(id)")
    other = new_script()
    other.run("hook = Hook.register('BeforeToolExecution', function() return 'skip' end)")
    assert "recorded was 'modified'" in other.run(f"print(JSON.stringify(Session.replay('{identifier}')))")


# Other processes ------------------------------------------------------------------------------------------------------

KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from conftest import Script
script = Script(Path(sys.argv[1]), Path(sys.argv[2]))
while True:
    identifier = script.run('''
        local id = Session.create({name = "n"})
        Artifact.store(id, "tool_result", "a", ("x"):rep(10000) .. id)
        print(id)''')
    print(identifier, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")
def test_sessions_and_artifacts_survive_a_kill(new_script, tmp_path, request):
    script = new_script()
    folder = str(request.path.parent.parent)
    command = [sys.executable, "-c", KILLED, str(tmp_path / "project"), str(tmp_path / "home"), folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        seen = [writer.stdout.readline().strip() for _ in range(5)]
        writer.send_signal(signal.SIGKILL)
    for identifier in seen:
        code = f"""
            local id = "{identifier}"
            local artifact = Artifact.list(id)[1]
            print(Session.get(id).name, Artifact.get(id, artifact.id).content == ("x"):rep(10000) .. id)
        """
        assert script.run(code) == "n\ttrue"
