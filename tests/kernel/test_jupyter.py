"""Jupyter's own test of kernels, for what this kernel supports."""

import json
import os
import sys
import tempfile
from pathlib import Path

import jupyter_kernel_test
import pytest

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class TestJupyter(jupyter_kernel_test.KernelTests):
    kernel_name = "llmspell"
    language_name = "lua"
    file_extension = ".lua"
    code_hello_world = "print('hello, world')"
    code_stderr = "io.stderr:write('oops')"
    code_generate_error = "error('boom')"
    code_execute_result = (
        {"code": "6 * 7", "result": "42"},
        {"code": "'a'", "result": '"a"'},
    )
    complete_code_samples = ("x = 1", "for i = 1, 2 do print(i) end")
    incomplete_code_samples = ("for i = 1, 2 do", "print(")
    invalid_code_samples = ("x = = 1", "end")

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        spec = Path(cls.folder.name) / "kernels" / "llmspell"
        spec.mkdir(parents=True)
        command = [str(Path(sys.executable).with_name("llmspell-kernel")), "-f", "{connection_file}"]
        (spec / "kernel.json").write_text(
            json.dumps({"argv": command, "display_name": "LLMSpell", "language": "lua", "interrupt_mode": "message"})
        )
        cls.environment = pytest.MonkeyPatch()
        for name in ("JUPYTER_PATH", "JUPYTER_RUNTIME_DIR", "LLMSPELL_HOME"):
            cls.environment.setenv(
                name, cls.folder.name if name == "JUPYTER_PATH" else os.path.join(cls.folder.name, name)
            )
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.environment.undo()
        cls.folder.cleanup()
