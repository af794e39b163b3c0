"""``llmspell definitions``: the script API as files for other language servers."""

import json


def test_definitions_are_written_and_the_setting_is_said(llmspell, folder):
    done = llmspell("definitions", "types/llmspell")
    assert (done.returncode, done.stderr) == (0, "")
    written = sorted(path.name for path in (folder / "types" / "llmspell").rglob("*"))
    assert "Agent.lua" in written
    assert "string.lua" not in written
    assert done.stdout == (
        f"types/llmspell: {len(written)} files; LuaLS finds them with "
        f"{json.dumps({'workspace.library': [str(folder / 'types' / 'llmspell')]})} in .luarc.json\n"
    )


def test_definitions_have_no_finding(llmspell):
    assert llmspell("definitions", "--with-standard-library", "types").returncode == 0
    done = llmspell("validate", "--severity", "warning", "types")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_folder_that_cannot_be_made_is_named(llmspell, folder):
    (folder / "file").touch()
    done = llmspell("definitions", "file/types")
    assert done.returncode == 2
    assert done.stderr == f"llmspell: {folder}/file/types cannot be written: Not a directory\n" or (
        done.stderr == "llmspell: file/types cannot be written: Not a directory\n"
    )
