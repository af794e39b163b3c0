"""A project's ``llmspell.toml``, as far as the runtime reads it, and where the project is.

Invariant: a mistake in the file is reported with the file's path and the setting's name; it is never ignored.
"""

import contextlib
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from .circuit_breaker import BreakerSettings
from .security import POLICIES, Security, security_of, with_security

T = TypeVar("T")

CONFIGURATION_FILE = "llmspell.toml"
_PROJECT_MARKS = (CONFIGURATION_FILE, ".git")
MAX_CONFIGURATION_BYTES = 1024 * 1024

_NEAR = 0.75  # of difflib: a letter or two are wrong

KIB, MIB, GIB, TIB = 1024, 1024**2, 1024**3, 1024**4
_SIZES: Mapping[str, int] = {"TiB": TIB, "GiB": GIB, "MiB": MIB, "KiB": KIB, "B": 1}
_DURATIONS: Mapping[str, float] = {"h": 3600, "min": 60, "s": 1, "ms": 0.001}
# Less would not hold what LLMSpell itself keeps in a session.
MIN_MEMORY = 16 * MIB
MIN_OPEN_FILES = 64
# A larger number is no limit, and would not fit where the system keeps it.
_MAX_SIZE = 2**62
_MAX_SECONDS = 10 * 365 * 86400

_OF_CONFIG = ("default_engine", "engines", "providers", "runtime", "debug", "rag")
_BREAKER_KEYS = ("enabled", "failure_threshold", "success_threshold", "open_time")

_NETWORK_KEYS = (
    "allowed_hosts",
    "blocked_hosts",
    "private_addresses",
    "timeout",
    "max_response",
    "max_redirects",
    "proxy",
)
_NETWORK_TOOLS = (
    "api-tester",
    "graphql-query",
    "http-requester",
    "service-checker",
    "sitemap-crawler",
    "url-analyzer",
    "web-scraper",
    "webhook-caller",
    "webpage-monitor",
)
_SEARCH_PROVIDERS = ("duckduckgo", "tavily", "brave", "serpapi", "serperdev", "google", "bing")

# What may stand in a table, by the table's keys. The other sections are those that Config.get gives to scripts.
_KNOWN_KEYS: Mapping[tuple[str, ...], Collection[str]] = {
    (): ("security", "tools", "limits", "hooks", "circuit_breakers", "events", "network", "validator", *_OF_CONFIG),
    ("security",): ("allow_processes", "policy"),
    ("runtime", "security"): ("allow_file_access", "allow_network_access", "allow_process_spawn"),
    ("limits",): ("memory", "cpu_time", "wall_time", "output_rate", "open_files"),
    ("hooks",): ("timeout",),
    ("circuit_breakers",): ("tools", "hooks", "providers"),
    ("circuit_breakers", "tools"): _BREAKER_KEYS,
    ("circuit_breakers", "hooks"): _BREAKER_KEYS,
    ("circuit_breakers", "providers"): _BREAKER_KEYS,
    ("network",): _NETWORK_KEYS,
    ("tools",): (
        "file-operations",
        "process-executor",
        "database-connector",
        "email-sender",
        "web-searcher",
        *_NETWORK_TOOLS,
    ),
    ("tools", "file-operations"): ("allowed_paths",),
    ("tools", "process-executor"): ("allowed_programs", "environment", "timeout", "max_output"),
    ("tools", "database-connector"): ("databases", "timeout", "max_rows"),
    ("tools", "email-sender"): ("provider", "from", "smtp", "sendgrid", "ses", *_NETWORK_KEYS),
    ("tools", "email-sender", "smtp"): ("host", "port", "security", "user", "password_env"),
    ("tools", "email-sender", "sendgrid"): ("base_url", "api_key_env"),
    ("tools", "email-sender", "ses"): ("base_url", "region"),
    ("tools", "web-searcher"): (*_SEARCH_PROVIDERS, *_NETWORK_KEYS),
    **{("tools", "web-searcher", one): ("base_url", "api_key_env", "engine_id") for one in _SEARCH_PROVIDERS},
    **{("tools", one): _NETWORK_KEYS for one in _NETWORK_TOOLS},
}


class ConfigurationError(ValueError):
    """``llmspell.toml`` cannot be used; the message names file, setting and what was expected."""


@cache
def default_memory() -> int:
    """4 GiB, or half of the machine's (of the container's) memory where that is less."""
    amounts = [8 * GIB]
    with contextlib.suppress(AttributeError, OSError, ValueError):  # a system that does not say
        amounts.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with contextlib.suppress(OSError, ValueError), open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:
        amounts.append(int(file.read()))  # fails outside of a container, where it says "max"
    return max(MIN_MEMORY, min(amounts) // 2)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one session may use: ``[limits]`` of ``llmspell.toml``.

    - ``memory``: bytes that its Lua values may take: ``"2 GiB"``, ``"512 MiB"`` or a number of bytes. Default: 4 GiB,
      or half of the machine's memory where that is less.
    - ``cpu_time``, ``wall_time``: seconds that one request may compute, or run: ``90``, ``"90 s"``, ``"10 min"``. The
      wall time leaves out what the request spends stopped in the debugger or waiting for input. Default: 0, no limit,
      since agents run long.
    - ``output_rate``: bytes that it may write per second; a script that writes faster waits. 0 is no limit. Default:
      16 MiB, far more than a person can read, and what one client can be sent without slowing the others.
    - ``open_files``: files that its process may have open. Default: 1024, and never more than the system's hard limit.
    """

    memory: int = field(default_factory=default_memory)
    cpu_time: float = 0
    wall_time: float = 0
    output_rate: int = 16 * MIB
    open_files: int = 1024


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings of a project. ``allowed_paths``: absolute folders that file tools may touch besides the defaults.

    - ``hook_timeout``: ``timeout`` of ``[hooks]``: seconds that a hook's callback may run. Default: 30 s.
    - ``emit_timing_events``, ``emit_state_events`` of ``[events]``: whether tools and workflows, and writes to the
      state, publish events. Default: true.
    - ``document``: the file as it was read, for `Config`; it may hold secrets.
    """

    allow_processes: bool = False
    allowed_paths: tuple[Path, ...] = ()
    security: Security = field(default_factory=Security)
    limits: Limits = field(default_factory=Limits)
    hook_timeout: float = 30.0
    emit_timing_events: bool = True
    emit_state_events: bool = True
    tool_breakers: BreakerSettings = field(default_factory=BreakerSettings)
    hook_breakers: BreakerSettings = field(default_factory=BreakerSettings)
    provider_breakers: BreakerSettings = field(default_factory=BreakerSettings)
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


def find_project_root(start: Path) -> Path:
    """The nearest folder at or above ``start`` that holds ``llmspell.toml`` or ``.git``; else ``start`` itself."""
    start = start.resolve()
    folder = start if start.is_dir() else start.parent
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in _PROJECT_MARKS):
            return candidate
    return folder


def load_configuration(project_root: Path) -> Configuration:
    """Read ``llmspell.toml`` of a project; defaults when there is none. Raises ConfigurationError."""
    path = project_root / CONFIGURATION_FILE
    try:
        with path.open("rb") as file:
            text = file.read(MAX_CONFIGURATION_BYTES + 1)
    except FileNotFoundError:
        return Configuration()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    if len(text) > MAX_CONFIGURATION_BYTES:
        raise ConfigurationError(f"{path}: larger than {MAX_CONFIGURATION_BYTES} bytes")
    import tomllib  # half a megabyte that projects without the file do without

    try:
        document = tomllib.loads(text.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    _refuse_unknown_keys(document, path)
    security, allow_processes = _security(document, path), _processes(document, path)
    allowed = setting(document, path, ("tools", "file-operations", "allowed_paths"), list, [])
    for item in allowed:
        if not isinstance(item, str):
            raise ConfigurationError(
                f"{path}: tools.file-operations.allowed_paths: expected strings, got {type(item).__name__}"
            )
    try:
        allowed_paths = tuple((project_root / Path(item).expanduser()).resolve() for item in allowed)
    except (OSError, RuntimeError, ValueError) as error:  # ~nobody, a NUL, a circle of links
        raise ConfigurationError(f"{path}: tools.file-operations.allowed_paths: {error}") from error
    if "network" in document or "tools" in document:
        from .tools.settings import check

        check(document, path)
    if "providers" in document:
        from .providers.settings import check_file

        check_file(setting(document, path, ("providers",), dict, {}), path)
    return Configuration(
        allow_processes=allow_processes,
        allowed_paths=allowed_paths,
        security=security,
        limits=_limits(document, path),
        hook_timeout=read_amount(document, path, ("hooks", "timeout"), (seconds_of, 0.001), 30.0),
        emit_timing_events=setting(document, path, ("events", "emit_timing_events"), bool, True),
        emit_state_events=setting(document, path, ("events", "emit_state_events"), bool, True),
        tool_breakers=_breakers(document, path, "tools"),
        hook_breakers=_breakers(document, path, "hooks"),
        provider_breakers=_breakers(document, path, "providers"),
        document=with_security(document, security, allow_processes=allow_processes),
    )


def _security(document: dict[str, Any], path: Path) -> Security:
    policy = setting(document, path, ("security", "policy"), str, "default")
    if policy not in POLICIES:
        raise ConfigurationError(f"{path}: security.policy: expected {' or '.join(POLICIES)}, got {policy[:60]!r}")
    names = ("allow_file_access", "allow_network_access")
    return security_of(policy, {name: _said(document, path, ("runtime", "security", name)) for name in names})


def _processes(document: dict[str, Any], path: Path) -> bool:
    """Two names for one setting; that of ``[security]`` counts."""
    own = _said(document, path, ("security", "allow_processes"))
    return bool(own if own is not None else _said(document, path, ("runtime", "security", "allow_process_spawn")))


def _said(document: dict[str, Any], path: Path, keys: tuple[str, ...]) -> bool | None:
    is_said = setting(document, path, keys, object, None) is not None
    return setting(document, path, keys, bool, False) if is_said else None


def _breakers(document: dict[str, Any], path: Path, kind: str) -> BreakerSettings:
    section, default = ("circuit_breakers", kind), BreakerSettings()
    return BreakerSettings(
        setting(document, path, (*section, "enabled"), bool, default.enabled),
        int(read_amount(document, path, (*section, "failure_threshold"), (count_of, 1), default.failure_threshold)),
        int(read_amount(document, path, (*section, "success_threshold"), (count_of, 1), default.success_threshold)),
        read_amount(document, path, (*section, "open_time"), (seconds_of, 0), default.open_time),
    )


def read_amount(
    document: Mapping[str, Any],
    path: Path,
    keys: tuple[str, ...],
    rule: tuple[Callable[[object], float], float],
    default: float,
) -> float:
    """``rule``: how the setting is read, and the least that it may be."""
    read, least = rule
    value = setting(document, path, keys, object, None)
    if value is None:
        return default
    try:
        amount = read(value)
    except ValueError as error:
        raise ConfigurationError(f"{path}: {'.'.join(keys)}: expected {error}, got {value!r}") from error
    if amount < least:
        raise ConfigurationError(f"{path}: {'.'.join(keys)}: expected at least {least}, got {value!r}")
    return amount


def _limits(document: dict[str, Any], path: Path) -> Limits:
    given: dict[str, Any] = {}
    for one in fields(Limits):
        value = setting(document, path, ("limits", one.name), object, None)
        if value is None:
            continue
        read, least = _LIMITS[one.name]
        try:
            given[one.name] = read(value)
        except ValueError as error:
            raise ConfigurationError(f"{path}: limits.{one.name}: expected {error}, got {value!r}") from error
        if given[one.name] < least:
            text = str(least) if read is count_of else size_text(least)
            raise ConfigurationError(f"{path}: limits.{one.name}: expected at least {text}, got {value!r}")
    return Limits(**given)


def size_of(value: object) -> int:
    amount = _quantity(value, _SIZES)
    if amount is None or amount > _MAX_SIZE:
        raise ValueError('a size such as "512 MiB", "2 GiB" or a number of bytes')
    return int(amount)


def seconds_of(value: object) -> float:
    amount = _quantity(value, _DURATIONS)
    if amount is None or amount > _MAX_SECONDS:
        raise ValueError('a time such as "90 s", "10 min" or a number of seconds')
    return amount


def count_of(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise ValueError("a whole number")
    return value


# How a limit is read, and the least that it may be.
_LIMITS: Mapping[str, tuple[Callable[[object], float], int]] = {
    "memory": (size_of, MIN_MEMORY),
    "cpu_time": (seconds_of, 0),
    "wall_time": (seconds_of, 0),
    "output_rate": (size_of, 0),
    "open_files": (count_of, MIN_OPEN_FILES),
}


def _quantity(value: object, units: Mapping[str, float]) -> float | None:
    """A number, or a number with a unit; None when it is neither, or less than nothing."""
    number: float
    if isinstance(value, str):
        digits = value.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        factor = units.get(value[len(digits) :])
        if factor is None or not digits or not digits[0].isdecimal():
            return None
        try:
            number = float(digits) * factor
        except ValueError:
            return None
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        number = value
    else:
        return None
    return number if number >= 0 else None  # NaN is not


def size_text(size: int) -> str:
    """Bytes for a person: ``2 GiB``."""
    return next(f"{size / factor:.4g} {unit}" for unit, factor in _SIZES.items() if size >= factor or factor == 1)


def seconds_text(seconds: float) -> str:
    """A time for a person: ``10 min``."""
    for unit, factor in _DURATIONS.items():
        if seconds >= factor and (seconds / factor).is_integer():
            return f"{seconds / factor:.0f} {unit}"
    return f"{seconds:g} s"


def _refuse_unknown_keys(document: dict[str, Any], path: Path) -> None:
    for keys, known in _KNOWN_KEYS.items():
        for key in setting(document, path, keys, dict, {}):
            if key not in known:
                name = ".".join((*keys, key))
                from difflib import get_close_matches

                nearest = get_close_matches(key, known, 1, _NEAR)
                if keys in {("tools",), ("runtime", "security")} and not nearest:
                    continue  # settings of other tools, which the runtime does not read
                advice = f"did you mean '{'.'.join((*keys, nearest[0]))}'?" if nearest else f"known: {', '.join(known)}"
                raise ConfigurationError(f"{path}: {name}: there is no such setting; {advice}")


def setting(document: Mapping[str, Any], path: Path, keys: tuple[str, ...], kind: type[T], default: T) -> T:
    """What stands at ``keys``. Raises ConfigurationError when it is of another kind."""
    value: Any = document
    for depth, key in enumerate(keys):
        if not isinstance(value, dict):
            raise ConfigurationError(f"{path}: {'.'.join(keys[:depth])}: expected a table")
        if key not in value:
            return default
        value = value[key]
    if not isinstance(value, kind):
        expected = "a table" if kind is dict else kind.__name__
        raise ConfigurationError(f"{path}: {'.'.join(keys)}: expected {expected}, got {type(value).__name__} {value!r}")
    return value
