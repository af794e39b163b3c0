"""Notebooks that nbclient runs, as ``jupyter execute``, papermill and the builders of documentation do."""

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from traitlets.config import Config


@pytest.fixture
def run(kernelspec, settings, home):
    """Run code cells as a notebook file; the cells with their outputs, read from the file that was written."""

    def run_cells(*codes, **options):
        path = home.parent / "notebook.ipynb"
        notebook = new_notebook(cells=[new_markdown_cell("# Cells"), *map(new_code_cell, codes)])
        options = {"timeout": 60, **options, "resources": {"metadata": {"path": path.parent}}}
        client = NotebookClient(notebook, kernel_name=kernelspec, config=Config(settings), **options)
        client.execute()
        nbformat.write(notebook, path)
        written = nbformat.read(path, as_version=4)
        nbformat.validate(written)
        return written, [cell for cell in written.cells if cell.cell_type == "code"]

    return run_cells


OUTPUTS = [
    ("print", "print('one') print('two')", [{"output_type": "stream", "name": "stdout", "text": "one\ntwo\n"}]),
    (
        "standard error",
        "io.stderr:write('careful\\n')",
        [{"output_type": "stream", "name": "stderr", "text": "careful\n"}],
    ),
    (
        "a result",
        "6 * 7",
        [{"output_type": "execute_result", "execution_count": 1, "data": {"text/plain": "42"}, "metadata": {}}],
    ),
    (
        "rich display",
        "Display.html('<b>bold</b>')",
        [{"output_type": "display_data", "data": {"text/html": "<b>bold</b>"}}],
    ),
    (
        "all in order",
        "print('before') Display.markdown('*between*') print('after') return 'end'",
        [
            {"output_type": "stream", "text": "before\n"},
            {"output_type": "display_data", "data": {"text/markdown": "*between*"}},
            {"output_type": "stream", "text": "after\n"},
            {"output_type": "execute_result", "data": {"text/plain": '"end"'}},
        ],
    ),
]


@pytest.mark.parametrize(("name", "code", "expected"), OUTPUTS, ids=[name for name, _, _ in OUTPUTS])
def test_cell_holds_its_output(run, name, code, expected):
    _, (cell,) = run(code)
    assert [_only(given, wanted) for given, wanted in zip(cell.outputs, expected, strict=True)] == expected
    assert cell.execution_count == 1


def _only(given, wanted):
    """The fields of ``given`` that ``wanted`` has; a bundle's further kinds of the same thing are not asked for."""
    return {
        name: _only(given[name], value) if isinstance(value, dict) else given[name] for name, value in wanted.items()
    }


def test_cells_share_their_globals_and_count_up(run):
    _, cells = run("total = 40", "total = total + 2", "total")
    assert cells[2].outputs[0].data["text/plain"] == "42"
    assert [cell.execution_count for cell in cells] == [1, 2, 3]


def test_error_ends_the_notebook_unless_errors_are_allowed(run):
    _, (failing, after) = run("error('boom')", "print('still here')", allow_errors=True)
    (error,) = failing.outputs
    assert (error.output_type, error.ename) == ("error", "LuaError")
    assert "boom" in error.evalue
    assert "boom" in "\n".join(error.traceback)
    assert after.outputs[0].text == "still here\n"
    with pytest.raises(CellExecutionError, match="boom"):
        run("error('boom')", "print('never')")


def test_display_is_updated_in_the_cell_that_made_it(run):
    _, (first, second) = run("bar = Display.text('0 %')", "bar:update('100 %')")
    assert first.outputs[0].data["text/plain"] == "100 %"
    assert second.outputs == []


def test_cleared_output_is_gone(run):
    _, (cell,) = run("print('old') Display.clear() print('new')")
    assert "".join(output.text for output in cell.outputs) == "new\n"


def test_reading_input_is_an_error_where_nobody_can_answer(run):
    _, (asking, after) = run("io.read()", "1 + 1", allow_errors=True)
    assert asking.outputs[0].output_type == "error"
    assert "input" in asking.outputs[0].evalue
    assert after.outputs[0].data["text/plain"] == "2"


def test_cell_that_takes_too_long_is_interrupted_and_the_next_one_runs(run):
    _, (endless, after) = run(
        "while true do end", "print('alive')", timeout=1, interrupt_on_timeout=True, allow_errors=True
    )
    assert endless.outputs[0].ename == "Interrupted"
    assert after.outputs[0].text == "alive\n"


def test_notebook_says_which_language_it_is_in(run):
    notebook, _ = run("1")
    assert notebook.metadata.language_info.name == "lua"
    assert notebook.metadata.language_info.file_extension == ".lua"
