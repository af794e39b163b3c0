"""``llmspell validate`` as a person meets it: what it prints, and with which exit code it ends."""

import errno
import os
import subprocess
import sys

import pytest
from llmspell_analysis.rules.table import RULES
from llmspell_cli.validate import Request, validate


def test_findings_are_shown_with_their_line_and_a_mark(llmspell, folder):
    (folder / "bad.lua").write_text('local agent = 1\n\tprint(agent, "日本", nobody)\n')
    done = llmspell("validate", "bad.lua")
    assert done.returncode == 1
    assert done.stdout == (
        "warning[undefined-global]: Undefined global `nobody`\n"
        " --> bad.lua:2:21\n"
        "  |\n"
        '2 |     print(agent, "日本", nobody)\n'
        "  |                          ^^^^^^\n"
        "\n"
        "1 file, 1 finding (1 warning)\n"
    )


def test_what_belongs_to_a_finding_and_its_fix_are_shown(llmspell, folder):
    (folder / "bad.lua").write_text("local t = { a = 1,\n  a = 2 }\nunpack(t)\n")
    assert llmspell("validate", "bad.lua").stdout.splitlines() == [
        "warning[duplicate-index]: The table has `a` twice: the last one counts",
        " --> bad.lua:2:3",
        "  |",
        "2 |   a = 2 }",
        "  |   ^",
        "  = note: first given here",
        " --> bad.lua:1:13",
        "  |",
        "1 | local t = { a = 1,",
        "  |             -",
        "",
        "error[undefined-global]: Undefined global `unpack`: use `table.unpack`",
        " --> bad.lua:3:1",
        "  |",
        "3 | unpack(t)",
        "  | ^^^^^^",
        "  = help: Change to `table.unpack`",
        "  |",
        "3 | table.unpack(t)",
        "  | ~~~~~~~~~~~~",
        "",
        "1 file, 2 findings (1 error, 1 warning); --fix mends 1",
    ]


def test_scripts_without_findings_exit_with_0(llmspell, folder):
    (folder / "good.lua").write_text("print(1)\n")
    done = llmspell("validate", ".")
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 file, 0 findings\n", "")


@pytest.mark.parametrize(
    ("severity", "exit_code", "count"), [("hint", 1, 1), ("information", 0, 0), ("warning", 0, 0), ("error", 0, 0)]
)
def test_severity_decides_what_counts(llmspell, folder, severity, exit_code, count):
    (folder / "hint.lua").write_text("local function unused() end\n")
    done = llmspell("validate", "--severity", severity, "hint.lua")
    assert done.returncode == exit_code
    assert f"1 file, {count} finding" in done.stdout


def test_statistics_count_the_codes(llmspell, folder):
    (folder / "bad.lua").write_text("one() two()\nprint({ x = 1, x = 2 })\n")
    lines = llmspell("validate", "--format", "short", "--statistics", "bad.lua").stdout.splitlines()
    assert lines[-3:-1] == ["      2  undefined-global", "      1  duplicate-index"]


@pytest.mark.parametrize(
    ("arguments", "environment", "is_coloured"),
    [
        ((), {}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "", "NO_COLOR": ""}, False),
    ],
)
def test_colours_follow_the_option_and_the_environment(
    llmspell, folder, monkeypatch, arguments, environment, is_coloured
):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (folder / "bad.lua").write_text("nobody()\n")
    assert ("\x1b[" in llmspell("validate", *arguments, "bad.lua").stdout) == is_coloured


def test_no_control_character_of_a_script_reaches_the_terminal(llmspell, folder):
    (folder / "bad\x1b.lua").write_bytes(b"print('\x1b[31m\x07\x9b', nobody)\nlocal x = '\xff\xe2\x80\xae' .. nobody\n")
    done = llmspell("validate", "bad\x1b.lua")
    assert done.returncode == 1
    assert all(one.isprintable() or one == "\n" for one in done.stdout)


def test_long_line_is_shown_around_what_is_marked(llmspell, folder):
    (folder / "long.lua").write_text(f"local a = '{'x' * 5000}' .. nobody .. '{'y' * 5000}'\n")
    lines = llmspell("validate", "long.lua").stdout.splitlines()
    assert max(map(len, lines)) < 200
    row = next(line for line in lines if line.startswith("1 |"))
    marks = next(line for line in lines if "^" in line)
    assert row[marks.index("^") : marks.rindex("^") + 1] == "nobody"


# --- which scripts -----------------------------------------------------------------------------------------------


def test_folder_is_searched_and_each_script_is_checked_once(llmspell, folder):
    inner = folder / "deep" / "inner"
    inner.mkdir(parents=True)
    for left_out in (".hidden", "node_modules"):
        (folder / left_out).mkdir()
        (folder / left_out / "a.lua").write_text("x = = 1")
    (inner / "a.lua").write_text("print(1)")
    (inner / "a.txt").write_text("x = = 1")
    (inner / ".a.lua").write_text("x = = 1")
    (folder / "link.lua").symlink_to(inner / "a.lua")
    (inner / "circle").symlink_to(folder)
    done = llmspell("validate", ".", "deep", str(inner / "a.lua"))
    assert (done.returncode, done.stdout) == (0, "1 file, 0 findings\n")


def test_excluded_script_is_left_out_of_a_folder_and_checked_when_it_is_named(llmspell, folder):
    (folder / "llmspell.toml").write_text("[validator]\nexclude = ['made']\ninclude = ['*.lua', '*.spell']\n")
    (folder / "made").mkdir()
    (folder / "made" / "a.lua").write_text("nobody()\n")
    (folder / "a.spell").write_text("nobody()\n")
    done = llmspell("validate", "--format", "short", ".")
    assert done.stdout.startswith("a.spell:1:1: error[undefined-global]")
    assert done.stdout.endswith("\n1 file, 1 finding (1 error)\n")
    assert llmspell("validate", "made/a.lua").returncode == 1


@pytest.mark.parametrize("name", ["nosuch.lua", "x" * 300 + ".lua"])
def test_path_that_cannot_be_looked_at_is_named_with_the_reason(llmspell, name):
    done = llmspell("validate", name)
    reason = "does not exist" if name == "nosuch.lua" else "cannot be read: File name too long"
    assert done.returncode == 2
    assert done.stderr == f"llmspell: {name} {reason}\n"


def test_links_that_lead_nowhere_are_named(llmspell, folder):
    (folder / "broken.lua").symlink_to("nowhere.lua")
    (folder / "circle.lua").symlink_to("circle.lua")
    done = llmspell("validate", ".")
    assert done.returncode == 2
    assert sorted(done.stderr.splitlines()) == [
        "llmspell: broken.lua is a link that leads nowhere",
        "llmspell: circle.lua is a link that leads nowhere",
    ]


def test_folder_without_scripts_is_told(llmspell, folder):
    done = llmspell("validate", ".")
    assert (done.returncode, done.stdout) == (0, "0 files, 0 findings\n")
    assert done.stderr.startswith("llmspell: there is no script in what was named; ")


def test_no_control_character_of_a_name_reaches_the_terminal(llmspell, folder):
    (folder / "a\x1b[31m.lua").symlink_to("nowhere")
    done = llmspell("validate", ".")
    assert done.stderr == "llmspell: a␛[31m.lua is a link that leads nowhere\n"


def test_what_is_no_file_is_named(llmspell, folder):
    os.mkfifo(folder / "pipe.lua")
    done = llmspell("validate", "pipe.lua")
    assert (done.returncode, done.stderr) == (2, "llmspell: pipe.lua is neither a file nor a folder\n")


def test_folder_that_cannot_be_read_is_named(folder, monkeypatch, capsys):
    (folder / "good.lua").write_text("print(1)\n")
    (folder / "closed").mkdir()
    scandir = os.scandir

    def refused(path):
        if os.path.basename(path) == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    assert validate(Request((folder,))) == 2
    shown = capsys.readouterr()
    assert shown.err == f"llmspell: {folder / 'closed'} cannot be read: Permission denied\n"
    assert shown.out == "1 file, 0 findings, 1 problem reading them\n"


@pytest.mark.parametrize(
    ("data", "findings"),
    [
        (b"\xef\xbb\xbfprint(1)\r\nnobody()\r\n", ["2:1: error[undefined-global]"]),
        (b"#!/usr/bin/lua\nprint(1)\n", []),
        (b"local a = '\xff\xfe'\nprint(a)\n", []),
        (b"print(1)\0\0", ["1:1: error[syntax-error]"]),
        (b"\x1bLuaT\0\x19\x93", ["1:1: error[syntax-error]"]),
        (b"", []),
        (b"print(1)\rnobody()\r", ["2:1: error[undefined-global]"]),
    ],
)
def test_unusual_files(llmspell, folder, data, findings):
    (folder / "a.lua").write_bytes(data)
    done = llmspell("validate", "--format", "short", "a.lua")
    assert done.stderr == ""
    assert [line.split(": ")[0] + ": " + line.split(": ")[1] for line in done.stdout.splitlines()[:-1]] == [
        f"a.lua:{each}" for each in findings
    ]


def test_large_file_is_left_to_the_compiler(llmspell, folder):
    (folder / "large.lua").write_text("nobody()\n" * 300_000 + "x = = 1\n")
    done = llmspell("validate", "--format", "short", "large.lua")
    assert done.stdout.startswith("large.lua:300001:1: error[syntax-error]: ")
    assert done.stderr == "llmspell: large.lua has 2700008 bytes: only the compiler has looked at it\n"


def test_file_above_the_limit_is_refused(llmspell, folder):
    with (folder / "huge.lua").open("wb") as file:
        file.truncate(10 * 1024 * 1024 + 1)
    done = llmspell("validate", "huge.lua")
    assert done.returncode == 2
    assert done.stderr == "llmspell: huge.lua has 10485761 bytes; a script has at most 10485760\n"


def test_standard_input_has_the_name_that_is_given(llmspell, folder):
    (folder / "llmspell.toml").write_text("[[validator.overrides]]\nfiles = ['spec']\nglobals = ['describe']\n")
    (folder / "spec").mkdir()
    (folder / "spec" / "library.lua").write_text("return { run = function() end }\n")
    text = "describe() local m = require('library') m.run() nobody()\n"
    done = llmspell("validate", "-", "--stdin-filename", "spec/a.lua", "--format", "short", input=text)
    assert done.returncode == 1
    assert done.stdout.startswith("spec/a.lua:1:49: error[undefined-global]")
    assert llmspell("validate", "-", input="print(1)").stdout == "1 file, 0 findings\n"


def test_global_that_another_script_of_the_command_defines_is_known(llmspell, folder):
    (folder / "app.lua").write_text("App = {}\n")
    (folder / "main.lua").write_text("print(App)\n")
    assert "undefined-global" in llmspell("validate", "main.lua").stdout
    codes = llmspell("validate", "--format", "short", ".").stdout
    assert "undefined-global" not in codes.replace("set-undefined-global", "")
    assert "app.lua:1:1: information[set-undefined-global]" in codes


def test_type_that_another_script_of_the_project_declares_is_known(llmspell, folder):
    text = "---@param one App.Config\n---@param two App.Nobody\nreturn function(one, two)\n  print(one, two)\nend\n"
    (folder / "main.lua").write_text(text)
    assert "`App.Config`" in llmspell("validate", "main.lua").stdout
    (folder / "types").mkdir()
    (folder / "types" / "app.lua").write_text("---@meta\n---@class (exact) App.Config\n")
    for path in ("main.lua", "."):
        shown = llmspell("validate", "--format", "short", path).stdout
        assert "`App.Config`" not in shown
        assert "`App.Nobody`" in shown


# --- configuration -----------------------------------------------------------------------------------------------


def test_mistake_in_our_configuration_ends_the_command(llmspell, folder):
    (folder / "llmspell.toml").write_text('[validator]\nglobls = ["a"]\n\n[validator.severity]\nunused = "off"\n')
    (folder / "a.lua").write_text("nobody()\n")
    done = llmspell("validate", ".")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == (
        f"llmspell: {folder}/llmspell.toml:2: validator.globls: there is no such setting; did you mean 'globals'?"
    )
    assert f"{folder}/llmspell.toml:5: validator.severity.unused: there is no such diagnostic" in done.stderr


def test_mistake_in_another_tools_configuration_is_told_and_passed_over(llmspell, folder):
    (folder / ".luacheckrc").write_text("globals = {\n")
    (folder / "a.lua").write_text("print(1)\n")
    done = llmspell("validate", ".")
    assert done.returncode == 0
    assert done.stderr == (f"llmspell: {folder}/.luacheckrc:2: unexpected symbol near <eof>; it is passed over\n")


def test_configuration_that_is_named_counts_alone(llmspell, folder):
    (folder / "llmspell.toml").write_text("[validator]\nglobals = ['one']\n")
    (folder / "other.toml").write_text("[validator]\nglobals = ['two']\n")
    (folder / "a.lua").write_text("one() two()\n")
    shown = llmspell("validate", "--config", "other.toml", "--format", "short", "a.lua").stdout
    assert "`one`" in shown
    assert "`two`" not in shown
    done = llmspell("validate", "--config", "nosuch.toml", "a.lua")
    assert (done.returncode, done.stderr) == (
        2,
        f"llmspell: {folder}/nosuch.toml: does not exist or cannot be read\n",
    )


def test_isolated_looks_for_no_configuration(llmspell, folder):
    (folder / ".luarc.json").write_text('{"diagnostics.globals": ["one"]}')
    (folder / "a.lua").write_text("one()\n")
    assert llmspell("validate", "a.lua").returncode == 0
    assert llmspell("validate", "--isolated", "a.lua").returncode == 1


# --- wrong usage, and what there is to find ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name the scripts to check, or the folders to look for them in"),
        (["-", "a.lua"], "- stands for standard input and cannot be combined with other paths"),
        (["-", "--watch"], "--watch watches files; standard input cannot be watched"),
        (
            ["a.lua", "--stdin-filename", "b.lua"],
            "--stdin-filename names the text of standard input: give - as the path",
        ),
        (["--fix", "--diff", "a.lua"], "argument --diff: not allowed with argument --fix"),
        (["--diff", "--format", "json", "a.lua"], "--diff writes text; --format json is one document"),
        (["--jobs", "0", "a.lua"], "argument --jobs: expected a number from 1 to 256, got '0'"),
        (["--config", "a", "--isolated", "a.lua"], "argument --isolated: not allowed with argument --config"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_is_right(llmspell, arguments, message):
    done = llmspell("validate", *arguments)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"llmspell validate: error: {message}"


def test_explain_shows_the_page(llmspell):
    done = llmspell("validate", "--explain", "unused-function")
    assert done.returncode == 0
    assert done.stdout.startswith("# unused-function (hint")


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("unused-functon", "there is no diagnostic 'unused-functon'; did you mean 'unused-function'?"),
        ("W581", "another tool's 'W581' is 'negated-comparison' here"),
        ("empty_if", "another tool's 'empty_if' is 'empty-block' here"),
        ("xyzzy", "there is no diagnostic 'xyzzy'; --list-rules lists them"),
    ],
)
def test_explain_of_what_there_is_not_gives_advice(llmspell, code, advice):
    done = llmspell("validate", "--explain", code)
    assert (done.returncode, done.stderr) == (2, f"llmspell: {advice}\n")


def test_rules_are_listed(llmspell):
    lines = llmspell("validate", "--list-rules").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(RULES)


def test_pygls_is_not_imported(folder):
    (folder / "a.lua").write_text("nobody()\n")
    program = (
        "import sys\nfrom llmspell_cli.main import main\nmain(['validate', 'a.lua'])\n"
        "print(sorted({'pygls', 'lsprotocol', 'zmq', 'llmspell_lsp'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"
