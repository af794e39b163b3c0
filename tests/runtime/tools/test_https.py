"""Requests over TLS: certificates are checked, by the name that was asked for."""

import ssl

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
