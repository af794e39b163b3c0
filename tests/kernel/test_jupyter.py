"""Jupyter's own tests of kernels: all 13, each with what it needs to test this kernel."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import jupyter_kernel_test
import pytest
from jupyter_client.manager import KernelManager

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class InstalledKernel:
    """Our kernelspec is installed in a folder of the class's own, and a kernel is ready to be started from it."""

    kernel_name = "llmspell"

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = cls.folder.name
        cls.environment = pytest.MonkeyPatch()
        for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "LLMSPELL_HOME"):
            cls.environment.setenv(name, os.path.join(folder, name))
        cls.environment.setenv("JUPYTER_PATH", os.path.join(folder, "share/jupyter"))
        command = [Path(sys.executable).with_name("llmspell"), "kernel", "install", "--prefix", folder]
        subprocess.run(command, check=True, timeout=60, capture_output=True)
        # TCP ports that Jupyter chose before the kernel takes them may be another's by then.
        cls.km = KernelManager(
            kernel_name=cls.kernel_name, transport="ipc", ip=os.path.join(folder, "socket"), cwd=folder
        )
        cls.km.start_kernel()
        cls.kc = cls.km.client()

    @classmethod
    def tearDownClass(cls):
        cls.kc.stop_channels()
        cls.km.shutdown_kernel()
        cls.environment.undo()
        cls.folder.cleanup()


class TestKernel(InstalledKernel, jupyter_kernel_test.KernelTests):
    language_name = "lua"
    file_extension = ".lua"
    code_hello_world = "print('hello, world')"
    code_stderr = "io.stderr:write('oops')"
    code_generate_error = "error('boom')"
    code_execute_result = (
        {"code": "6 * 7", "result": "42"},
        {"code": "'a'", "result": '"a"'},
    )
    completion_samples = (
        {"text": "string.forma", "matches": {"format"}},
        {"text": "print(coroutine.wr", "matches": {"wrap"}},
        {"text": "Tool.exec", "matches": {"execute"}},
        {"text": "no_such_name_at_all", "matches": set()},
    )
    complete_code_samples = ("x = 1", "for i = 1, 2 do print(i) end", "string.format?")
    incomplete_code_samples = ("for i = 1, 2 do", "print(", "local text = [[")
    invalid_code_samples = ("x = = 1", "end")
    code_page_something = "string.format?"
    code_display_data = (
        {"code": "Display.html('<b>bold</b>')", "mime": "text/html"},
        {"code": "Display.markdown('*wide*')", "mime": "text/markdown"},
        {"code": "Display.json({ answer = 42 })", "mime": "application/json"},
        {"code": "Display.svg('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')", "mime": "image/svg+xml"},
        {"code": "Display.table({ { 1, 2 } })", "mime": "text/html"},
    )
    code_history_pattern = "6?*7"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "string.format"
    code_clear_output = "print('old') Display.clear()"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kc.start_channels()
        cls.kc.wait_for_ready(timeout=jupyter_kernel_test.TIMEOUT)


class TestWelcome(InstalledKernel, jupyter_kernel_test.IopubWelcomeTests):
    support_iopub_welcome = True


def test_all_of_jupyters_tests_have_what_they_need():
    tests = [
        name
        for group in (jupyter_kernel_test.KernelTests, jupyter_kernel_test.IopubWelcomeTests)
        for name in dir(group)
        if name.startswith("test_")
    ]
    assert len(tests) == 13
    settings = {name for name in dir(jupyter_kernel_test.KernelTests) if name.startswith(("code_", "completion_"))}
    assert [name for name in sorted(settings) if not getattr(TestKernel, name)] == []
