"""``llmspell validate`` again and again: the cache, several processes, and watching."""

import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import threading
from contextlib import closing, suppress

import pytest
from llmspell_analysis.rules.model import IgnoredName, Options
from llmspell_analysis.validation import Severity, report
from llmspell_cli.validate import Request, validate
from llmspell_cli.validation.cache import key_of
from llmspell_cli.validation.stored import UnfitError, from_json

SECONDS = 30


@pytest.fixture
def short(llmspell):
    """The findings' lines, as ``--format short`` writes them."""

    def run(*arguments):
        done = llmspell("validate", "--format", "short", "--severity", "hint", *arguments)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout.splitlines()[:-1]

    return run


@pytest.fixture
def cache_file(tmp_path):
    return tmp_path / "home" / "validator.sqlite"


def test_cache_is_the_users_alone(short, folder, cache_file):
    (folder / "a.lua").write_text("nobody()\n")
    short("a.lua")
    for path in (cache_file, cache_file.with_name("validator.key")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(cache_file.parent.stat().st_mode) == 0o700


def test_findings_are_the_same_from_the_cache(short, folder, cache_file):
    (folder / "a.lua").write_text("unpack({ a = 1, a = 2 })\nlocal x\n")
    first = short("a.lua")
    assert first == short("a.lua") == short("--no-cache", "a.lua")
    assert len(first) >= 3
    assert _rows(cache_file) >= 1


def _rows(cache_file):
    with closing(sqlite3.connect(cache_file)) as connection:
        return connection.execute("SELECT count(*) FROM reports").fetchone()[0]


def test_without_the_cache_nothing_is_kept(short, folder, cache_file):
    (folder / "a.lua").write_text("nobody()\n")
    assert short("--no-cache", "a.lua")
    assert not cache_file.exists()


def _write_module(folder):
    (folder / "m.lua").write_text("One = 1\n")


def _write_configuration(folder):
    (folder / "llmspell.toml").write_text("[validator]\nglobals = ['One']\n")


def _write_tool(folder):
    (folder / "llmspell_tools").mkdir()
    (folder / "llmspell_tools" / "tools.py").write_text("import llmspell\n@llmspell.tool\ndef one(): ...\n")


@pytest.mark.parametrize(
    ("script", "change", "before"),
    [
        ("local m = require('m')\nprint(m)\n", _write_module, "unresolved-require"),
        ("print(One)\n", _write_configuration, "undefined-global"),
        ("Tool.execute('one', {})\n", _write_tool, "unknown-tool"),
    ],
)
def test_what_a_script_depends_on_counts(short, folder, script, change, before):
    (folder / "a.lua").write_text(script)
    assert any(f"[{before}]" in line for line in short("a.lua"))
    change(folder)
    assert short("a.lua") == []


def test_changed_module_counts(short, folder):
    (folder / "m.lua").write_text("One = 1\n")
    (folder / "a.lua").write_text("local m = require('m')\nprint(m, One)\n")
    assert short("a.lua") == []
    (folder / "m.lua").write_text("Two = 1\n")
    assert any("undefined-global" in line for line in short("a.lua"))


def test_other_scripts_of_the_command_count(short, folder):
    (folder / "a.lua").write_text("print(One)\n")
    (folder / "b.lua").write_text("One = 1\n")
    for _ in range(2):
        assert any("undefined-global]: Undefined" in line for line in short("a.lua"))
        assert not any("undefined-global]: Undefined" in line for line in short("."))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reports SET report = replace(report, '\"findings\":[[', '\"findings\":[[') || ' '",
        'UPDATE reports SET report = \'{"findings":[],"needed":[],"assigned":[]}\'',
        "UPDATE reports SET report = x'00', modules = 5, signature = 'x'",
        "UPDATE reports SET signature = NULL",
        "DROP TABLE reports",
    ],
)
def test_hostile_cache_changes_nothing(short, folder, cache_file, statement):
    (folder / "a.lua").write_text("nobody()\n")
    expected = short("a.lua")
    with closing(sqlite3.connect(cache_file)) as connection:
        with suppress(sqlite3.IntegrityError):
            connection.execute(statement)
        connection.commit()
    assert short("a.lua") == expected


def test_damaged_cache_is_told_and_the_scripts_are_checked(llmspell, folder, cache_file):
    (folder / "a.lua").write_text("nobody()\n")
    cache_file.parent.mkdir(mode=0o700)
    cache_file.write_bytes(b"no database at all" * 100)
    done = llmspell("validate", "--format", "short", "a.lua")
    assert done.returncode == 1
    assert done.stdout.startswith("a.lua:1:1: error[undefined-global]")
    assert done.stderr.startswith(f"llmspell: nothing is kept for the next time: {cache_file}: ")


def test_key_that_others_can_read_is_replaced(short, folder, cache_file):
    (folder / "a.lua").write_text("nobody()\n")
    short("a.lua")
    key = cache_file.with_name("validator.key")
    before = key.read_bytes()
    key.chmod(0o644)
    short("a.lua")
    assert key.read_bytes() != before
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_commands_that_begin_together_share_one_key(command, folder, cache_file):
    (folder / "a.lua").write_text("nobody()\n")
    running = [
        subprocess.Popen([command, "validate", "a.lua"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in running:
        assert process.communicate(timeout=SECONDS)[1] == b""
    assert sorted(path.name for path in cache_file.parent.glob("validator.key*")) == ["validator.key"]


@pytest.mark.parametrize(
    "changed",
    [
        (b"print(2)", "/a.lua", Options(), ()),
        (b"print(1)", "/b.lua", Options(), ()),
        (b"print(1)", "/a.lua", Options(globals=frozenset({"a"})), ()),
        (b"print(1)", "/a.lua", Options(other_globals=frozenset({"a"})), ()),
        (b"print(1)", "/a.lua", Options(severities={"unused-local": None}), ()),
        (b"print(1)", "/a.lua", Options(severities={"unused-local": Severity.HINT}), ()),
        (b"print(1)", "/a.lua", Options(ignored=(IgnoredName(None, re.compile("a")),)), ()),
        (b"print(1)", "/a.lua", Options(line_length=80), ()),
        (b"print(1)", "/a.lua", Options(), (("tool",),)),
    ],
)
def test_key_depends_on_everything_that_is_given(changed):
    assert key_of(*changed) != key_of(b"print(1)", "/a.lua", Options(), ())


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"findings": []}', '{"findings": [], "needed": 5, "assigned": []}', "[" * 100_000],
)
def test_report_that_is_none_is_refused(text):
    with pytest.raises(UnfitError):
        from_json(text, 10)


@pytest.mark.parametrize(
    "finding",
    [
        ["no-such-code", 1, "m", 0, 1, [], [], []],
        ["syntax-error", 9, "m", 0, 1, [], [], []],
        ["syntax-error", 1, "m", 0, 99, [], [], []],
        ["syntax-error", 1, "m", 1, 0, [], [], []],
        ["syntax-error", 1, "m", True, 1, [], [], []],
        ["syntax-error", 1, "m", 0, 1, ["x"], [], []],
        ["syntax-error", 1, 5, 0, 1, [], [], []],
        ["syntax-error", 1, "m", 0, 1, [], [[0, 99, "m"]], []],
        ["syntax-error", 1, "m", 0, 1, [], [], [["fix", [[0, 99, "x"]], True]]],
        ["syntax-error", 1, "m", 0, 1],
        5,
    ],
)
def test_finding_that_does_not_fit_its_text_is_refused(finding):
    document = {"findings": [finding], "needed": [], "assigned": [], "named": [], "declared": []}
    with pytest.raises(UnfitError):
        from_json(json.dumps(document), 10)


def test_several_processes_find_the_same(short, folder):
    for number in range(40):
        (folder / f"{number}.lua").write_text(
            f"local m = require('{number % 3}')\nprint(m, Shared{number + 1})\nShared{number} = unpack({{}})\n" * 3
        )
    assert short("--no-cache", "--jobs", "1", ".") == short("--no-cache", "--jobs", "3", ".")


def test_interrupted_command_ends_quietly_with_all_its_processes(command, folder):
    for number in range(2000):
        (folder / f"{number}.lua").write_text("local a = { b = 1 }\nprint(a.b)\n" * 200)
    process = subprocess.Popen(
        [command, "validate", "--no-cache", "--jobs", "2", "."],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    if not os.path.exists(children):
        process.kill()
        process.communicate()
        pytest.skip("needs /proc/…/children")
    waiting = threading.Event()
    for _ in range(SECONDS * 20):
        with open(children, encoding="ascii") as file:
            if file.read().split():
                break
        waiting.wait(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out, err) == (130, b"", b"")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.mark.parametrize("jobs", [1, 2])
def test_mistake_of_ours_on_one_script_keeps_nobody_from_the_others(folder, monkeypatch, capsys, jobs):
    def failing(data, path, **options):
        if path.endswith("b.lua"):
            raise KeyError("x")
        return report(data, path, **options)

    monkeypatch.setattr("llmspell_cli.validation.checking.report", failing)
    for name in ("a", "b", "c"):
        (folder / f"{name}.lua").write_text("nobody()\n")
    assert validate(Request((folder,), format="short", jobs=jobs)) == 2
    shown = capsys.readouterr()
    assert shown.err == f"llmspell: {folder}/b.lua was not checked, by a mistake of ours: KeyError: 'x'\n"
    assert shown.out.count("undefined-global") == 2


# --- watching ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["events", "looking"])
def watching(request, command, folder, tmp_path):
    """A watching command, with watchfiles and without; ends with Ctrl-C and without a word."""
    environment = dict(os.environ)
    if request.param == "looking":
        (tmp_path / "hidden").mkdir()
        (tmp_path / "hidden" / "watchfiles.py").write_text("raise ImportError('not here')\n")
        environment["PYTHONPATH"] = str(tmp_path / "hidden")
    (folder / "a.lua").write_text("nobody()\n")
    process = subprocess.Popen(
        [command, "validate", "--watch", "--format", "short", "."],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    timer = threading.Timer(SECONDS, process.kill)
    timer.start()
    yield process
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=SECONDS)
    timer.cancel()
    assert (process.returncode, err) == (130, "")


def _round(process):
    """The lines of one round."""
    lines = []
    for line in process.stdout:
        if line == "watching; Ctrl-C ends it\n":
            return lines
        lines.append(line.rstrip("\n"))
    raise AssertionError(f"the command ended after {lines}")


def test_watching_checks_again_when_a_script_changes(watching, folder):
    assert _round(watching)[0].startswith("a.lua:1:1: error[undefined-global]")
    (folder / "a.lua").write_text("print(1)\n")
    assert _round(watching) == ["1 file, 0 findings"]
    (folder / "b.lua").write_text("nobody()\n")
    assert _round(watching)[-1] == "2 files, 1 finding (1 error)"
    (folder / "b.lua").unlink()
    assert _round(watching) == ["1 file, 0 findings"]


def test_watching_checks_again_when_the_configuration_changes(watching, folder):
    _round(watching)
    (folder / "llmspell.toml").write_text("[validator]\nglobals = ['nobody']\n")
    assert _round(watching) == ["1 file, 0 findings"]
