"""Connections: kept within a call, shared by none, to the address that was checked."""

import threading

import pytest
from llmspell_kernel.runtime.cancellation import Cancellation
from llmspell_kernel.runtime.configuration import Configuration
from llmspell_kernel.runtime.network import connection, policy
from llmspell_kernel.runtime.network.http import Http
from llmspell_kernel.runtime.network.settings import network_settings

ALLOWED = {"network": {"private_addresses": ["127.0.0.1"], "proxy": "", "timeout": 60}}


def test_a_connection_is_used_again(web_server, monkeypatch):
    web_server.routes["/"] = {"body": "x"}
    connected = []
    with Http(network_settings(ALLOWED), Cancellation()) as http:
        for _ in range(3):
            http.request("GET", f"{web_server.url}/")
        _, backend = http._clients[""]
        make = backend.connect_tcp
        monkeypatch.setattr(
            backend, "connect_tcp", lambda *given, **named: connected.append(1) or make(*given, **named)
        )
        http.request("GET", f"{web_server.url}/")
    assert not connected


def test_a_connection_that_the_server_has_closed_is_made_anew(web_server):
    web_server.routes["/"] = {"body": "x"}
    web_server.routes["/last"] = {"body": "x", "cut": True}
    with Http(network_settings(ALLOWED), Cancellation()) as http:
        assert http.request("GET", f"{web_server.url}/").text() == "x"
        web_server.routes["/"] = {"body": "y", "headers": {"connection": "close"}}
        assert http.request("GET", f"{web_server.url}/").text() == "y"
        assert http.request("GET", f"{web_server.url}/").text() == "y"


def test_an_address_that_does_not_answer_leaves_time_for_the_next(web_server, names, monkeypatch):
    web_server.routes["/"] = {"body": "x"}
    names["two.test"] = ["127.0.0.2", "127.0.0.1"]
    make = connection._connect
    tried = []

    def connect(address, port, seconds, cancellation):
        tried.append((address, seconds))
        if address == "127.0.0.2":
            raise TimeoutError
        return make(address, port, seconds, cancellation)

    monkeypatch.setattr(connection, "_connect", connect)
    settings = network_settings({"network": {"private_addresses": ["127.0.0.0/8"], "proxy": "", "timeout": 60}})
    with Http(settings, Cancellation()) as http:
        assert http.request("GET", f"http://two.test:{web_server.port}/").text() == "x"
    assert [address for address, _ in tried] == ["127.0.0.2", "127.0.0.1"]
    assert tried[0][1] <= 30 < tried[1][1]


def test_requests_of_parallel_steps(new_script, web_server):
    web_server.routes["/"] = {"body": "x"}
    script = new_script(configuration=Configuration(document=ALLOWED))
    steps = ", ".join(
        f"{{name = 's{number}', type = 'tool', tool = 'http-requester', input = {{input = '{web_server.url}/'}}}}"
        for number in range(40)
    )
    code = f"local r = Workflow.parallel({{name = 'w', max_concurrency = 20, steps = {{{steps}}}}}):execute()"
    script.run(code)
    assert len(web_server.received) == 40
    for thread in threading.enumerate():
        if thread.name.startswith("llmspell-tool-"):
            thread.join(20)


PUBLIC = ["93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
NOT_PUBLIC = [
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1"),
    *("2002:7f00:1::", "2002:a00:1::", "2001:0:4136:e378:8000:63bf:f5ff:fffe"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_that_is_public(address):
    assert policy.is_allowed(network_settings({}), address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public(address):
    assert not policy.is_allowed(network_settings({}), address)


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::5"])
def test_an_address_that_the_settings_name(address):
    settings = network_settings({"network": {"private_addresses": ["10.0.0.0/8", "fd00::/8"]}})
    assert policy.is_allowed(settings, address)
    assert not policy.is_allowed(settings, "192.168.0.1")
