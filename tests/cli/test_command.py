"""The ``llmspell`` command, run as people run it: exit codes, and what stands where."""

import os
import signal
import subprocess

import pytest
from llmspell_kernel.version import __version__


def test_version(llmspell):
    done = llmspell("--version")
    assert (done.returncode, done.stdout) == (0, f"llmspell {__version__}\n")


@pytest.mark.parametrize(
    "arguments", [[], ["nosuch"], ["run"], ["kernel"], ["exec"], ["kernel", "start", "--idle-timeout", "x"]]
)
def test_wrong_usage_exits_2(llmspell, arguments):
    done = llmspell(*arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_run_without_a_script_names_the_script_only(llmspell):
    done = llmspell("run")
    assert done.stderr.splitlines()[-1] == "llmspell run: error: the following arguments are required: SCRIPT"


def test_run_prints_what_the_script_prints(llmspell, folder):
    (folder / "a.lua").write_text("print('hi') io.stderr:write('err\\n')")
    done = llmspell("run", "a.lua")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hi\n", "err\n")


def test_finalizers_are_called_at_the_end_of_a_script_and_end_no_process(llmspell, folder):
    finalizer = "setmetatable({}, {__gc = function() print('finalized') end})"
    (folder / "a.lua").write_text(f"local left = {finalizer}\nKEPT = {finalizer}\nprint('end')")
    done = llmspell("run", "a.lua")
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\nfinalized\n", "")


def test_arguments_after_dashes_reach_the_script(llmspell, folder):
    (folder / "a.lua").write_text("print(#arg, arg[0], table.unpack(arg)) print(ARGS.name, ARGS[1], ARGS.flag)")
    done = llmspell("run", "a.lua", "--", "--name", "x y", "pos", "--flag")
    assert done.stdout == "4\ta.lua\t--name\tx y\tpos\t--flag\nx y\tpos\ttrue\n"


def test_error_of_a_script_names_file_and_line(llmspell, folder):
    (folder / "a.lua").write_text("print('before')\nlocal function f()\n  error('boom')\nend\nf()\n")
    done = llmspell("run", "a.lua")
    assert (done.returncode, done.stdout) == (1, "before\n")
    assert f"{folder / 'a.lua'}:3" in done.stderr
    assert "boom" in done.stderr
    assert "in local 'f'" in done.stderr or "in upvalue 'f'" in done.stderr or "in function" in done.stderr
    assert "[llmspell" not in done.stderr
    assert "Traceback" not in done.stderr


def test_syntax_error_names_file_and_line(llmspell, folder):
    (folder / "a.lua").write_text("\nx = = 1")
    done = llmspell("run", "a.lua")
    assert done.returncode == 1
    assert "a.lua:2:" in done.stderr


@pytest.mark.parametrize(("path", "problem"), [("nosuch.lua", "does not exist"), (".", "is a folder")])
def test_script_that_is_none_is_named(llmspell, path, problem):
    done = llmspell("run", path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"llmspell: {path} {problem}\n"


def test_mistake_in_the_configuration_is_said(llmspell, folder):
    (folder / "llmspell.toml").write_text("[security]\nallow_processes = 1")
    (folder / "a.lua").write_text("print(1)")
    for arguments in (["run", "a.lua"], ["exec", "1"]):
        done = llmspell(*arguments)
        assert done.returncode == 1
        assert "security.allow_processes" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("code", "exit_code"), [("os.exit(3)", 3), ("os.exit(false)", 1), ("os.exit()", 0)])
def test_exit_code_of_a_script(llmspell, code, exit_code):
    done = llmspell("exec", f"print('x') {code}")
    assert (done.returncode, done.stdout) == (exit_code, "x\n")


@pytest.mark.parametrize(
    ("code", "stdout", "exit_code"),
    [("1 + 1", "2\n", 0), ("x = 1", "", 0), ("print(1) return nil, 'a'", '1\nnil\t"a"\n', 0), ("error('x')", "", 1)],
)
def test_exec_shows_values(llmspell, code, stdout, exit_code):
    done = llmspell("exec", code)
    assert (done.returncode, done.stdout) == (exit_code, stdout)


def test_exec_reads_standard_input(llmspell):
    assert llmspell("exec", "-", input="print('from stdin')").stdout == "from stdin\n"


def test_exec_takes_bytes_that_are_no_text(command):
    done = subprocess.run(
        check=False, args=[command, "exec", "-"], input=b"print(#'\xff')", capture_output=True, timeout=30
    )
    assert (done.returncode, done.stdout) == (0, b"1\n")


def test_script_reads_standard_input(llmspell, folder):
    (folder / "a.lua").write_text("print(io.read('n'), io.read('l'), io.read('a'))")
    assert llmspell("run", "a.lua", input="42 rest\nmore").stdout == "42\t rest\tmore\n"


@pytest.mark.parametrize(
    "code",
    ["while true do end", "coroutine.wrap(function() while true do end end)()", "while true do local x = {} end"],
)
def test_interrupt_ends_a_busy_script_with_130(command, folder, code):
    (folder / "a.lua").write_text(f"print('go')\nio.stderr:write('go\\n') {code}")
    process = subprocess.Popen([command, "run", "a.lua"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr.readline() == "go\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=15)
    finally:
        process.kill()
    assert (process.returncode, out) == (130, "go\n")
    assert "interrupted" in err
    assert f"{folder / 'a.lua'}:2" in err


@pytest.mark.parametrize("count", [1, 100_000])
@pytest.mark.parametrize("action", ["run", "validate"])
def test_reader_that_has_left_ends_the_command_quietly(command, folder, count, action):
    (folder / "a.lua").write_text(f"for i = 1, {count} do print(i) end")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            check=False, args=[command, action, "a.lua"], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=30
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("count", [1, 100_000])
def test_output_that_cannot_be_written_is_an_error(command, folder, count):
    (folder / "a.lua").write_text(f"for i = 1, {count} do print(i) end")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            check=False, args=[command, "run", "a.lua"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30
        )
    assert done.returncode == 1
    assert done.stderr == "llmspell: output cannot be written: No space left on device\n"


def test_path_that_cannot_be_looked_at_is_named_with_the_reason(llmspell):
    path = "x" * 300 + ".lua"
    done = llmspell("run", path)
    assert done.returncode == 1
    assert done.stderr == f"llmspell: {path} cannot be read: File name too long\n"
