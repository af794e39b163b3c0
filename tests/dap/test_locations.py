"""Lines, columns and paths in the client's form and in LDP's."""

from pathlib import Path

import pytest
from llmspell_dap.locations import Locations
from llmspell_dap.messages import FieldError


def one_based() -> Locations:
    return Locations(True, True, uris=False)


def test_lines_and_columns_of_a_client_that_counts_from_0() -> None:
    locations = Locations(False, False, uris=False)
    assert (locations.line_to_ldp(0), locations.column_to_ldp(0)) == (1, 1)
    assert locations.to_client({"line": 1, "column": 1, "endLine": 3, "endColumn": 9}) == {
        "line": 0,
        "column": 0,
        "endLine": 2,
        "endColumn": 8,
    }


def test_lines_and_columns_of_a_client_that_counts_from_1() -> None:
    locations = one_based()
    assert (locations.line_to_ldp(7), locations.column_to_ldp(9)) == (7, 9)
    assert locations.to_client({"line": 7, "column": 9}) == {"line": 7, "column": 9}


def test_frame_without_position_keeps_its_0() -> None:
    assert Locations(False, False, uris=False).to_client({"line": 0, "column": 0}) == {"line": 0, "column": 0}


def test_path_through_a_link_is_real_for_ldp_and_as_given_for_the_client(tmp_path: Path) -> None:
    real = tmp_path / "real" / "a.lua"
    real.parent.mkdir()
    real.touch()
    (tmp_path / "link").symlink_to(real.parent)
    given = str(tmp_path / "link" / "a.lua")
    locations = one_based()
    assert locations.path_to_ldp(given) == str(real)
    assert locations.source_to_client({"path": str(real), "name": "a.lua"}) == {"path": given, "name": "a.lua"}


def test_file_beside_the_given_one_is_shown_through_the_same_link(tmp_path: Path) -> None:
    real = tmp_path / "real"
    (real / "lib").mkdir(parents=True)
    (real / "lib" / "b.lua").touch()
    (tmp_path / "link").symlink_to(real)
    locations = one_based()
    locations.path_to_ldp(str(tmp_path / "link" / "a.lua"))
    assert locations.path_to_client(str(real / "lib" / "b.lua")) == str(tmp_path / "link" / "lib" / "b.lua")


def test_linked_file_does_not_move_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "x1.lua").touch()
    (tmp_path / "a.lua").symlink_to(tmp_path / "store" / "x1.lua")
    locations = one_based()
    locations.path_to_ldp(str(tmp_path / "a.lua"))
    assert locations.path_to_client(str(tmp_path / "store" / "x2.lua")) == str(tmp_path / "store" / "x2.lua")


@pytest.mark.parametrize("dots", ["./x/../a.lua", "x//../a.lua", "./a.lua"])
def test_dots_are_resolved_for_ldp_and_kept_for_the_client(tmp_path: Path, dots: str) -> None:
    (tmp_path / "x").mkdir()
    given = f"{tmp_path}/{dots}"
    locations = one_based()
    real = locations.path_to_ldp(given)
    assert real == str((tmp_path / "a.lua").resolve())
    assert locations.path_to_client(real) == given


def test_program_is_shown_absolute_when_it_was_given_relative(tmp_path: Path) -> None:
    locations = one_based()
    real = locations.program_to_ldp("a.lua", str(tmp_path))
    assert locations.path_to_client(real) == str(tmp_path / "a.lua")


def test_uri_is_a_real_path_for_ldp_and_a_uri_for_the_client(tmp_path: Path) -> None:
    path = tmp_path / "a b%20ü.lua"
    locations = Locations(True, True, uris=True)
    assert locations.path_to_ldp(path.as_uri()) == str(path.resolve())
    assert locations.path_to_client(str(path.resolve())) == path.as_uri()
    assert locations.path_to_client("/never/given.lua") == "file:///never/given.lua"


@pytest.mark.parametrize(
    "uri", ["untitled:Untitled-1", "https://example.org/a.lua", "/plain/path.lua", "file:///a%00b", "file://[x"]
)
def test_uri_that_is_no_file_is_refused(uri: str) -> None:
    with pytest.raises(FieldError, match=r"source\.path: (expected a file: URI|.* is no URI)"):
        Locations(True, True, uris=True).path_to_ldp(uri)


def test_source_without_a_file_is_passed_as_it_is() -> None:
    source = {"name": "=(load)", "sourceReference": 7}
    assert one_based().source_to_client(source) == source
