"""Where Python code was when something failed for a script."""

from llmspell_kernel.runtime.python_stacks import PythonStacks


def test_stack_is_told_of_errors_that_are_each_others_context():
    first, second = ValueError("first"), ValueError("second")
    try:
        raise first
    except ValueError as error:
        error.__context__, second.__context__ = second, error
        stacks = PythonStacks()
        stacks.note("first", error)
        second.__traceback__ = error.__traceback__
        stacks.note("second", first)
    assert "test_python_stacks.py" in stacks.of("second")
