"""What llmspell.toml says for tools: read, limited, and mistakes told with the setting's name."""

import ipaddress

import pytest
from llmspell_kernel.runtime import configuration
from llmspell_kernel.runtime.configuration import Configuration, ConfigurationError, load_configuration
from llmspell_kernel.runtime.network.settings import KEYS, NetworkSettings, network_settings
from llmspell_kernel.runtime.tools import registered
from llmspell_kernel.runtime.tools.settings import process_settings

WRONG = {
    '[network]\nallowed_hosts = "a"': "network.allowed_hosts: expected list",
    "[network]\nallowed_hosts = [1]": "network.allowed_hosts: expected strings, got int",
    '[network]\nallowed_hosts = ["https://a"]': 'expected hosts such as "api.example.com" or "*.example.com", got',
    '[network]\nblocked_hosts = ["a*"]': "network.blocked_hosts: expected hosts",
    '[network]\nprivate_addresses = ["localhost"]': "network.private_addresses: expected addresses such as",
    '[network]\ntimeout = "soon"': 'network.timeout: expected a time such as "90 s"',
    "[network]\ntimeout = 0": "network.timeout: expected at least 0.001",
    "[network]\nmax_response = 0": "network.max_response: expected at least 1",
    "[network]\nmax_redirects = -1": "network.max_redirects: expected a whole number",
    '[network]\nproxy = "socks5://a"': 'network.proxy: expected a URL such as "http://proxy.example.com:8080"',
    '[network]\nproxy = "http://me:hidden@"': "network.proxy: expected a URL",
    "[network]\ntimeuot = 1": "network.timeuot: there is no such setting; did you mean 'network.timeout'?",
    "[tools.http-requester]\ntimeout = []": "tools.http-requester.timeout: expected a time",
    "[tools.http-requester]\nhosts = []": "tools.http-requester.hosts: there is no such setting",
    "[tools.process-executor]\nallowed_programs = [1]": "tools.process-executor.allowed_programs: expected strings",
    "[tools.process-executor]\nmax_output = 0": "tools.process-executor.max_output: expected at least 1",
    "[tools.database-connector.databases]\na = 1": "tools.database-connector.databases.a: expected a table",
    "[tools.database-connector.databases.a]\nread_only = true": "databases.a: expected one of url and url_env",
    '[tools.database-connector.databases.a]\nurl = "x"\nkey = 1': "databases.a.key: there is no such setting",
    '[tools.email-sender]\nprovider = "pigeon"': "tools.email-sender.provider: expected smtp, sendgrid or ses",
    '[tools.email-sender.smtp]\nsecurity = "some"': "tools.email-sender.smtp.security: expected starttls, tls, none",
    "[tools.email-sender.smtp]\nport = 0": "tools.email-sender.smtp.port: expected at least 1",
    '[tools.web-searcher.tavily]\nkey = "x"': "tools.web-searcher.tavily.key: there is no such setting",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_mistake_is_told_with_the_settings_name(tmp_path, text):
    (tmp_path / "llmspell.toml").write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        load_configuration(tmp_path)
    assert WRONG[text] in str(raised.value)
    assert str(tmp_path / "llmspell.toml") in str(raised.value)
    assert "hidden" not in str(raised.value)


def test_settings_are_read(tmp_path):
    (tmp_path / "llmspell.toml").write_text(
        '[network]\nallowed_hosts = ["A.test."]\nprivate_addresses = ["10.0.0.7/8", "::1"]\ntimeout = "2 min"\n'
        'max_response = "1 MiB"\nmax_redirects = 0\nproxy = "http://p:1"\n[tools.web-scraper]\ntimeout = 5\n'
    )
    document = load_configuration(tmp_path).document
    networks = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))
    expected = NetworkSettings(True, ("a.test",), (), networks, 120.0, 2**20, 0, "http://p:1")
    assert network_settings(document, "http-requester") == expected
    assert network_settings(document, "web-scraper").timeout == 5.0
    assert network_settings(document, "web-scraper").allowed_hosts == ("a.test",)


def test_the_configuration_knows_each_setting_of_the_network():
    assert set(configuration._NETWORK_KEYS) == set(KEYS)
    assert set(configuration._NETWORK_TOOLS) <= set(registered())


def test_no_program_is_allowed_unless_the_project_says_so():
    assert process_settings(Configuration()).allowed_programs == ()
