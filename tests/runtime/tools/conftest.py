"""A web server on loopback whose answers are data, and names that the resolver is made to know."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from llmspell_kernel.runtime.network import connection


class WebServer:
    """Answers by `routes` (path → answer): `status`, `headers`, `body` or `json`, `gzip`, `repeat` (how often the body
    is sent), `hangs` (sends nothing more, and leaves the connection open), `cut` (closes it before the body's end),
    `then` (the answer to the second and every later request). `received` is what was asked, in order.
    """

    def __init__(self):
        self.routes = {}
        self.received = []
        self.over = threading.Event()
        self.asked = threading.Semaphore(0)
        self._lock = threading.Lock()
        web_server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (ConnectionError, TimeoutError):
                    self.close_connection = True

            def answer(self):
                web_server._answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_CONNECT = answer  # noqa: N815

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self):
        return self._server.server_address[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _answer(self, request):
        length = int(request.headers.get("content-length", 0))
        body = request.rfile.read(length).decode("utf-8", "surrogateescape")
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self._lock:
            path = request.path
            earlier = sum(one["path"] == path for one in self.received)
            self.received.append({"method": request.command, "path": path, "headers": headers, "body": body})
        self.asked.release()
        route = self.routes.get(path, self.routes.get(path.partition("?")[0], {"status": 404, "body": "not found"}))
        if earlier and "then" in route:
            route = route["then"]
        content = json.dumps(route["json"]) if "json" in route else route.get("body", "")
        data = content.replace("{url}", self.url).encode("utf-8", "surrogateescape") * route.get("repeat", 1)
        if route.get("gzip"):
            data = gzip.compress(data)
        request.send_response(route.get("status", 200))
        kind = "application/json" if "json" in route else "text/plain; charset=utf-8"
        for name, value in {"content-type": kind, **route.get("headers", {})}.items():
            request.send_header(name, value.replace("{url}", self.url).replace("{port}", str(self.port)))
        if route.get("gzip"):
            request.send_header("content-encoding", "gzip")
        extra = 10 if route.get("hangs") or route.get("cut") else 0
        request.send_header("content-length", str(len(data) + extra))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data)
            request.wfile.flush()
        if route.get("hangs"):
            self.over.wait(60)
        if extra:
            request.close_connection = True


@pytest.fixture
def web_server():
    server = WebServer()
    yield server
    server.close()


@pytest.fixture
def names(monkeypatch):
    """A table of names for the resolver; each value is a list of addresses, or of lists: one for each time that it is
    asked, the last for ever."""
    known = {}

    def lookup(host, _port):
        addresses = known.get(host.lower())
        if addresses is None:
            raise OSError("name is not known")
        if addresses and isinstance(addresses[0], list):
            return addresses.pop(0) if len(addresses) > 1 else addresses[0]
        return addresses

    monkeypatch.setattr(connection, "lookup", lookup)
    return known
