"""The options that the Lua halves of the globals read are those of the catalogue, by which unknown ones are told."""

import re
from pathlib import Path

import llmspell_kernel.runtime
import pytest
from llmspell_analysis.analysis.types import members_of
from llmspell_analysis.catalogue import load_catalogue

CATALOGUE = load_catalogue()
LUA = Path(llmspell_kernel.runtime.__file__).parent / "lua"
SPECIFICATION = re.compile(r"local (\w+) <const> = \{([^{}]*)\}")
READING = re.compile(r'fields\((\d), "((\w+)\.\w+)", \w+, (\w+)\)')


def readings() -> list[tuple[str, int, frozenset[str]]]:
    """The functions that read a table of options, with the number of the parameter and the options' names."""
    found = []
    for path in sorted(LUA.glob("*.lua")):
        text = path.read_text(encoding="utf-8")
        names = {name: frozenset(re.findall(r"(\w+) =", fields)) for name, fields in SPECIFICATION.findall(text)}
        found += [(function, int(index), names[name]) for index, function, _, name in READING.findall(text)]
    return found


READINGS = readings()


def test_there_are_such_functions() -> None:
    assert {"RAG.search", "Session.create"} <= {function for function, _, _ in READINGS}


@pytest.mark.parametrize(("function", "index", "names"), READINGS, ids=[function for function, _, _ in READINGS])
def test_options_that_are_read_are_those_of_the_catalogue(function: str, index: int, names: frozenset[str]) -> None:
    owner, _, name = function.partition(".")
    parameter = CATALOGUE.globals[owner].members[name].parameters[index - 1]
    assert members_of(parameter.type, CATALOGUE).keys() == names
