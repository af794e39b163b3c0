"""The tests inside real editors and clients: VS Code (extension host, and as a person with the installed .vsix),
Neovim, Emacs, JupyterLab, and Microsoft's client for tests of debug adapters.

usage: run.py --cache FOLDER [--only SUITE …] [--screenshot]

Every suite writes its results as lines of JSON; this prints them and ends with `N passed, N failed`. All state of
the editors is in a temporary folder, and no process outlives the run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bed import Bed, prepare
from processes import StepFailed, adopt_orphans, end_descendants, free_port, run, say, server, tail

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
EXTENSION = ROOT / "vscode-extension"
ENVIRONMENT = Path(sys.prefix)  # the virtual environment with llmspell that runs this
SETTINGS = {
    "workbench.startupEditor": "none",
    "workbench.colorTheme": "Default Dark Modern",
    "workbench.tips.enabled": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "security.workspace.trust.enabled": False,
    "telemetry.telemetryLevel": "off",
    "extensions.autoUpdate": False,
    "extensions.autoCheckUpdates": False,
    "extensions.ignoreRecommendations": True,
    "update.mode": "none",
    "chat.disableAIFeatures": True,
    "git.enabled": False,
    "search.followSymlinks": False,
    "editor.minimap.enabled": False,
    "editor.hover.delay": 100,
}


@dataclass(slots=True)
class Tally:
    passed: int = 0
    failed: int = 0

    def add(self, name: str, passed: bool, detail: str = "", milliseconds: int | None = None) -> None:
        if passed:
            self.passed += 1
            say(f"  ok    {name}" + (f"  ({milliseconds} ms)" if milliseconds is not None else ""))
        else:
            self.failed += 1
            say(f"  FAIL  {name}\n" + "\n".join(f"        {line}" for line in detail.splitlines()))


@dataclass(frozen=True, slots=True)
class Run:
    """What a suite works with. `temporary` holds all that its editors write, their home included."""

    bed: Bed
    cache: Path
    temporary: Path
    tally: Tally
    screenshot: Path | None
    state: dict[str, Path] = field(default_factory=dict)

    def environment(self, report: Path) -> dict[str, str]:
        home, scratch = self.temporary / "home", self.temporary / "tmp"
        for folder in (home, scratch):
            folder.mkdir(exist_ok=True)
        kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ") if name in os.environ}
        return {
            **kept,
            "HOME": str(home),
            "TMPDIR": str(scratch),
            "SHELL": "/bin/bash",
            "PATH": os.pathsep.join([str(ENVIRONMENT / "bin"), os.environ.get("PATH", os.defpath)]),
            "LLMSPELL_HOME": str(home / ".llmspell"),
            "LLMSPELL_TEST_REPORT": str(report),
            "LLMSPELL_BED_MODULES": str(self.bed.modules),
            "LLMSPELL_BED_TESTSUPPORT": str(self.bed.testsupport),
            "LLMSPELL_CHROMIUM": str(self.bed.chromium),
            "LLMSPELL_FAILURE_PICTURE": str(self.cache / f"failure-{report.stem}.png"),
        }

    def folder(self, name: str) -> Path:
        folder = self.temporary / name
        folder.mkdir()
        return folder


def extension(work: Run) -> None:
    """Types, unit tests, the bundle and the package."""
    npm = shutil.which("npm") or "npm"
    log = work.temporary / "extension.log"
    vsix = work.temporary / "llmspell.vsix"
    for name, command in (
        ("extension: the types are right", ["run", "check"]),
        ("extension: the unit tests pass", ["test"]),
        ("extension: it is packaged", ["run", "package", "--", "--out", str(vsix)]),
    ):
        _step(work, name, lambda command=command: run("npm", [npm, *command], cwd=EXTENSION, limit=120, log=log))
    work.state["vsix"] = vsix
    # Packaging makes the small bundle without source maps; the suites below run the one for developers.
    _step(
        work,
        "extension: it is built",
        lambda: run("npm", ["node", "esbuild.mjs", "--tests"], cwd=EXTENSION, limit=60, log=log),
    )


def extension_host(work: Run) -> None:
    """The extension's own tests in the extension host. It finds its Python in the workspace's `.venv`."""
    report = work.temporary / "extension-host.jsonl"
    failed = work.tally.failed
    workspace = work.temporary / "workspace"
    shutil.copytree(HERE / "workspace", workspace)
    (workspace / ".venv").symlink_to(ENVIRONMENT)
    data = work.folder("vscode-server")
    _write_settings(data / "data/User")
    port = free_port()
    program = work.bed.code_server / "lib/vscode/out/server-main.js"
    options = [
        f"--host=127.0.0.1 --port={port} --without-connection-token --accept-server-license-terms",
        f"--server-data-dir={data} --extensions-dir={data}/extensions",
        "--telemetry-level=off --disable-telemetry --enable-smoke-test-driver",
    ]
    # Without the project's environment on the PATH: only the workspace's .venv has llmspell.
    env = {**work.environment(report), "PATH": os.environ.get("PATH", os.defpath)}
    with server(
        "the VS Code server",
        [work.bed.node, program, *" ".join(options).split()],
        port=port,
        limit=60,
        log=work.temporary / "vscode-server.log",
        cwd=workspace,
        env=env,
    ):
        arguments = [f"http://127.0.0.1:{port}", workspace, EXTENSION, EXTENSION / "out/test/host/index.js"]
        _report_of(
            work,
            report,
            "the tests in the extension host",
            [work.bed.node, HERE / "browser/extension_host.mjs", *arguments],
            env=env,
            limit=200,
        )
    _show_logs(work, data, failed)


def person(work: Run) -> None:
    """The installed .vsix, driven with keys and clicks. It finds its Python through the PATH."""
    report = work.temporary / "person.jsonl"
    failed = work.tally.failed
    env = work.environment(report)
    # VS Code takes its PATH from the login shell: a person's profile is where it is set.
    profile = f'export PATH="{ENVIRONMENT / "bin"}:$PATH"\n'
    (Path(env["HOME"]) / ".profile").write_text(profile, "utf-8")
    folder = work.temporary / "examples"
    shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns("__pycache__"))
    data = work.folder("code-server")
    _write_settings(data / "User")
    log = work.temporary / "code-server.log"
    program = [work.bed.node, work.bed.code_server / "out/node/entry.js"]
    places = ["--user-data-dir", data, "--extensions-dir", data / "extensions", "--config", "/dev/null"]
    install = [*program, *places, "--install-extension", work.state["vsix"]]
    _step(
        work,
        "person: installs the extension",
        lambda: run("installing the extension", install, limit=60, log=log, env=env),
    )
    port = free_port()
    options = ["--auth", "none", "--bind-addr", f"127.0.0.1:{port}", "--disable-telemetry"]
    options += ["--disable-update-check", "--disable-workspace-trust", "--disable-getting-started-override"]
    if work.screenshot:
        env["LLMSPELL_SCREENSHOT"] = str(work.screenshot)
    with server(
        "code-server",
        [*program, *places, *options],
        port=port,
        limit=60,
        log=log,
        cwd=folder,
        env=env,
    ):
        _report_of(
            work,
            report,
            "the person's steps",
            [
                work.bed.node,
                HERE / "browser/person.mjs",
                f"http://127.0.0.1:{port}",
                folder,
                HERE / "browser/plan.json",
            ],
            env=env,
            limit=200,
        )
        debugged = work.temporary / "debugging.jsonl"
        driver = [work.bed.node, HERE / "browser/debugging.mjs", f"http://127.0.0.1:{port}", _debugged_folder(work)]
        env = {**env, "LLMSPELL_TEST_REPORT": str(debugged)}
        _report_of(work, debugged, "the person's debugging", driver, env=env, limit=200)
    _show_logs(work, data, failed)


def _debugged_folder(work: Run) -> Path:
    """A project with a script to debug, and with the configurations of two clients that share its session."""
    folder = _project(work, "debugged-project")
    shared = {"type": "llmspell", "session": "shared"}
    launch = {**shared, "name": "Launch shared", "request": "launch", "program": "stock.lua", "stopOnEntry": True}
    attach = {**shared, "name": "Attach shared", "request": "attach"}
    (folder / ".vscode").mkdir()
    configurations = json.dumps({"version": "0.2.0", "configurations": [launch, attach]})
    (folder / ".vscode/launch.json").write_text(configurations, "utf-8")
    return folder


def dap_testsupport(work: Run) -> None:
    """The debug adapter with @vscode/debugadapter-testsupport."""
    report = work.temporary / "dap-testsupport.jsonl"
    command = [work.bed.node, HERE / "dap_testsupport/debugging.mjs", ENVIRONMENT / "bin/llmspell-dap"]
    command.append(_project(work, "testsupport-project"))
    what = "the tests with the client for tests"
    _report_of(work, report, what, command, env=work.environment(report), limit=100)


def neovim(work: Run) -> None:
    """Neovim's own LSP client."""
    report = work.temporary / "neovim.jsonl"
    project = _project(work, "neovim-project")
    command = [work.bed.neovim, "--headless", "-u", "NONE", "-l", HERE / "neovim/lsp.lua"]
    command += [ENVIRONMENT / "bin/llmspell-lsp", project]
    _report_of(work, report, "the tests in Neovim", command, env=work.environment(report), limit=100)


def neovim_dap(work: Run) -> None:
    """A DAP client in Neovim: nvim-dap where LLMSPELL_NVIM_DAP names its source, else a small one of ours."""
    report = work.temporary / "neovim-dap.jsonl"
    env = work.environment(report)
    if "LLMSPELL_NVIM_DAP" in os.environ:
        env["LLMSPELL_NVIM_DAP"] = os.environ["LLMSPELL_NVIM_DAP"]
    command = [work.bed.neovim, "--headless", "-u", "NONE", "-l", HERE / "neovim/dap.lua"]
    command += [ENVIRONMENT / "bin/llmspell-dap", _project(work, "neovim-dap-project")]
    _report_of(work, report, "the debugging in Neovim", command, env=env, limit=100)


def emacs(work: Run) -> None:
    """Emacs' eglot, where Emacs is installed."""
    batch = _emacs_with(work, "eglot", "Emacs 29 has it; Debian's package for older ones is elpa-eglot")
    if batch is None:
        return
    report = work.temporary / "emacs.jsonl"
    env = {
        **work.environment(report),
        "LLMSPELL_SERVER": str(ENVIRONMENT / "bin/llmspell-lsp"),
        "LLMSPELL_PROJECT": str(_project(work, "emacs-project")),
    }
    command = [*batch, "-l", HERE / "emacs/eglot.el"]
    _report_of(work, report, "the tests in Emacs", command, env=env, limit=100)


def emacs_dap(work: Run) -> None:
    """Emacs' dap-mode, where it is installed."""
    batch = _emacs_with(work, "dap-mode", "Debian's package is elpa-dap-mode")
    if batch is None:
        return
    report = work.temporary / "emacs-dap.jsonl"
    env = {
        **work.environment(report),
        "LLMSPELL_ADAPTER": str(ENVIRONMENT / "bin/llmspell-dap"),
        "LLMSPELL_PROJECT": str(_project(work, "emacs-dap-project")),
    }
    command = [*batch, "-l", HERE / "emacs/dap.el"]
    _report_of(work, report, "the tests in Emacs' dap-mode", command, env=env, limit=100)


def _emacs_with(work: Run, feature: str, source: str) -> list[str | Path] | None:
    """Emacs in batch mode, when it has the feature."""
    program = shutil.which("emacs")
    if program is None:
        say("  skipped: there is no emacs on the PATH")
        return None
    # -q, not -Q: Debian's packages are on the site's load-path.
    batch: list[str | Path] = [program, "-q", "--batch"]
    log = work.temporary / f"emacs-{feature}.log"
    try:
        run(feature, [*batch, "--eval", f'(or (locate-library "{feature}") (kill-emacs 1))'], limit=30, log=log)
    except StepFailed:
        say(f"  skipped: this emacs has no {feature} ({source})")
        return None
    return batch


def jupyterlab(work: Run) -> None:
    """JupyterLab in the browser, with the kernelspec as a person installs it."""
    report = work.temporary / "jupyterlab.jsonl"
    folder = work.folder("jupyterlab")
    plan = HERE / "browser/jupyterlab.json"
    _write_notebook(folder / "cells.ipynb", [cell["code"] for cell in json.loads(plan.read_text("utf-8"))["cells"]])
    env = {**work.environment(report), "LLMSPELL_SCREENSHOT": str(work.cache / "jupyterlab.png")}
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR"):
        env[name] = str(folder / name.lower())
    env["JUPYTERLAB_WORKSPACES_DIR"] = str(folder / "workspaces")
    settings = folder / "jupyterlab_settings_dir/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}', "utf-8")
    log = work.temporary / "jupyterlab.log"
    install = [ENVIRONMENT / "bin/llmspell", "kernel", "install", "--user"]
    _step(
        work,
        "jupyterlab: the kernel is installed",
        lambda: run("llmspell kernel install", install, limit=30, log=log, env=env),
    )
    port = free_port()
    # Without token and cookies: it listens on the loopback only, while the tests run.
    options = ["--allow-root", "--no-browser", "--ip=127.0.0.1", f"--port={port}", f"--ServerApp.root_dir={folder}"]
    options += ["--ServerApp.port_retries=0", "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"]
    options += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with server(
        "JupyterLab",
        [ENVIRONMENT / "bin/python", "-m", "jupyterlab", *options],
        port=port,
        limit=60,
        log=log,
        cwd=folder,
        env=env,
    ):
        driver = [work.bed.node, HERE / "browser/jupyterlab.mjs", f"http://127.0.0.1:{port}", "cells.ipynb", plan]
        _report_of(work, report, "the steps in JupyterLab", driver, env=env, limit=200)


SUITES: dict[str, Callable[[Run], None]] = {
    "extension": extension,
    "extension-host": extension_host,
    "person": person,
    "dap-testsupport": dap_testsupport,
    "neovim": neovim,
    "neovim-dap": neovim_dap,
    "emacs": emacs,
    "emacs-dap": emacs_dap,
    "jupyterlab": jupyterlab,
}
NEEDS_EXTENSION = {"extension-host", "person"}


def _step(work: Run, name: str, body: Callable[[], None]) -> None:
    """One test that is a command. The suite ends with it when it fails: what follows builds on it."""
    started = time.monotonic()
    try:
        body()
    except StepFailed as failure:
        work.tally.add(name, False, str(failure))
        raise SuiteEnded from None
    work.tally.add(name, True, milliseconds=round((time.monotonic() - started) * 1000))


class SuiteEnded(Exception):  # noqa: N818 - not an error: what went wrong is counted already
    """The rest of the suite builds on a test that failed."""


def _report_of(
    work: Run, report: Path, what: str, command: list[str | Path], *, env: dict[str, str], limit: float
) -> None:
    """Run a suite in its editor and count what it reported; that it ended badly or reported nothing counts too."""
    failure = ""
    try:
        run(what, command, limit=limit, log=report.with_suffix(".log"), env=env, cwd=work.temporary)
    except StepFailed as failed:
        failure = str(failed)
    lines = report.read_text("utf-8").splitlines() if report.exists() else []
    results = [json.loads(line) for line in lines]
    for result in results:
        work.tally.add(result["test"], result["passed"], result.get("error", ""), result.get("milliseconds"))
    if not results:
        work.tally.add(what, False, failure or "they reported nothing")
    elif failure and all(result["passed"] for result in results):
        work.tally.add(f"{what} end well", False, failure)


def _show_logs(work: Run, data: Path, failed_before: int) -> None:
    """What the extension wrote to its output channel, when tests of its suite failed."""
    if work.tally.failed > failed_before:
        for log in sorted(data.rglob("*LLMSpell.log")):
            say(f"        the end of the extension's output:\n{tail(log)}")


def _project(work: Run, name: str) -> Path:
    project = work.temporary / name
    shutil.copytree(HERE / "workspace/project", project)
    return project


def _write_notebook(path: Path, cells: list[str]) -> None:
    kernelspec = {"name": "llmspell", "display_name": "LLMSpell", "language": "lua"}
    common = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernelspec, "language_info": {"name": "lua"}},
        "cells": [{**common, "id": f"cell-{number}", "source": code} for number, code in enumerate(cells)],
    }
    path.write_text(json.dumps(notebook), "utf-8")


def _write_settings(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text(json.dumps(SETTINGS), "utf-8")


def _interrupted(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="where the editors are kept between runs")
    parser.add_argument("--only", nargs="+", choices=SUITES, default=list(SUITES), metavar="SUITE")
    parser.add_argument("--screenshot", action="store_true", help="write docs/vscode-breakpoint.png")
    options = parser.parse_args()
    chosen = [name for name in SUITES if name in options.only]
    if NEEDS_EXTENSION & set(chosen) and "extension" not in chosen:
        chosen.insert(0, "extension")

    adopt_orphans()
    signal.signal(signal.SIGTERM, _interrupted)
    started = time.monotonic()
    tally = Tally()
    try:
        cache = options.cache.expanduser().resolve()
        bed = prepare(cache)
        with tempfile.TemporaryDirectory(prefix="llmspell-editors-", ignore_cleanup_errors=True) as folder:
            screenshot = ROOT / "docs/vscode-breakpoint.png" if options.screenshot else None
            work = Run(bed, cache, Path(folder), tally, screenshot)
            try:
                for name in chosen:
                    say(f"{name}: {(SUITES[name].__doc__ or '').strip()}")
                    _run_suite(name, work)
            finally:
                # Kernels stay for other clients until they are idle; here nobody will come.
                end_descendants()
    except StepFailed as failure:
        say(str(failure))
        tally.failed += 1
    except KeyboardInterrupt:
        say("interrupted")
        tally.failed += 1
    finally:
        end_descendants()
    say(f"{time.monotonic() - started:.0f} s")
    say(f"{tally.passed} passed, {tally.failed} failed")
    return 0 if tally.failed == 0 and tally.passed > 0 else 1


def _run_suite(name: str, work: Run) -> None:
    if name in NEEDS_EXTENSION and "vsix" not in work.state:
        work.tally.add(f"{name} needs the extension, which was not built", False)
        return
    try:
        SUITES[name](work)
    except SuiteEnded:
        return
    except StepFailed as failure:
        work.tally.add(f"{name} could not start", False, str(failure))


if __name__ == "__main__":
    sys.exit(main())
