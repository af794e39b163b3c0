"""``llmspell tool invoke``: JSON in, JSON out."""

import json

import pytest


def test_a_tool_is_run(llmspell):
    done = llmspell("tool", "invoke", "calculator", '{"input": "6 * 7"}')
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["result"]["result"] == 42


def test_parameters_come_from_standard_input(llmspell):
    text = json.dumps({"operation": "reverse", "input": "wörld"})
    done = llmspell("tool", "invoke", "text-manipulator", "-", input=text)
    assert "dlröw" in done.stdout


def test_a_tool_of_the_project_is_run(llmspell, folder):
    (folder / "llmspell_tools").mkdir()
    (folder / "llmspell_tools" / "shout.py").write_text(
        "import llmspell\n\n\n@llmspell.tool\n"
        'def shout(text: str) -> str:\n    """Shouts."""\n    return text.upper()\n'
    )
    done = llmspell("tool", "invoke", "shout", '{"text": "hey"}')
    assert "HEY" in done.stdout, done.stderr


FAILURES = [
    (("no-such", "{}"), "Tool 'no-such' not found"),
    (("calculater", "{}"), "did you mean 'calculator'?"),
    (("calculator", "{"), "the parameters are no JSON: "),
    (("calculator", "[1]"), 'the parameters are no JSON object, such as {"input": "1 + 1"}'),
    (("calculator", '{"input": "1 /"}'), ""),
]


@pytest.mark.parametrize(("arguments", "message"), FAILURES)
def test_a_failure_is_said(llmspell, arguments, message):
    done = llmspell("tool", "invoke", *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    document = json.loads(llmspell("tool", "invoke", *arguments, "--json").stdout)
    assert message in str(document["error"])
