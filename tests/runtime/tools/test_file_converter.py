"""The limits of `file-converter`."""

import pytest
from llmspell_kernel.runtime.tools import ToolContext, file_converter, run_tool
from llmspell_kernel.runtime.tools.output import ToolError


@pytest.mark.parametrize(
    ("content", "parameters"),
    [
        (b"12345678901", {"operation": "indentation"}),
        (b"\t\t\t\t\t\t", {"operation": "indentation"}),
        (b"\n\n\n\n\n\n", {"operation": "line_endings", "line_ending": "crlf"}),
        (b"123456", {"operation": "encoding", "to_encoding": "utf-16"}),
    ],
)
def test_what_is_or_becomes_too_large_stays_as_it_is(tmp_path, monkeypatch, content, parameters):
    monkeypatch.setattr(file_converter, "MAX_FILE_BYTES", 10)
    file = tmp_path / "a"
    file.write_bytes(content)
    with pytest.raises(ToolError, match="larger than the limit of 10 bytes"):
        run_tool("file-converter", {"path": str(file), **parameters}, ToolContext((tmp_path.resolve(),)))
    assert file.read_bytes() == content
