"""Requests over TLS: certificates are checked, by the name that was asked for."""

import contextlib
import socket
import socketserver
import ssl
import threading

import pytest
from llmspell_kernel.runtime.cancellation import Cancellation
from llmspell_kernel.runtime.network import http
from llmspell_kernel.runtime.network.settings import network_settings
from llmspell_kernel.runtime.tools.output import ToolError

SETTINGS = network_settings({"network": {"private_addresses": ["127.0.0.1"], "proxy": "", "timeout": 20}})


@pytest.fixture(autouse=True)
def _fresh_trust():
    http._trust.cache_clear()
    yield
    http._trust.cache_clear()


@pytest.fixture
def secure_server(web_server, authority, names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("secure.test").configure_cert(context)
    web_server.secure(context)
    web_server.routes["/"] = {"body": "safe"}
    names |= {"secure.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]}
    return web_server


def get(host, port):
    with http.Http(SETTINGS, Cancellation()) as client:
        return client.request("GET", f"https://{host}:{port}/").text()


def test_a_trusted_certificate(secure_server, trusted):
    assert get("secure.test", secure_server.port) == "safe"


def test_a_certificate_of_another_name(secure_server, trusted):
    with pytest.raises(ToolError, match=r"certificate is not trusted: .*other\.test"):
        get("other.test", secure_server.port)


def test_a_certificate_of_nobody_who_is_trusted(secure_server):
    with pytest.raises(ToolError, match="certificate is not trusted"):
        get("secure.test", secure_server.port)
    assert not secure_server.received


class Tunnels(socketserver.ThreadingTCPServer):
    """A proxy that connects to whatever it is asked for, if it is of this machine."""

    daemon_threads = True

    class RequestHandlerClass(socketserver.BaseRequestHandler):
        def handle(self):
            head = b""
            while b"\r\n\r\n" not in head:
                head += self.request.recv(1)
            self.server.asked.append(head.split()[1].decode())
            port = int(self.server.asked[-1].rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), 20) as inner:
                self.request.sendall(b"HTTP/1.1 200 fine\r\n\r\n")
                back = threading.Thread(target=relay, args=(inner, self.request), daemon=True)
                back.start()
                relay(self.request, inner)
                back.join(20)

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.RequestHandlerClass)
        self.asked = []


def relay(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_through_a_proxy_the_certificate_is_the_servers(secure_server, trusted):
    with Tunnels() as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        settings = {"private_addresses": ["127.0.0.1"], "proxy": f"http://127.0.0.1:{proxy.server_address[1]}"}
        with http.Http(network_settings({"network": settings}), Cancellation()) as client:
            assert client.request("GET", f"https://secure.test:{secure_server.port}/").text() == "safe"
            with pytest.raises(ToolError, match="certificate is not trusted"):
                client.request("GET", f"https://other.test:{secure_server.port}/")
        proxy.shutdown()
        thread.join(20)
    assert proxy.asked == [f"secure.test:{secure_server.port}", f"other.test:{secure_server.port}"]
