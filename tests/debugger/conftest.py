"""A runtime and its debugger in this process: the script runs on the test's own worker thread."""

import queue
import threading

import pytest
from llmspell_kernel.debugger.engine import Debugger
from llmspell_kernel.debugger.notebook import Cells
from llmspell_kernel.runtime.host import Host, HostContext
from llmspell_kernel.runtime.state import Runtime

LIMIT = 10


class Debuggee:
    """Runs scripts under a debugger. The Lua state belongs to the thread that runs ``run``'s job."""

    def __init__(self, folder, project_file=None):
        self.folder = folder
        self.project_file = project_file
        self.client = "the only client"  # who asks
        self.output, self.events = [], []
        self._happened = threading.Condition()
        self.outcome = None
        self._ended = threading.Event()
        self._made = threading.Event()
        self._jobs = queue.SimpleQueue()
        self._started = self.running = False
        self.cells = Cells()
        self._count = 0
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._thread.start()
        assert self._made.wait(LIMIT), "the runtime was not made"

    def _main(self):
        host = Host(HostContext(self.folder, self.folder / "home"))
        self.runtime = Runtime(
            host, lambda _, data: self.output.append(data.decode("utf-8", "replace")), lambda _: None
        )
        self.debugger = Debugger(
            self.runtime,
            self._event,
            lambda: None,
            lambda _: None,
            self._terminate,
            project_file=self.project_file,
            run_idle=self._run_idle,
            cells=self.cells,
        )
        self._made.set()
        while (job := self._jobs.get()) is not None:
            job()
            self.runtime.async_hook.withdraw()

    def _run_idle(self, look):
        if self.running:
            return False
        self._jobs.put(look)
        return True

    def _run_script(self, entry, run):
        self.debugger.enable()
        self.running = True
        before = self.debugger.job_begins(stop_on_entry=entry)
        self.outcome = run(before)
        self.running = False
        self.debugger.job_ends()
        self.runtime.async_hook.withdraw()
        with self._happened:
            self._ended.set()
            self._happened.notify_all()

    def _terminate(self):
        if not self.debugger.script.raise_in_stopped("terminated"):
            self.runtime.async_hook.request("terminate")

    def _event(self, event, body):
        with self._happened:
            self.events.append((event, body))
            self._happened.notify_all()

    def script(self, text, name="script.lua"):
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def request(self, command, **arguments):
        done, answers = threading.Event(), []
        request = {"seq": 1, "type": "request", "command": command, "arguments": arguments}
        self.debugger.handle(request, lambda answer: (answers.append(answer), done.set()), self.client)
        assert done.wait(LIMIT), f"{command} was not answered within {LIMIT} s"
        return answers[0]

    def body(self, command, **arguments):
        answer = self.request(command, **arguments)
        assert answer["success"], answer
        return answer["body"]

    def breakpoints(self, path, *breakpoints):
        wanted = [one if isinstance(one, dict) else {"line": one} for one in breakpoints]
        return self.body("setBreakpoints", source={"path": str(path)}, breakpoints=wanted)["breakpoints"]

    def start(self, path, *, entry=False):
        self._start(lambda before: self.runtime.run_file(path, before=before), entry)

    def _start(self, run, entry=False):
        self._ended.clear()
        self._started = True
        self._jobs.put(lambda: self._run_script(entry, run))

    def start_cell(self, code):
        self._count += 1
        name = f"=cell {self._count}"
        self.cells.ran(name, code)
        self._start(lambda _: self.runtime.execute(code, name))

    def run_cell(self, code):
        self.start_cell(code)
        return self.end()

    def run(self, path):
        self.start(path)
        return self.end()

    def end(self):
        assert self._ended.wait(LIMIT), f"the script did not end within {LIMIT} s"
        return self.outcome

    def stops(self):
        return [body for event, body in self.events if event == "stopped"]

    def stopped(self, number=1):
        """The ``number``-th stop, None when the script ended before it."""
        with self._happened:
            assert self._happened.wait_for(lambda: len(self.stops()) >= number or self._ended.is_set(), LIMIT), (
                "no stop"
            )
        return self.stops()[number - 1] if len(self.stops()) >= number else None

    def step(self, command):
        """Resume with a command; gives the frames at the next stop, None when the script ended."""
        before = len(self.stops())
        thread = self.stops()[-1]["threadId"]
        self.body(command, threadId=thread)
        return self.stack() if self.stopped(before + 1) else None

    def stack(self, **arguments):
        frames = self.body("stackTrace", threadId=self.stops()[-1]["threadId"], **arguments)["stackFrames"]
        return [(one["name"], one["line"]) for one in frames]

    def frame(self, number=0):
        return self.body("stackTrace", threadId=self.stops()[-1]["threadId"])["stackFrames"][number]["id"]

    def variables(self, scope="Locals", frame=0):
        scopes = self.body("scopes", frameId=self.frame(frame))["scopes"]
        [reference] = [one["variablesReference"] for one in scopes if one["name"] == scope]
        return {one["name"]: one for one in self.body("variables", variablesReference=reference)["variables"]}

    def evaluate(self, expression, **arguments):
        answer = self.request("evaluate", expression=expression, **arguments)
        return answer["body"]["result"] if answer["success"] else answer["message"]

    def close(self):
        if self._started and not self._ended.is_set():
            self.debugger.handle(
                {"command": "disconnect", "arguments": {"terminateDebuggee": True}}, lambda _answer: None
            )
            self._ended.wait(LIMIT)
        self._jobs.put(None)
        self._thread.join(LIMIT)
        self.debugger.close()
        assert not self._thread.is_alive(), "the script's thread did not end"


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path, monkeypatch):
    """Where the files of cells lie; without it they are in a folder that other tests share."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def new_debuggee(tmp_path):
    """Makes debuggees of one project; each is a worker of a kernel of its own."""
    made = []

    def make(project_file=None):
        made.append(Debuggee(tmp_path, project_file))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def debuggee(new_debuggee):
    return new_debuggee()
