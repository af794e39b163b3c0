"""What a session may use: a real worker process that goes too far, and the watch over time with a clock of its own."""

import socket
import subprocess
import sys
import threading
from itertools import count

import pytest
from llmspell_kernel.protocol.frames import FrameDecoder, pack
from llmspell_kernel.runtime.configuration import MIB, Limits
from llmspell_kernel.worker.limits import RequestTime, Watchdog

# What the zygote does in a process that it has forked.
WORKER = """
import socket, sys
from pathlib import Path
from llmspell_kernel.worker.session import Session
folder = Path(sys.argv[2])
Session(socket.socket(fileno=int(sys.argv[1])), folder, folder / "home").run()
"""


class Worker:
    """The kernel's end of a worker: requests and what comes back."""

    def __init__(self, folder, limits):
        (folder / "llmspell.toml").write_text(f"[limits]\n{limits}\n", encoding="utf-8")
        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(60)
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(theirs.fileno()), str(folder)], pass_fds=[theirs.fileno()]
        )
        theirs.close()
        self._decoder = FrameDecoder()
        self._ids = count(1)
        self.output = ""

    def run(self, code):
        """Run a cell; gives what it shows, or its error as ``ename: evalue``."""
        identifier = self.send(code)
        shown = ""
        for frame in self.frames():
            content = frame.json() if frame.content else {}
            if frame.header.get("msg_type") == "execute_result":
                shown = content["data"]["text/plain"]
            elif frame.header.get("msg_type") == "stream":
                self.output += content["text"]
            elif frame.type == "reply" and frame.header["id"] == identifier:
                return shown if content["status"] == "ok" else f"{content['ename']}: {content['evalue']}"
        raise AssertionError(f"the worker ended: exit status {self.process.wait(10)}")

    def send(self, code):
        identifier = next(self._ids)
        header = {"type": "request", "id": identifier, "msg_type": "execute_request"}
        self._channel.sendall(pack(header, {"code": code}))
        return identifier

    def interrupt(self):
        self._channel.sendall(pack({"type": "interrupt"}))

    def frames(self):
        while data := self._channel.recv(1 << 16):
            yield from self._decoder.feed(data)

    def close(self):
        self._channel.close()
        self.process.wait(10)  # a worker without a kernel ends


@pytest.fixture(scope="module")
def new_worker(tmp_path_factory):
    """A function that starts a worker with the settings of ``[limits]``."""
    workers = []

    def start(limits):
        workers.append(Worker(tmp_path_factory.mktemp("project"), limits))
        return workers[-1]

    yield start
    for one in workers:
        one.close()


# Memory -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(new_worker):
    """A worker whose Lua values may take 32 MiB."""
    return new_worker('memory = "32 MiB"')


NOT_ENOUGH = "not enough memory: a session may use 32 MiB (limits.memory in llmspell.toml)"


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param("local t = {} while true do t[#t + 1] = {} end", id="growth of a table"),
        pytest.param("t = {} while true do t[#t + 1] = {} end", id="growth of a global table"),
        pytest.param("local s = 'x' while true do s = s .. s end", id="doubling of a string"),
        pytest.param("return string.rep('x', 1 << 30)", id="string.rep"),
        pytest.param("return table.concat({ ('x'):rep(20 << 20), ('x'):rep(20 << 20) })", id="table.concat"),
        pytest.param(
            "list = {} while true do local t = {} list[#list + 1] = coroutine.create(function() return t end) end",
            id="coroutines that never run",
        ),
        pytest.param(
            "list = {} while true do local f = coroutine.wrap(coroutine.yield) f() list[#list + 1] = f end",
            id="coroutines that wait",
        ),
        pytest.param(
            "coroutine.wrap(function() local s = 'x' while true do s = s .. s end end)()", id="in coroutine.wrap"
        ),
        pytest.param("local s = 'x = 1 ' while true do s = s .. s assert(load(s)) end", id="load"),
        pytest.param("local t = {} for i = 1, 1e9 do t[i] = tostring(i) .. 'abc' end", id="many strings"),
        pytest.param(
            "kept = {} while true do kept[#kept + 1] = JSON.parse('[[1,2,3],\"abc\"]') end", id="small results"
        ),
        pytest.param(
            "text = '\"' .. ('x'):rep(4 << 20) .. '\"' kept = {} while true do kept[#kept + 1] = JSON.parse(text) end",
            id="large results",
        ),
        pytest.param(
            "text = '[' .. ('\"a\",'):rep(9000) .. '1]' kept = {} while true do kept[#kept + 1] = JSON.parse(text) end",
            id="results of many values",
        ),
        pytest.param("return JSON.parse('[' .. ('[],'):rep(900000) .. '1]')", id="a result that can never fit"),
        pytest.param("local t = {} for i = 1, 800000 do t[i] = 'x' .. i end JSON.stringify(t)", id="many arguments"),
    ],
)
def test_memory_bomb_is_an_error_and_the_session_goes_on(small, bomb):
    outcome = small.run(bomb)
    assert outcome.startswith("LuaError: ")
    assert outcome.endswith(NOT_ENOUGH)
    assert small.run("return 1") == "1"
    small.run("t, list, kept, text = nil")
    assert small.run("return #('x'):rep(8 << 20)") == str(8 * MIB)


@pytest.mark.parametrize(
    "call", ["pcall(bomb)", "xpcall(bomb, print)", "coroutine.resume(coroutine.create(bomb))", "pcall(pcall, bomb)"]
)
def test_script_can_catch_the_error_and_go_on(small, call):
    bomb = "local function bomb() local s = 'x' while true do s = s .. s end end"
    assert small.run(f"{bomb} local answer = {{ {call} }} return answer[#answer]") == '"not enough memory"'


def test_loop_that_catches_the_error_can_be_interrupted(small):
    identifier = small.send(
        "print('begun') while true do pcall(function() local s = 'x' while true do s = s .. s end end) end"
    )
    for frame in small.frames():
        if frame.header.get("msg_type") == "stream":
            small.interrupt()
        elif frame.type == "reply" and frame.header["id"] == identifier:
            assert frame.json()["ename"] == "Interrupted"
            return


def test_finalizer_that_needs_too_much_does_no_harm(small):
    code = "setmetatable({}, { __gc = function() local s = 'x' while true do s = s .. s end end }) collectgarbage()"
    assert small.run(code) == ""
    assert small.run("return 1") == "1"


def test_large_argument_does_not_count_before_the_script_runs(small):
    outcome = small.run("local s = '" + "x" * (40 * MIB) + "' return #s")
    assert outcome.endswith(NOT_ENOUGH)
    assert small.run("return 1") == "1"


def test_values_of_earlier_requests_leave_room_for_the_one_that_drops_them(small):
    small.run("kept = {} while true do kept[#kept + 1] = {} end")
    for _ in range(3):
        assert small.run("more = { 1, 2, 3 } return #more") == "3"
    assert small.run("kept = nil return 'dropped'") == '"dropped"'


# The process --------------------------------------------------------------------------------------------------


def test_opening_files_without_end_is_luas_own_error(new_worker):
    worker = new_worker("open_files = 64")
    outcome = worker.run("local files = {} while true do files[#files + 1] = assert(io.open('/dev/null')) end")
    assert outcome.startswith("LuaError: ")
    assert outcome.endswith("/dev/null: Too many open files")
    assert worker.run("collectgarbage() return io.type(io.open('/dev/null'))") == '"file"'


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_process_has_its_limits(new_worker):
    worker = new_worker('memory = "64 MiB"\nopen_files = 100')
    assert worker.run("return 1") == "1"
    pid = worker.process.pid
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        limits = {line[:26].strip(): line[26:].split()[0] for line in file}
    assert limits["Max open files"] == "100"
    assert limits["Max core file size"] == "0"
    assert limits["Max data size"] == str((2 * 64 + 512) * MIB)
    with open(f"/proc/{pid}/oom_score_adj", encoding="ascii") as file:
        assert int(file.read()) == 500


# Output -------------------------------------------------------------------------------------------------------


def test_loop_of_prints_waits_for_its_rate_and_can_be_interrupted(new_worker):
    worker = new_worker('output_rate = "1 KiB"')
    identifier = worker.send("while true do print(('x'):rep(1023)) end")
    written = 0
    for frame in worker.frames():
        if frame.header.get("msg_type") == "stream":
            written += len(frame.json()["text"])
            worker.interrupt()
        elif frame.type == "reply" and frame.header["id"] == identifier:
            assert frame.json()["ename"] == "Interrupted"
            break
    assert written % 1024 == 0  # a line that was begun is whole
    assert worker.run("return 1") == "1"


# Time ---------------------------------------------------------------------------------------------------------


class Clock:
    """Time that passes when told."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Clocks:
    def __init__(self, **limits):
        self.wall, self.cpu = Clock(), Clock()
        self.time = RequestTime(Limits(**limits), self.wall, self.cpu)


def test_request_may_run_as_long_as_its_wall_time():
    clocks = Clocks(wall_time=10)
    clocks.wall.now += 9
    assert clocks.time.exceeded() is None
    assert clocks.time.earliest() == pytest.approx(1)
    clocks.wall.now += 1
    assert clocks.time.exceeded() == "the request ran longer than limits.wall_time (10 s)"


def test_request_may_compute_as_long_as_its_cpu_time():
    clocks = Clocks(cpu_time=120)
    clocks.wall.now += 1000
    clocks.cpu.now += 119
    assert clocks.time.exceeded() is None
    assert 0 < clocks.time.earliest() <= 1
    clocks.cpu.now += 1
    assert clocks.time.exceeded() == "the request computed longer than limits.cpu_time (2 min)"


def test_paused_time_does_not_count():
    clocks = Clocks(wall_time=10)
    clocks.wall.now += 4
    clocks.time.pause()
    clocks.wall.now += 1000
    assert clocks.time.exceeded() is None
    assert clocks.time.earliest() is None
    clocks.time.resume()
    clocks.wall.now += 5
    assert clocks.time.exceeded() is None
    clocks.wall.now += 1
    assert clocks.time.exceeded() is not None


def test_pauses_within_a_pause_are_one():
    clocks = Clocks(wall_time=10)
    clocks.time.pause()
    clocks.time.pause()
    clocks.wall.now += 1000
    clocks.time.resume()
    clocks.wall.now += 1000
    clocks.time.resume()
    assert clocks.time.earliest() == pytest.approx(10)


def test_resume_without_a_pause_does_nothing():
    clocks = Clocks(wall_time=10)
    clocks.time.resume()
    clocks.wall.now += 10
    assert clocks.time.exceeded() is not None


class Expired:
    """What a watchdog reported."""

    def __init__(self):
        self.reasons = []
        self.event = threading.Event()

    def __call__(self, reason):
        self.reasons.append(reason)
        self.event.set()


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"wall_time": 0.02}, "the request ran longer than limits.wall_time (20 ms)"),
        ({"cpu_time": 0.02}, "the request computed longer than limits.cpu_time (20 ms)"),
    ],
)
def test_watchdog_tells_once_when_a_request_goes_too_far(limits, reason):
    expired = Expired()
    watchdog = Watchdog(Limits(**limits), expired)
    watchdog.job_begins()
    while not expired.event.wait(0):
        pass  # computes
    watchdog.job_ends()
    assert expired.reasons == [reason]


def test_watchdog_watches_each_request_anew():
    expired = Expired()
    watchdog = Watchdog(Limits(wall_time=0.02), expired)
    for number in (1, 2):
        watchdog.job_begins()
        assert expired.event.wait(5), "a request that ran too long was not told within 5 s"
        watchdog.job_ends()
        expired.event.clear()
        assert len(expired.reasons) == number


def test_watchdog_goes_on_after_a_pause():
    expired = Expired()
    watchdog = Watchdog(Limits(wall_time=0.02), expired)
    watchdog.job_begins()
    with watchdog.uncounted():
        pass
    assert expired.event.wait(5), "a request that was resumed was not watched any more"
    watchdog.job_ends()


def test_request_that_has_ended_is_not_told():
    expired = Expired()
    watchdog = Watchdog(Limits(wall_time=0.05), expired)
    watchdog.job_begins()
    watchdog.job_ends()
    other = Watchdog(Limits(wall_time=0.1), later := Expired())
    other.job_begins()
    assert later.event.wait(5)
    other.job_ends()
    assert expired.reasons == []


@pytest.mark.parametrize(
    ("limits", "code", "reason"),
    [
        ("wall_time = 0.3", "while true do end", "the request ran longer than limits.wall_time (300 ms)"),
        (
            "cpu_time = 0.3",
            "while true do pcall(error) end",
            "the request computed longer than limits.cpu_time (300 ms)",
        ),
    ],
)
def test_script_that_goes_too_far_is_ended_with_the_reason_and_the_session_goes_on(new_worker, limits, code, reason):
    worker = new_worker(limits)
    assert worker.run(code) == f"Terminated: {reason}"
    assert worker.run("return 1") == "1"


def test_without_limits_of_time_there_is_no_thread():
    before = threading.active_count()
    watchdog = Watchdog(Limits(), lambda _reason: None)
    watchdog.job_begins()
    with watchdog.uncounted():
        pass
    watchdog.job_ends()
    assert threading.active_count() == before
