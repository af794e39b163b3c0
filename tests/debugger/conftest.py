"""A runtime and its debugger in this process: the script runs on the test's own worker thread."""

import threading

import pytest
from llmspell_kernel.debugger.engine import Debugger
from llmspell_kernel.runtime.host import Host, HostContext
from llmspell_kernel.runtime.state import Runtime

LIMIT = 10


class Debuggee:
    """Runs scripts under a debugger. The Lua state belongs to the thread that runs ``run``'s job."""

    def __init__(self, folder):
        self.folder = folder
        self.output, self.events = [], []
        self._happened = threading.Condition()
        self.outcome = None
        self._ended = threading.Event()
        self._thread = None
        self._made = threading.Event()
        self._go = threading.Event()
        self._job = None
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._thread.start()
        assert self._made.wait(LIMIT), "the runtime was not made"

    def _main(self):
        host = Host(HostContext(self.folder, self.folder / "home"))
        self.runtime = Runtime(
            host, lambda _, data: self.output.append(data.decode("utf-8", "replace")), lambda _: None
        )
        self.debugger = Debugger(self.runtime, self._event, lambda: None, lambda _: None, self._terminate)
        self.debugger.enable()
        self._made.set()
        while self._go.wait():
            self._go.clear()
            if self._job is None:
                return
            entry, path = self._job
            before = self.debugger.job_begins(stop_on_entry=entry)
            self.outcome = self.runtime.run_file(path, before=before)
            self.debugger.job_ends()
            self.runtime.async_hook.withdraw()
            with self._happened:
                self._ended.set()
                self._happened.notify_all()

    def _terminate(self):
        if not self.debugger.raise_in_stopped("terminated"):
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
        self.debugger.handle(request, lambda answer: (answers.append(answer), done.set()))
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
        self._ended.clear()
        self._job = (entry, path)
        self._go.set()

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
        if not self._ended.is_set() and self._job:
            self.debugger.handle(
                {"command": "disconnect", "arguments": {"terminateDebuggee": True}}, lambda _answer: None
            )
            self._ended.wait(LIMIT)
        self._job = None
        self._go.set()
        self._thread.join(LIMIT)
        assert not self._thread.is_alive(), "the script's thread did not end"


@pytest.fixture
def debuggee(tmp_path):
    made = Debuggee(tmp_path)
    yield made
    made.close()
