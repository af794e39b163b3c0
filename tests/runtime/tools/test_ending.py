"""Tools that wait end at once when the script is interrupted, terminated or out of time, and leave nothing behind."""

import os
import signal
import sys
import threading
import time
import traceback

import pytest
from llmspell_kernel.client import KernelClient, start_kernel
from llmspell_kernel.client.process import is_running, wait_for_end
from llmspell_kernel.runtime.configuration import Configuration
from llmspell_kernel.runtime.network import connection
from llmspell_kernel.runtime.tools import file_watcher, hash_calculator, json_processor, sql_connection

WAIT = 20.0
ALLOWED = {"private_addresses": ["127.0.0.1"], "proxy": "", "timeout": 600}


class Waiting:
    """A tool's call that waits for ever: `code` runs it, `has_begun` is given once it waits."""

    def __init__(self, script, code, has_begun):
        self.script, self.code, self.has_begun = script, code, has_begun

    def run(self, act):
        """Run the code and call `act` when it waits; the outcome."""

        def begin():
            assert self.has_begun.acquire(timeout=WAIT)
            act()

        other = threading.Thread(target=begin, daemon=True)
        other.start()
        outcome = self.script.runtime.execute(self.code)
        other.join(WAIT)
        return outcome


def tool_threads():
    return [one for one in threading.enumerate() if one.name.startswith("llmspell-tool-")]


def no_tool_runs():
    for thread in tool_threads():
        thread.join(WAIT)
    for thread in tool_threads():
        print(thread.name, *traceback.format_stack(sys._current_frames()[thread.ident]))
    return not tool_threads()


def request(web_server, **_):
    web_server.routes["/a"] = {"body": "x", "hangs": True}
    return {}, f"Tool.execute('http-requester', {{input = '{web_server.url}/a'}})", web_server.asked


def retry(web_server, **_):
    web_server.routes["/a"] = {"status": 503, "headers": {"retry-after": "600"}}
    call = f"{{input = '{web_server.url}/a', retry = {{max_delay_ms = 600000}}}}"
    return {}, f"Tool.execute('http-requester', {call})", web_server.asked


def name(monkeypatch, **_):
    asked, over = threading.Semaphore(0), threading.Event()

    def lookup(_host, _port):
        asked.release()
        over.wait(WAIT)
        return []

    monkeypatch.setattr(connection, "lookup", lookup)
    return {}, "Tool.execute('web-scraper', {input = 'http://slow.test/'})", asked


def program(web_server, python, **_):
    web_server.routes["/started"] = {}
    code = f"import time, urllib.request as u; u.urlopen('{web_server.url}/started'); time.sleep(600)"
    settings = {"tools": {"process-executor": {"allowed_programs": [python], "timeout": 600}}}
    call = f'{{executable = [[{python}]], arguments = {{"-I", "-c", [[{code}]]}}}}'
    return settings, f"Tool.execute('process-executor', {call})", web_server.asked


def letter(mail_server, **_):
    server = mail_server({"hangs": True})
    settings = {"tools": {"email-sender": {"smtp": {"host": "127.0.0.1", "port": server.port, "security": "none"}}}}
    call = "{from = 'a@b.test', to = 'a@b.test', subject = 's', body = 'b'}"
    return settings, f"Tool.execute('email-sender', {call})", server.asked


def files(monkeypatch, tmp_path, **_):
    looked, states = threading.Semaphore(0), file_watcher._Watched.states

    def look(watched):
        looked.release()
        return states(watched)

    monkeypatch.setattr(file_watcher._Watched, "states", look)
    call = f"{{operation = 'watch', input = {{'{tmp_path}'}}, timeout_seconds = 600}}"
    return {}, f"Tool.execute('file-watcher', {call})", looked


def statement(monkeypatch, tmp_path, prepared, **_):
    begun, execute = threading.Semaphore(0), sql_connection._SqliteConnection.execute

    def begin(*arguments):
        begun.release()
        return execute(*arguments)

    monkeypatch.setattr(sql_connection._SqliteConnection, "execute", begin)
    prepared["databases"](tmp_path)
    query = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    settings = {"tools": {"database-connector": {"timeout": 600}}}
    call = f"{{operation = 'query', database = '{tmp_path}/a.db', query = '{query}'}}"
    return settings, f"Tool.execute('database-connector', {call})", begun


def hashing(monkeypatch, tmp_path, **_):
    reading, look = threading.Semaphore(0), hash_calculator.check_cancelled

    def look_and_tell():
        reading.release()
        look()

    monkeypatch.setattr(hash_calculator, "check_cancelled", look_and_tell)
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**42)  # nothing is on the disk
    call = f"{{operation = 'hash', input_type = 'file', file = '{tmp_path}/huge', algorithm = 'sha256'}}"
    return {}, f"Tool.execute('hash-calculator', {call})", reading


def query(monkeypatch, **_):
    asked, running = threading.Semaphore(0), json_processor._Child._running

    def run(child):
        process = running(child)
        asked.release()
        return process

    monkeypatch.setattr(json_processor._Child, "_running", run)
    monkeypatch.setattr(json_processor, "MAX_SECONDS", 600.0)
    json_processor.close()  # the next child has that limit
    return {}, "Tool.execute('json-processor', {input = 1, query = 'last(range(1; infinite))'})", asked


WAYS = [request, retry, name, program, letter, files, statement, hashing, query]


@pytest.fixture(params=WAYS, ids=[one.__name__ for one in WAYS])
def waiting(request, new_script, web_server, mail_server, monkeypatch, tmp_path, prepared):
    settings, code, has_begun = request.param(
        web_server=web_server,
        mail_server=mail_server,
        monkeypatch=monkeypatch,
        tmp_path=tmp_path,
        prepared=prepared,
        python=sys.executable,
    )
    script = new_script(configuration=Configuration(document={"network": ALLOWED, **settings}))
    yield Waiting(script, code, has_begun)
    json_processor.close()


@pytest.mark.parametrize("kind", ["interrupt", "terminate"])
def test_a_tool_that_waits_is_ended(waiting, kind):
    outcome = waiting.run(lambda: waiting.script.runtime.async_hook.request(kind))
    assert outcome.error.kind == {"interrupt": "interrupted", "terminate": "terminated"}[kind]
    assert no_tool_runs()


def test_a_time_limit_ends_a_tool_that_waits(waiting):
    step = waiting.code.replace("Tool.execute(", "").removesuffix(")")
    tool, _, parameters = step.partition(", ")
    outcome = waiting.script.runtime.execute(
        f"Workflow.builder():name('w'):sequential():add_step({{name = 's', type = 'tool', tool = {tool}, "
        f"input = {parameters}, timeout_ms = 300}}):build():execute()"
    )
    assert "took more than its limit of 300 ms" in outcome.error.message
    assert no_tool_runs()


def test_a_tool_that_was_ended_is_no_failure_for_its_circuit_breaker(waiting):
    waiting.run(lambda: waiting.script.runtime.async_hook.request("interrupt"))
    assert no_tool_runs()
    breakers = waiting.script.runtime.host.tool_breakers.all()
    assert [(one.failures, one.state) for one in breakers] == [(0, "closed")]


def test_a_script_goes_on_after_an_interrupt(waiting):
    waiting.run(lambda: waiting.script.runtime.async_hook.request("interrupt"))
    assert waiting.script.run("print(Tool.execute('calculator', {input = '1 + 1'}).result.result)") == "2"


def test_the_time_of_a_callback_ends_a_tool_that_waits(new_script, web_server):
    web_server.routes["/a"] = {"body": "x", "hangs": True}
    settings = Configuration(document={"network": ALLOWED}, hook_timeout=0.3)
    script = new_script(configuration=settings)
    script.run(
        "Hook.register('AfterToolExecution', function(context) if context.component_id.name == 'calculator' then "
        f"Tool.execute('http-requester', {{input = '{web_server.url}/a'}}) end end)"
    )
    assert script.run("print(Tool.execute('calculator', {input = '1 + 1'}).result.result)").endswith("2")
    assert web_server.asked.acquire(timeout=WAIT)
    assert no_tool_runs()


def test_network_failures_open_the_circuit_breaker_of_their_tool(new_script):
    script = new_script(configuration=Configuration(document={"network": ALLOWED}))
    for tool in ("http-requester", "webhook-caller"):
        call = f"Tool.execute('{tool}', {{input = 'http://127.0.0.1:1/', max_retries = 0}})"
        for _ in range(5):
            script.run(f"pcall(function() {call} end)")
        assert "circuit breaker open: it failed 5 times in a row" in script.error(call)


def test_what_a_script_gave_wrongly_does_not_open_a_circuit_breaker(new_script):
    script = new_script(configuration=Configuration(document={"network": ALLOWED}))
    for _ in range(10):
        assert "may not be asked" in script.error("Tool.execute('http-requester', {input = 'http://10.0.0.1/'})")


@pytest.fixture
def kernel_session(tmp_path, monkeypatch, web_server):
    """A client of a kernel, and a session in a project that may ask loopback."""
    monkeypatch.setenv("LLMSPELL_HOME", str(tmp_path / "home"))
    (tmp_path / "llmspell.toml").write_text('[network]\nprivate_addresses = ["127.0.0.1"]\nproxy = ""\ntimeout = 600\n')
    info = start_kernel(idle_timeout=60)
    with KernelClient.connect(info) as client:
        yield client, client.create_session(folder=tmp_path)
    if is_running(info.pid):
        os.kill(info.pid, signal.SIGTERM)
    assert wait_for_end(info.pid, 10)


def test_an_interrupt_from_a_client_ends_a_request_at_once(kernel_session, web_server):
    client, session = kernel_session
    web_server.routes["/a"] = {"body": "x", "hangs": True}
    code = f"Tool.execute('http-requester', {{input = '{web_server.url}/a'}})"
    running = client.submit("shell", "execute_request", {"code": code}, metadata={"llmspell_session": session})
    assert web_server.asked.acquire(timeout=WAIT)
    asked = time.monotonic()
    client.interrupt(session=session)
    assert running.result(WAIT).content()["ename"] == "Interrupted"
    assert time.monotonic() - asked < WAIT  # the request itself would take ten minutes
