"""``llmspell kernel start|list|status|connect|stop`` against real kernels."""

import json
import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest
from jupyter_client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from llmspell_kernel.client import KernelClient
from llmspell_kernel.client.process import wait_for_end
from llmspell_kernel.protocol.connection import read_connection_file

pytestmark = pytest.mark.usefixtures("kernels_end")


def test_start_runs_a_kernel_of_the_project(llmspell, folder):
    done = llmspell("kernel", "start", "--idle-timeout", "60")
    assert done.returncode == 0
    kernel_id = done.stdout.split()[1]
    assert done.stdout.startswith(f"kernel {kernel_id} of {folder} is running (pid ")
    assert kernel_id in llmspell("kernel", "list").stdout


def test_start_says_that_it_runs_already(llmspell, asked, kernel):
    again = asked("kernel", "start")
    assert again == {**kernel, "already_running": True}
    assert not kernel["already_running"]
    done = llmspell("kernel", "start", "--idle-timeout", "5")
    assert f"kernel {kernel['kernel_id']} " in done.stdout
    assert "runs already" in done.stdout
    assert "its own idle timeout stays" in done.stdout


def test_start_new_starts_another(asked, llmspell, kernel):
    other = asked("kernel", "start", "--new", "--idle-timeout", "60")
    assert other["pid"] != kernel["pid"]
    assert other["project"] == kernel["project"]
    assert asked("kernel", "start")["kernel_id"] == kernel["kernel_id"]


def test_start_with_a_folder_is_for_its_project(asked, tmp_path, kernel):
    inner = tmp_path / "other" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "other" / "llmspell.toml").touch()
    other = asked("kernel", "start", "--folder", inner, "--idle-timeout", "60")
    assert (other["project"], other["already_running"]) == (str(tmp_path / "other"), False)


@pytest.mark.parametrize(("name", "problem"), [("nosuch", "does not exist"), ("llmspell.toml", "is not a folder")])
def test_start_with_what_is_no_folder_fails(llmspell, name, problem):
    done = llmspell("kernel", "start", "--folder", name)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"llmspell: --folder: {name} {problem}\n")


@pytest.mark.parametrize("seconds", ["x", "-1", "nan", ""])
def test_idle_timeout_that_is_none_is_wrong_usage(llmspell, seconds):
    done = llmspell("kernel", "start", f"--idle-timeout={seconds}")
    assert done.returncode == 2
    assert f"argument --idle-timeout: expected a number of seconds, or inf, got {seconds!r}" in done.stderr


def test_list_tells_nothing_runs(llmspell, asked):
    assert llmspell("kernel", "list").stdout == "no kernel is running\n"
    assert asked("kernel", "list") == {"kernels": []}


def test_list_shows_the_kernels_of_all_projects(asked, llmspell, tmp_path, kernel):
    other = asked("kernel", "start", "--folder", tmp_path, "--idle-timeout", "60")
    listed = {one["kernel_id"]: one for one in asked("kernel", "list")["kernels"]}
    assert set(listed) == {kernel["kernel_id"], other["kernel_id"]}
    assert listed[kernel["kernel_id"]]["used_here"]
    assert not listed[other["kernel_id"]]["used_here"]
    rows = llmspell("kernel", "list").stdout.splitlines()
    assert rows[0].split() == ["KERNEL", "PID", "SINCE", "PROJECT"]
    assert any(row.startswith(f"*  {kernel['kernel_id']}  {kernel['pid']}  ") for row in rows)
    assert any(other["kernel_id"] in row and row.endswith("  none") for row in rows)


def test_list_says_what_was_refused_and_removed(asked, llmspell, tmp_path, kernel):
    os.kill(kernel["pid"], signal.SIGKILL)
    assert wait_for_end(kernel["pid"], 10)
    planted = tmp_path / "home" / "kernels" / "llmspell-kernel-planted.json"
    planted.write_text("{}")
    planted.chmod(0o644)
    listed = {one["state"]: one for one in asked("kernel", "list")["kernels"]}
    assert set(listed) == {"dead", "refused"}
    assert listed["dead"]["connection_file"] == kernel["connection_file"]
    assert "other users can access it" in listed["refused"]["reason"]
    assert not os.path.exists(kernel["connection_file"])
    shown = llmspell("kernel", "list").stdout.splitlines()
    assert shown[0] == "no kernel is running"
    assert shown[1].startswith(f"refused: {planted}: other users can access it (mode 0644)")


def test_status_shows_sessions_use_and_what_was_dropped(asked, llmspell, folder, kernel):
    with KernelClient.connect(read_connection_file(kernel["connection_file"])) as client:
        client.create_session("mine", folder=folder)
        client.execute("x = 1", session="mine")
        told = asked("kernel", "status")
        shown = llmspell("kernel", "status", kernel["kernel_id"])
    assert (told["kernel_id"], told["pid"], told["project"]) == (kernel["kernel_id"], kernel["pid"], str(folder))
    assert told["clients"] == 2
    assert told["usage"]["kernel_memory"] > 0
    assert told["usage"]["kernel_cpu"] >= 0
    assert told["dropped"] == {}
    assert told["slow_subscriber_stalls"] == 0
    assert told["uptime"] >= 0
    assert told["received"] > 0
    sessions = {one["session"]: one for one in told["sessions"]}
    assert set(sessions) == {"main", "mine"}
    assert sessions["mine"]["folder"] == str(folder)
    assert sessions["mine"]["state"] == "idle"
    assert f"  mine     idle         {sessions['mine']['pid']}" in shown.stdout
    assert "  clients       2 (with this command)\n" in shown.stdout


def test_status_tells_why_a_session_died(asked, llmspell, kernel):
    with KernelClient.connect(read_connection_file(kernel["connection_file"])) as client:
        client.execute("os.exit(7)")
        (main,) = asked("kernel", "status")["sessions"]
        shown = llmspell("kernel", "status").stdout
    assert main["deaths"] == 1
    assert main["last_death"]
    assert main["last_death"] in shown


@pytest.mark.parametrize("action", ["status", "connect"])
def test_project_without_a_kernel_is_told_how_to_start_one(llmspell, folder, action):
    done = llmspell("kernel", action)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"llmspell: no kernel of {folder} is running: start one with 'llmspell kernel start'\n"


def test_project_without_a_kernel_is_told_which_run_elsewhere(asked, llmspell, folder, tmp_path):
    other = asked("kernel", "start", "--folder", tmp_path, "--idle-timeout", "60")
    done = llmspell("kernel", "status")
    assert done.stderr == (
        f"llmspell: no kernel of {folder} is running: start one with 'llmspell kernel start', "
        f"or name one (running: {other['kernel_id']} outside of projects)\n"
    )


def test_connect_prints_how_jupyter_reaches_it(llmspell, kernel):
    done = llmspell("kernel", "connect")
    assert done.returncode == 0
    file = kernel["connection_file"]
    assert f"connection file: {file}\n" in done.stdout
    assert f"\n  jupyter console --existing {shlex.quote(file)}\n" in done.stdout


def test_connection_file_that_connect_names_serves_jupyter(asked, kernel):
    client = BlockingKernelClient(connection_file=asked("kernel", "connect")["connection_file"])
    client.load_connection_file()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=30)
        reply = client.execute_interactive("return 6 * 7", timeout=30, output_hook=lambda _: None)
    finally:
        client.stop_channels()
    assert reply["content"]["status"] == "ok"


def test_connect_makes_a_kernel_the_default_of_its_project(asked, llmspell, folder, kernel):
    other = asked("kernel", "start", "--new", "--idle-timeout", "60")
    done = asked("kernel", "connect", other["kernel_id"])
    assert done["default"]
    assert asked("kernel", "start")["kernel_id"] == other["kernel_id"]
    shown = llmspell("kernel", "connect", other["connection_file"]).stdout
    assert f"clients in {folder} get this kernel from now on, as long as it runs\n" in shown


def test_connect_to_a_kernel_of_another_project_says_so(asked, llmspell, folder, tmp_path, kernel):
    other = asked("kernel", "start", "--folder", tmp_path, "--idle-timeout", "60")
    shown = llmspell("kernel", "connect", other["kernel_id"]).stdout
    assert "clients outside of projects get this kernel from now on" in shown
    assert f"this folder is in {folder}: clients here get another one\n" in shown
    assert asked("kernel", "start")["kernel_id"] == kernel["kernel_id"]


def test_kernel_that_jupyter_started_is_reached_by_its_connection_file(asked, llmspell, tmp_path):
    llmspell("kernel", "install")
    manager = KernelManager(kernel_name="llmspell", connection_file=str(tmp_path / "kernel-1.json"))
    manager.start_kernel()
    try:
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=30)
        client.stop_channels()
        done = asked("kernel", "connect", manager.connection_file)
        assert not done["default"]
        assert done["connection_file"] == manager.connection_file
        assert "they do not get this one by themselves" in llmspell("kernel", "connect", manager.connection_file).stdout
        assert asked("kernel", "status", manager.connection_file)["kernel_id"] == done["kernel_id"]
    finally:
        manager.shutdown_kernel()


def test_connection_file_that_cannot_be_used_is_refused(llmspell, folder):
    (folder / "kernel.json").write_text("{}")
    for name, problem in (("kernel.json", "must be 0600"), ("nosuch.json", "no such connection file")):
        done = llmspell("kernel", "connect", name)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"llmspell: {folder / name}: ")
        assert problem in done.stderr


def test_key_is_never_shown(llmspell, asked, kernel):
    key = json.loads(Path(kernel["connection_file"]).read_text())["key"]
    for action in ("start", "list", "status", "connect", "stop"):
        for arguments in ([], ["--json"]) if action != "stop" else (["--json"],):
            done = llmspell("kernel", action, *arguments)
            assert done.returncode == 0
            assert key not in done.stdout + done.stderr


def test_stop_ends_the_only_kernel_of_the_project(llmspell, asked, tmp_path, kernel):
    other = asked("kernel", "start", "--folder", tmp_path, "--idle-timeout", "60")
    done = llmspell("kernel", "stop")
    assert (done.returncode, done.stdout) == (0, f"kernel {kernel['kernel_id']} has stopped\n")
    assert wait_for_end(kernel["pid"], 0)
    assert [one["kernel_id"] for one in asked("kernel", "list")["kernels"]] == [other["kernel_id"]]


def test_stop_of_several_wants_a_name(llmspell, asked, kernel):
    other = asked("kernel", "start", "--new", "--idle-timeout", "60")
    refused = llmspell("kernel", "stop")
    assert refused.returncode == 1
    assert kernel["kernel_id"] in refused.stderr
    assert other["kernel_id"] in refused.stderr
    assert refused.stderr.endswith("): name one, or say --all\n")
    assert asked("kernel", "stop", other["kernel_id"])["stopped"][0]["kernel_id"] == other["kernel_id"]
    assert asked("kernel", "stop")["stopped"][0]["kernel_id"] == kernel["kernel_id"]


def test_stop_does_not_touch_kernels_of_other_projects(llmspell, asked, tmp_path):
    other = asked("kernel", "start", "--folder", tmp_path, "--idle-timeout", "60")
    refused = llmspell("kernel", "stop")
    assert refused.returncode == 1
    assert f"(running: {other['kernel_id']} outside of projects): name one, or say --all\n" in refused.stderr
    stopped = asked("kernel", "stop", "--all")["stopped"]
    assert [one["kernel_id"] for one in stopped] == [other["kernel_id"]]


def test_stop_when_nothing_runs_is_fine(llmspell, asked):
    done = llmspell("kernel", "stop")
    assert (done.returncode, done.stdout) == (0, "no kernel is running\n")
    assert asked("kernel", "stop", "--all") == {"stopped": []}


def test_stop_names_a_kernel_that_hangs(llmspell, asked, kernel):
    os.kill(kernel["pid"], signal.SIGSTOP)
    try:
        done = llmspell("kernel", "stop", "--all")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"llmspell: {kernel['connection_file']}: answers nothing within ")
        assert "error" in asked("kernel", "stop", "--all", exit_code=1)
    finally:
        os.kill(kernel["pid"], signal.SIGCONT)


@pytest.mark.parametrize("action", ["start", "list", "status", "stop"])
def test_current_folder_that_is_gone_is_said(command, tmp_path, kernel, action):
    # the shell goes there, then the folder goes
    gone = f'mkdir "{tmp_path}/gone" && cd "{tmp_path}/gone" && rmdir "{tmp_path}/gone" && "{command}" kernel {action}'
    done = subprocess.run(check=False, args=["sh", "-c", gone], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "llmspell: the current folder does not exist any more: change to another one\n"


def test_home_that_is_no_folder_is_said(llmspell, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    with monkeypatch.context() as patch:
        patch.setenv("LLMSPELL_HOME", str(tmp_path / "file"))
        done = llmspell("kernel", "start")
    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("action", ["status", "connect", "stop"])
def test_unknown_kernel_is_named(llmspell, asked, action):
    done = llmspell("kernel", action, "nosuch")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "llmspell: no kernel with id 'nosuch' is running (running: none)\n"
    assert asked("kernel", action, "nosuch", exit_code=1) == {
        "error": "no kernel with id 'nosuch' is running (running: none)"
    }


def test_wrong_usage_is_json_too(asked):
    assert asked("kernel", "stop", "a", "--all", exit_code=2) == {
        "error": "llmspell kernel stop: argument --all: not allowed with argument KERNEL"
    }


def test_reader_that_has_left_gets_no_traceback(command):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            check=False, args=[command, "kernel", "list"], stdout=writing, stderr=subprocess.PIPE, timeout=60
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")
