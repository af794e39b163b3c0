"""``llmspell validate --fix`` and ``--diff``: what is mended, how files are replaced, and what is left alone."""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from llmspell_analysis.rules.table import RULES
from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.syntax.tree import Edit
from llmspell_analysis.validation import Diagnostic, Fix, Options, Severity, validate
from llmspell_cli.validation.fixing import difference, mend


def test_safe_fixes_are_made_and_the_others_left(llmspell, folder):
    (folder / "a.lua").write_text("print(unpack({}))\npritn(1)\nprint(unpack({}))\n")
    done = llmspell("validate", "--fix", "--format", "short", "a.lua")
    assert done.returncode == 1
    assert (folder / "a.lua").read_text() == "print(table.unpack({}))\npritn(1)\nprint(table.unpack({}))\n"
    assert done.stderr == "llmspell: a.lua: 2 fixes made\n"
    assert done.stdout == (
        "a.lua:2:1: error[undefined-global]: Undefined global `pritn`: did you mean `print`?\n"
        "1 file, 1 finding (1 error)\n"
    )


def test_only_what_counts_is_mended(llmspell, folder):
    text = "local function f()\n  print(1)\n  return\nend\nf()\n"
    (folder / "a.lua").write_text(text)
    assert llmspell("validate", "--fix", "a.lua").returncode == 0
    assert (folder / "a.lua").read_text() == text
    assert llmspell("validate", "--fix", "--severity", "hint", "a.lua").returncode == 0
    assert (folder / "a.lua").read_text() == "local function f()\n  print(1)\n  \nend\nf()\n"


def test_text_that_did_not_compile_does_so_after_its_fixes(llmspell, folder):
    (folder / "a.lua").write_text("local x = 1\nif x != 1 && x != 2 then print(x) end\n")
    assert llmspell("validate", "--fix", "a.lua").returncode == 0
    assert (folder / "a.lua").read_text() == "local x = 1\nif x ~= 1 and x ~= 2 then print(x) end\n"


def test_file_that_would_not_compile_is_left_alone(llmspell, folder):
    text = "if x != 1 then print(1) end\nlocal 1 = 2\n"
    (folder / "a.lua").write_text(text)
    done = llmspell("validate", "--fix", "a.lua")
    assert done.returncode == 1
    assert (folder / "a.lua").read_text() == text
    assert done.stderr == (
        "llmspell: a.lua stays as it is: even after its fixes line 2 would not compile: <name> expected\n"
    )


def test_file_keeps_its_mode_its_line_ends_and_its_links(llmspell, folder):
    file = folder / "a.lua"
    file.write_bytes(b"\xef\xbb\xbfprint(unpack({}))\r\nprint('\xff')\r\n")
    file.chmod(0o751)
    (folder / "link.lua").symlink_to("a.lua")
    assert llmspell("validate", "--fix", "link.lua").returncode == 0
    assert file.read_bytes() == b"\xef\xbb\xbfprint(table.unpack({}))\r\nprint('\xff')\r\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o751
    assert (folder / "link.lua").is_symlink()
    assert sorted(each.name for each in folder.iterdir()) == ["a.lua", "link.lua", "llmspell.toml"]


def test_read_only_file_is_left_alone(llmspell, folder, monkeypatch, capsys):
    from llmspell_cli.validate import Request, validate

    (folder / "a.lua").write_text("unpack({})\n")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert validate(Request((folder / "a.lua",), fix=True)) == 2
    assert (folder / "a.lua").read_text() == "unpack({})\n"
    assert f"{folder}/a.lua cannot be written: it is read-only" in capsys.readouterr().err


def test_global_of_another_script_is_not_mended_in_a_later_round(llmspell, folder):
    (folder / "a.lua").write_text("Tool.list_all()\nprint(unpack({}))\nif 1 != 2 then print(1) end\n")
    (folder / "b.lua").write_text("unpack = table.unpack\n")
    llmspell("validate", "--fix", ".")
    assert "print(unpack({}))\nif 1 ~= 2" in (folder / "a.lua").read_text()


def test_diff_shows_what_fix_would_do_and_does_nothing(llmspell, folder):
    text = "local a = {}\nunpack(a)\nprint(1)"
    (folder / "a.lua").write_text(text)
    done = llmspell("validate", "--diff", "a.lua")
    assert done.returncode == 1
    assert done.stdout == (
        "--- a/a.lua\n"
        "+++ b/a.lua\n"
        "@@ -1,3 +1,3 @@\n"
        " local a = {}\n"
        "-unpack(a)\n"
        "+table.unpack(a)\n"
        " print(1)\n"
        "\\ No newline at end of file\n"
    )
    assert (folder / "a.lua").read_text() == text


def test_diff_without_changes_exits_with_0(llmspell, folder):
    (folder / "a.lua").write_text("pritn(1)\n")
    done = llmspell("validate", "--diff", "a.lua")
    assert (done.returncode, done.stdout) == (0, "")


def test_fixed_text_of_standard_input_goes_to_standard_output(llmspell):
    done = llmspell("validate", "--fix", "-", input="print(unpack({}))\npritn(1)\n")
    assert (done.returncode, done.stdout) == (1, "print(table.unpack({}))\npritn(1)\n")


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs patch")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"one\ntwo\nthree\n", b"one\n2\nthree\n"),
        (b"one\r\ntwo\r\n", b"one\r\n2\r\n"),
        (b"one\ntwo", b"one\n2"),
        (b"one\ntwo", b"one\ntwo\n"),
        (b"\xff\n\xfe\n", b"\xff\n\xfd\n"),
        (b"one\ntwo\n", b"one\n"),
        (b"a\rb\n", b"a\rc\n"),
    ],
)
def test_diff_is_what_patch_takes(folder, before, after):
    (folder / "a.lua").write_bytes(before)
    subprocess.run(
        ["patch", "-p1", "--binary"],
        input=difference("a.lua", before, after),
        capture_output=True,
        check=True,
        timeout=30,
        cwd=folder,
    )
    assert (folder / "a.lua").read_bytes() == after


# --- many fixes at once ------------------------------------------------------------------------------------------


def _finding(*edits, safe=True):
    fix = Fix("mend", tuple(Edit(*edit) for edit in edits), safe)
    return Diagnostic("undefined-global", Severity.ERROR, "x", edits[0][0], edits[0][1], fixes=(fix,))


def _never(data):
    return ()


def test_fixes_that_lie_apart_are_made_together():
    mended = mend(b"a = b + c", [_finding((0, 1, b"xx")), _finding((8, 9, b"y"))], _never)
    assert (mended.data, mended.count) == (b"xx = b + y", 2)


def test_fixes_that_overlap_are_made_in_rounds():
    def check(data):
        start = data.find(b"b")
        return [_finding((start, start + 1, b"z"))] if start >= 0 else []

    mended = mend(b"a = b", [_finding((0, 5, b"b = 1")), _finding((4, 5, b"z"))], check)
    assert (mended.data, mended.count) == (b"z = 1", 2)


def test_fixes_that_undo_each_other_come_to_an_end():
    def check(data):
        return [_finding((0, 1, b"b" if data[:1] == b"a" else b"a"))]

    assert compile_error(mend(b"a = 1", check(b"a"), check).data) is None


def test_fix_that_would_break_the_text_is_left_out_and_the_others_made():
    mended = mend(b"a = b", [_finding((0, 1, b"x")), _finding((4, 5, b"end"))], _never)
    assert (mended.data, mended.count) == (b"x = b", 1)


def test_new_lines_end_as_the_others_do():
    assert mend(b"a = 1\r\nb = 2\r\n", [_finding((0, 0, b"c = 3\n"))], _never).data == b"c = 3\r\na = 1\r\nb = 2\r\n"


def test_unsafe_fix_is_not_made():
    assert mend(b"a = 1", [_finding((0, 1, b"b"), safe=False)], _never).count == 0


# --- all rules' cases --------------------------------------------------------------------------------------------

RULE_CASES = Path(__file__).parent.parent / "analysis" / "rules"
MARK = re.compile(r"\s*(\^+ (error|warning|information|hint) [\w-]+: |fix: |related: )")
ALL_ON = Options(severities={code: rule.severity for code, rule in RULES.items()})


def _check_with_all_rules(data):
    return validate(data, options=ALL_ON)


@pytest.mark.parametrize("folder", sorted(path.name for path in RULE_CASES.iterdir() if path.is_dir()))
def test_all_safe_fixes_together_give_text_that_compiles_and_has_none_left(folder):
    for file in (RULE_CASES / folder).glob("*.lua"):
        for case in file.read_text(encoding="utf-8").split("-- case: ")[1:]:
            data = "\n".join(line for line in case.split("\n")[1:] if MARK.match(line) is None).encode()
            mended = mend(data, _check_with_all_rules(data), _check_with_all_rules)
            if mended.count:
                assert compile_error(mended.data) is None, mended.data.decode()
                assert not any(fix.is_safe for one in _check_with_all_rules(mended.data) for fix in one.fixes)
