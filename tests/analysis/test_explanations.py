"""Every diagnostic has a page, and the examples of the page are what it says."""

import re
from pathlib import Path

import pytest
from llmspell_analysis.rules.explanation import explanation
from llmspell_analysis.rules.table import RULES
from llmspell_analysis.validation import Options, validate

# the examples are scripts of this project
SCRIPT = Path(__file__).parent / "project" / "script.lua"
EXAMPLE = re.compile(r"^(Reported|Not reported):\n\n```lua\n(.*?)\n```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("code", sorted(RULES))
def test_the_examples_of_a_page_are_reported_or_not_as_it_says(code: str) -> None:
    options = Options(severities={code: RULES[code].severity})
    examples = EXAMPLE.findall(explanation(code))
    # more locals than a function may have make no example that one wants to read
    assert [kind for kind, _ in examples] == ["Reported", "Not reported"][code == "local-limit" :]
    for kind, text in examples:
        found = {each.code for each in validate(text, str(SCRIPT), options=options)}
        assert (code in found) == (kind == "Reported"), f"{text}\n{found}"


def test_an_unknown_code_has_no_page() -> None:
    with pytest.raises(KeyError):
        explanation("no-such-code")
