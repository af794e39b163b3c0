"""Pauses, steps and breakpoint changes at random while a script runs: ``python -m benchmarks.soak --seed 1``.

The script (``soak.lua``) is full of coroutines, errors and garbage, and knows what it must compute. It ends with exit
code 1 when a result is wrong, when something is not answered, when a hook stays behind; or as the process crashes.
"""

import argparse
import faulthandler
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmspell_kernel.debugger.engine import Debugger
from llmspell_kernel.protocol.ldp import EXCEPTION_FILTERS
from llmspell_kernel.runtime.host import Host, HostContext
from llmspell_kernel.runtime.state import Outcome, Runtime

SCRIPT = Path(__file__).parent / "soak.lua"
LIMIT, STEP_LIMIT = 30.0, 0.2
MAIN_THREAD = 1
STEPS = ("next", "stepIn", "stepOut")
EXPRESSIONS = ("ROUNDS", "1 + 1", "error('x')", "coroutine.wrap(function() return 1 end)()", "nosuch.field")
FUNCTIONS = ("failing", "errors", "nested", "garbage", "pipeline")
HOOKED = b"""
local library = ...
local count = library.debug.gethook((library.coroutine.running())) and 1 or 0
for thread in library.next, library.coroutines do
  local _, mask = library.debug.gethook(thread)
  if mask and mask ~= "" then count = count + 1 end
end
return count
"""


class Session:
    """A script under the debugger, on a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self._happened = threading.Condition()
        self._folder = folder
        self.output = b""
        self.stops = 0  # how often it has stopped
        self.thread_id: int | None = None  # of the stopped coroutine
        self.outcome: Outcome | None = None
        self.hooked = 0
        self._loaded = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._loaded.wait(LIMIT):
            raise TimeoutError(f"the script was not loaded within {LIMIT} s")

    def _run(self) -> None:
        self.runtime = Runtime(Host(HostContext(self._folder, self._folder / "home")), self._write, lambda _: None)
        self.debugger = Debugger(self.runtime, self._event, lambda: None, lambda _: None, lambda: None)
        self.debugger.enable()
        self.debugger.job_begins()
        outcome = self.runtime.run_file(SCRIPT, before=self._loaded.set)
        self.debugger.job_ends()
        self.runtime.async_hook.withdraw()
        self.hooked = self.runtime.lua.execute(HOOKED, self.runtime.library)
        with self._happened:
            self.outcome = outcome
            self._happened.notify_all()

    def _write(self, _name: str, data: bytes) -> None:
        self.output += data

    def _event(self, event: str, body: Mapping[str, Any]) -> None:
        if event == "stopped":
            with self._happened:
                self.stops += 1
                self.thread_id = body["threadId"]
                self._happened.notify_all()

    def request(self, command: str, **arguments: Any) -> dict[str, Any]:
        done = threading.Event()
        answers: list[dict[str, Any]] = []

        def respond(answer: dict[str, Any]) -> None:
            answers.append(answer)
            done.set()

        self.debugger.handle({"command": command, "arguments": arguments}, respond)
        if not done.wait(LIMIT):
            raise TimeoutError(f"{command} was not answered within {LIMIT} s")
        return answers[0]

    def succeeds(self, command: str, **arguments: Any) -> dict[str, Any]:
        answer = self.request(command, **arguments)
        if not answer["success"]:
            raise RuntimeError(f"{command}: {answer['message']}")
        body: dict[str, Any] = answer.get("body") or {}
        return body

    def stops_within(self, seconds: float) -> bool:
        with self._happened:
            self._happened.wait_for(lambda: self.thread_id is not None or self.outcome is not None, seconds)
        if self.outcome is not None:
            raise RuntimeError(f"the script ended: {self.outcome}")
        return self.thread_id is not None

    def pause(self) -> None:
        """Where a breakpoint has stopped it first, that is a stop as well."""
        self.request("pause")
        if not self.stops_within(LIMIT):
            raise TimeoutError(f"the script did not stop within {LIMIT} s")

    def go_on(self, command: str = "continue") -> None:
        thread_id, self.thread_id = self.thread_id, None
        answer = self.request(command, threadId=thread_id)
        if not answer["success"]:
            raise RuntimeError(answer["message"])

    def end(self) -> Outcome:
        with self._happened:
            if not self._happened.wait_for(lambda: self.outcome is not None, LIMIT):
                raise TimeoutError(f"the script did not end within {LIMIT} s")
        assert self.outcome is not None
        return self.outcome


def look(session: Session, chance: random.Random) -> None:
    """As an editor does at a stop."""
    frames = session.request("stackTrace", threadId=session.thread_id)["body"]["stackFrames"]
    if not frames:
        return
    frame = chance.choice(frames)["id"]
    for scope in session.request("scopes", frameId=frame)["body"]["scopes"]:
        session.request("variables", variablesReference=scope["variablesReference"])
    session.request("evaluate", expression=chance.choice(EXPRESSIONS), frameId=frame)


def some_breakpoints(chance: random.Random, lines: int) -> list[dict[str, Any]]:
    conditions = ("nosuch", "ROUNDS % 50 == 1", "error('x')", "collectgarbage('count') < 0", "select('#') == 1")
    found = []
    for _ in range(chance.choice((0, 0, 1, 1, 2, 5))):
        one: dict[str, Any] = {"line": chance.randint(1, lines)}
        kind = chance.random()
        if kind < 0.6:
            one["condition"] = chance.choice(conditions)
        elif kind < 0.8:
            one["hitCondition"] = chance.choice(("%97", "== 3", "> 100000"))
        elif kind < 0.9:
            one["logMessage"] = "{ROUNDS} {nosuch}"
        found.append(one)
    return found


def change_exception_breakpoints(session: Session, chance: random.Random) -> None:
    filters = chance.sample(EXCEPTION_FILTERS, chance.randint(0, len(EXCEPTION_FILTERS)))
    conditions = ("false", "ROUNDS % 50 == 1 and type(err) == 'table'", "error('x')")
    options = [{"filterId": one["filter"], "condition": chance.choice(conditions)} for one in filters]
    session.succeeds("setExceptionBreakpoints", filters=[], filterOptions=options)


def change_function_breakpoints(session: Session, chance: random.Random) -> None:
    names = chance.sample(FUNCTIONS, chance.randint(0, 2))
    wanted = [{"name": name, "condition": chance.choice(("false", "ROUNDS % 50 == 1"))} for name in names]
    session.succeeds("setFunctionBreakpoints", breakpoints=wanted)


def serve_stops(session: Session, chance: random.Random) -> None:
    """Let the script go on until it runs; some stops are looked at, some are stepped from."""
    while session.thread_id is not None:
        if chance.random() < 0.1:
            look(session, chance)
        if chance.random() < 0.2:
            take_step(session, chance.choice(STEPS))
        else:
            session.go_on()


def take_step(session: Session, command: str) -> None:
    """Every step ends, since the script's loop comes to every line again; but one out of that loop does not."""
    frames = session.request("stackTrace", threadId=session.thread_id)["body"]["stackFrames"]
    is_endless = command == "stepOut" and session.thread_id == MAIN_THREAD and len(frames) == 1
    session.go_on(command)
    if not session.stops_within(STEP_LIMIT if is_endless else LIMIT) and not is_endless:
        place = f"{frames[0]['name']}, line {frames[0]['line']}" if frames else "no frame"
        raise RuntimeError(f"a step was lost: {command} at {place} did not stop within {LIMIT} s")


def watch_some_data(session: Session, chance: random.Random) -> None:
    """While the script is stopped; it is slow until the next change, so this is done seldom."""
    found = session.succeeds("dataBreakpointInfo", name=chance.choice(("CLOSED", "COLLECTED", "WRONG")))
    wanted = [] if found.get("dataId") is None else [{"dataId": found["dataId"], "condition": "false"}]
    session.succeeds("setDataBreakpoints", breakpoints=wanted)


def soak(seed: int, pauses: int, changes: int) -> str:
    """Gives what was done; raises where something went wrong."""
    chance = random.Random(seed)
    source = {"path": str(SCRIPT)}
    lines = len(SCRIPT.read_text().splitlines())
    actions = ["pause"] * pauses + ["change"] * changes
    chance.shuffle(actions)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="llmspell-soak-") as folder:
        session = Session(Path(folder))
        for action in actions:
            if chance.random() < 0.5:
                time.sleep(chance.random() * 0.002)
            serve_stops(session, chance)
            if action == "change":
                breakpoints = some_breakpoints(chance, lines)
                session.succeeds("setBreakpoints", source=source, breakpoints=breakpoints)
                session.succeeds("setDataBreakpoints", breakpoints=[])
                if chance.random() < 0.2:
                    change_exception_breakpoints(session, chance)
                if chance.random() < 0.2:
                    change_function_breakpoints(session, chance)
                continue
            session.pause()
            if chance.random() < 0.02:
                watch_some_data(session, chance)
        session.pause()
        session.succeeds("setBreakpoints", source=source, breakpoints=[])
        session.succeeds("setExceptionBreakpoints", filters=[])
        session.succeeds("setFunctionBreakpoints", breakpoints=[])
        session.succeeds("setDataBreakpoints", breakpoints=[])
        session.request("evaluate", expression="(function() DONE = true end)()")
        while session.outcome is None:
            if session.thread_id is not None:
                session.go_on()
            time.sleep(0.001)
        outcome = session.end()
    if outcome.error is not None:
        raise RuntimeError(f"the script failed: {outcome.error}")
    _, rounds, wrong = session.output.split()
    if wrong != b"0":
        raise RuntimeError(f"{wrong.decode()} of {rounds.decode()} rounds gave a wrong result")
    if session.hooked:
        raise RuntimeError(f"{session.hooked} coroutines have a hook after the end")
    took = time.monotonic() - began
    return (
        f"seed {seed}: {pauses} pauses, {changes} breakpoint changes, {session.stops} "
        f"stops, {rounds.decode()} rounds, all right, in {took:.0f} s"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pauses", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=2_000)
    options = parser.parse_args()
    faulthandler.enable()
    try:
        print(soak(options.seed, options.pauses, options.changes), flush=True)
    except (RuntimeError, TimeoutError) as error:
        print(f"seed {options.seed}: {error}", file=sys.stderr, flush=True)
        faulthandler.dump_traceback()
        os._exit(1)  # the script's thread may be stuck
    return 0


if __name__ == "__main__":
    sys.exit(main())
