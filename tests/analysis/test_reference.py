"""docs/reference is what the catalogue and the table of diagnostics say; `make reference` writes it."""

import re
from pathlib import Path

import pytest
from llmspell_analysis.catalogue import load_catalogue
from llmspell_analysis.reference import pages, write_pages
from llmspell_analysis.rules.table import RULES

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
PAGES = pages()
CATALOGUE = load_catalogue()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_up_to_date(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8") if (FOLDER / name).exists() else ""
    assert written == PAGES[name], "run `make reference`"


def test_no_other_page_is_there() -> None:
    assert {path.name for path in FOLDER.glob("*")} == PAGES.keys(), "run `make reference`"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_links_lead_to_pages_and_headings(name: str) -> None:
    for target, heading in re.findall(r"\]\(([\w.-]*)(?:#([\w.-]+))?\)", PAGES[name]):
        page = PAGES[target or name]
        assert not heading or re.search(rf"^#+ {re.escape(heading)}$", page, re.MULTILINE), heading


@pytest.mark.parametrize("name", [entry.name for entry in CATALOGUE.globals.values() if entry.type[:8] == "llmspell"])
def test_every_function_of_a_global_has_a_section(name: str) -> None:
    members = CATALOGUE.globals[name].members.values()
    for member in (each for each in members if each.kind == "function"):
        assert f"## {member.qualified_name}(" in PAGES[f"{name}.md"]


def test_every_tool_template_and_diagnostic_has_a_section() -> None:
    for page, names in (
        ("tools.md", CATALOGUE.tools),
        ("templates.md", CATALOGUE.templates),
        ("diagnostics.md", RULES),
    ):
        for name in names:
            assert f"\n## {name}\n" in PAGES[page]


def test_pages_that_are_not_made_any_more_are_removed(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text("old")
    write_pages(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == PAGES.keys()
