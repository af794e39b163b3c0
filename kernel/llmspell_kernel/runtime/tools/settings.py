"""What ``[tools.<tool>]`` of ``llmspell.toml`` says for the tools that reach out of the sandbox.

Invariant: what the file does not allow is not allowed, and no secret stands in it: keys and passwords are read from
the environment variables that it names.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..configuration import (
    CONFIGURATION_FILE,
    MIB,
    Configuration,
    ConfigurationError,
    count_of,
    read_amount,
    seconds_of,
    setting,
    size_of,
)
from .output import ToolError

CONFIGURATION = Path(CONFIGURATION_FILE)
# What a project that allows processes may run when it names no programs.
USUAL_PROGRAMS = (
    *("echo", "cat", "ls", "pwd", "whoami", "date", "uname", "which"),
    *("test", "head", "tail", "wc", "grep", "find", "sort", "uniq"),
)
SMTP_PORTS = {"starttls": 587, "tls": 465, "none": 25}
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """``[tools.process-executor]``.

    - ``allowed_programs``: names that are looked up in PATH, or absolute paths. Default: none; the usual ones where
      ``allow_processes`` of ``[security]`` is true.
    - ``environment``: names of variables that a program gets of ours, besides those every program needs.
    - ``timeout``: seconds that a program may run. Default: 30 s.
    - ``max_output``: bytes of each of its two outputs. Default: 1 MiB.
    """

    allowed_programs: tuple[str, ...]
    environment: tuple[str, ...]
    timeout: float
    max_output: int


def process_settings(configuration: Configuration, path: Path = CONFIGURATION) -> ProcessSettings:
    document, place = configuration.document, ("tools", "process-executor")
    usual = USUAL_PROGRAMS if configuration.allow_processes else ()
    return ProcessSettings(
        texts(document, path, (*place, "allowed_programs"), usual),
        texts(document, path, (*place, "environment"), ()),
        read_amount(document, path, (*place, "timeout"), (seconds_of, 0.001), 30.0),
        int(read_amount(document, path, (*place, "max_output"), (size_of, 1), MIB)),
    )


@dataclass(frozen=True, slots=True)
class Database:
    """One of ``[tools.database-connector.databases]``: where it is, and whether statements may change it."""

    url: str
    is_read_only: bool


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """``[tools.database-connector]``.

    - ``databases``: by name, each ``{url = "sqlite:///data.db"}`` or ``{url_env = "NAME"}``, with ``read_only``
      (default: true).
    - ``timeout``: seconds that a statement may take. Default: 30 s.
    - ``max_rows``: rows of an answer. Default: 10,000.
    """

    databases: Mapping[str, Database]
    timeout: float
    max_rows: int


def database_settings(document: Document, path: Path = CONFIGURATION) -> DatabaseSettings:
    place = ("tools", "database-connector")
    databases = {}
    for name in setting(document, path, (*place, "databases"), dict, {}):
        keys = (*place, "databases", name)
        for key in setting(document, path, keys, dict, {}):
            if key not in {"url", "url_env", "read_only"}:
                raise ConfigurationError(f"{path}: {'.'.join((*keys, key))}: there is no such setting; known: url, "
                                         "url_env, read_only")  # fmt: skip
        url = setting(document, path, (*keys, "url"), str, "")
        variable = setting(document, path, (*keys, "url_env"), str, "")
        if bool(url) == bool(variable):
            raise ConfigurationError(f"{path}: {'.'.join(keys)}: expected one of url and url_env")
        databases[name] = Database(
            url or os.environ.get(variable, ""), setting(document, path, (*keys, "read_only"), bool, True)
        )
    return DatabaseSettings(
        databases,
        read_amount(document, path, (*place, "timeout"), (seconds_of, 0.001), 30.0),
        int(read_amount(document, path, (*place, "max_rows"), (count_of, 1), 10_000)),
    )


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """``[tools.email-sender]``: ``provider`` and ``from`` for letters that do not say them, and each provider's table.

    - ``smtp``: ``host``, ``port``, ``security`` ("starttls", the default; "tls"; "none"), ``user``, ``password_env``.
    - ``sendgrid``: ``api_key_env`` (default: SENDGRID_API_KEY), ``base_url``.
    - ``ses``: ``region`` (default: AWS_REGION), ``base_url``; the keys are AWS_ACCESS_KEY_ID and
      AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN if there is one.
    """

    provider: str
    sender: str
    smtp_host: str
    smtp_port: int
    smtp_security: str
    smtp_user: str
    smtp_password_variable: str
    sendgrid_url: str
    sendgrid_key_variable: str
    ses_url: str
    ses_region: str


def email_settings(document: Document, path: Path = CONFIGURATION) -> EmailSettings:
    place = ("tools", "email-sender")
    provider = setting(document, path, (*place, "provider"), str, "smtp")
    if provider not in {"smtp", "sendgrid", "ses"}:
        raise ConfigurationError(f"{path}: tools.email-sender.provider: expected smtp, sendgrid or ses")
    smtp = (*place, "smtp")
    security = setting(document, path, (*smtp, "security"), str, "starttls")
    if security not in SMTP_PORTS:
        raise ConfigurationError(f"{path}: {'.'.join(smtp)}.security: expected {', '.join(SMTP_PORTS)}")
    port = int(read_amount(document, path, (*smtp, "port"), (count_of, 1), SMTP_PORTS[security]))
    return EmailSettings(
        provider,
        setting(document, path, (*place, "from"), str, ""),
        setting(document, path, (*smtp, "host"), str, ""),
        port,
        security,
        setting(document, path, (*smtp, "user"), str, ""),
        setting(document, path, (*smtp, "password_env"), str, "SMTP_PASSWORD"),
        setting(document, path, (*place, "sendgrid", "base_url"), str, "https://api.sendgrid.com").rstrip("/"),
        setting(document, path, (*place, "sendgrid", "api_key_env"), str, "SENDGRID_API_KEY"),
        setting(document, path, (*place, "ses", "base_url"), str, "").rstrip("/"),
        setting(document, path, (*place, "ses", "region"), str, os.environ.get("AWS_REGION", "")),
    )


@dataclass(frozen=True, slots=True)
class SearchProvider:
    """``[tools.web-searcher.<provider>]``: ``base_url``, ``api_key_env``, and Google's ``engine_id``."""

    base_url: str
    key_variable: str
    engine_id: str


def search_provider(
    document: Document, provider: str, default: SearchProvider, path: Path = CONFIGURATION
) -> SearchProvider:
    place = ("tools", "web-searcher", provider)
    return SearchProvider(
        setting(document, path, (*place, "base_url"), str, default.base_url),
        setting(document, path, (*place, "api_key_env"), str, default.key_variable),
        setting(document, path, (*place, "engine_id"), str, default.engine_id),
    )


def check(document: Document, path: Path) -> None:
    """Read all of them once, so that a mistake is told at the start. Raises ConfigurationError."""
    from ..network.settings import network_settings

    tools = setting(document, path, ("tools",), dict, {})
    for name in ("", *tools):
        network_settings(document, name, path)
    process_settings(Configuration(document=document), path)
    database_settings(document, path)
    email_settings(document, path)


def texts(document: Document, path: Path, keys: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...]:
    """A list of strings."""
    given = setting(document, path, keys, list, list(default))
    for one in given:
        if not isinstance(one, str):
            raise ConfigurationError(f"{path}: {'.'.join(keys)}: expected strings, got {type(one).__name__}")
    return tuple(given)


def secret(variable: str, purpose: str) -> str:
    """The value of an environment variable that holds a secret. Raises ToolError that names it, never shows it."""
    value = os.environ.get(variable, "")
    if not value:
        raise ToolError(f"{purpose} is missing: set the environment variable {variable}", "not_configured")
    return value
