"""The host half of the global `Config`: the project's ``llmspell.toml`` as scripts see it, and what they may change.

Invariants: no secret leaves (``secrets.redacted``); a change holds for this session alone and never reaches the file;
security settings are read only.
"""

import json
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..host import Host, HostError
from ..secrets import redacted
from ..values import Value

SECTIONS = ("providers", "engines", "runtime", "tools", "security")
MAX_SNAPSHOTS = 100
MAX_ALLOWED_PATHS = 1000
MAX_PROVIDERS = 1000
MAX_NAME, MAX_PROVIDER_BYTES = 256, 64 * 1024
MAX_PATH = 4096
_INTEGERS = range(-(2**63), 2**63)
_PERMISSIONS: dict[str, Value] = {
    "read": True,
    "modify_providers": True,
    "modify_tools": True,
    "modify_runtime": True,
    "modify_security": False,
    "access_secrets": False,
}

# What a script of somebody else may not change: where it reads and writes, and which servers are asked.
_OF_ONES_OWN = ("modify_providers", "modify_tools", "modify_runtime")

Table = dict[str, Value]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    taken: int
    providers: Table
    allowed_paths: tuple[Path, ...]


@dataclass(slots=True)
class _Settings:
    """What one session has changed."""

    providers: Table
    snapshots: list[_Snapshot] = field(default_factory=list)


def register(host: Host) -> None:
    settings = _Settings(_table(_plain(host.context.configuration.document.get("providers"))))

    def whole(here: Host) -> Table:
        return _whole(here, settings)

    def section(here: Host, name: str) -> Value:
        if name not in SECTIONS:
            raise HostError(f"Config.getSection: there is no section '{name[:100]}' (known: {', '.join(SECTIONS)})")
        value = whole(here)
        return redacted(_table(value["runtime"])["security"] if name == "security" else value[name])

    def providers(_here: Host) -> Value:
        return [name for name in sorted(settings.providers) if isinstance(settings.providers[name], dict)]

    def provider(_here: Host, name: str) -> Value:
        value = settings.providers.get(name)
        return redacted(value) if isinstance(value, dict) else None

    def set_provider(here: Host, name: str, config: Table) -> None:
        _check_permission(here, "Config.setProvider", "modify_providers")
        if not name:
            raise HostError("Config.setProvider: the name is empty")
        if len(name) > MAX_NAME or len(json.dumps(config)) > MAX_PROVIDER_BYTES:
            raise HostError(
                f"Config.setProvider: a name may have {MAX_NAME} characters, and settings {MAX_PROVIDER_BYTES} bytes "
                "as JSON"
            )
        if name in settings.providers and not isinstance(settings.providers[name], dict):
            raise HostError(f"Config.setProvider: '{name}' is a setting of [providers], not the name of a provider")
        if name not in settings.providers and len(settings.providers) >= MAX_PROVIDERS:
            raise HostError(f"Config.setProvider: {MAX_PROVIDERS} providers are set, the limit")
        settings.providers = {**settings.providers, name: config}

    def snapshot(here: Host) -> None:
        paths = here.context.configuration.allowed_paths
        settings.snapshots.append(_Snapshot(int(time.time()), settings.providers, paths))
        del settings.snapshots[:-MAX_SNAPSHOTS]

    def restore(here: Host, timestamp: int) -> None:
        found = next((one for one in reversed(settings.snapshots) if one.taken <= timestamp), None)
        if found is None:
            known = ", ".join(str(one.taken) for one in settings.snapshots[-5:]) or "none; Config.snapshot() takes one"
            raise HostError(f"Config.restoreSnapshot: there is no snapshot at or before {timestamp} (taken: {known})")
        settings.providers = found.providers
        _allow(here, found.allowed_paths)

    host.provider_tables = lambda: settings.providers
    host.register("Config.get", lambda here: redacted(whole(here)))
    host.register("Config.getSection", section)
    host.register("Config.getPermissions", _permissions)
    host.register("Config.listProviders", providers)
    host.register("Config.getProvider", provider)
    host.register("Config.setProvider", set_provider)
    host.register("Config.addAllowedPath", _add_allowed_path)
    host.register("Config.snapshot", snapshot)
    host.register("Config.restoreSnapshot", restore)


def _permissions(host: Host) -> Table:
    if not host.context.configuration.security.is_strict:
        return dict(_PERMISSIONS)
    return {**_PERMISSIONS, **dict.fromkeys(_OF_ONES_OWN, False)}


def _check_permission(host: Host, function: str, permission: str) -> None:
    if _permissions(host)[permission] is not True:
        raise HostError(
            f"{function}: the policy 'strict' lets a script not do this ({permission} is off); "
            "it stands under [security] in llmspell.toml"
        )


def _whole(host: Host, settings: _Settings) -> Table:
    configuration = host.context.configuration
    document = _table(_plain(dict(configuration.document)))
    document.pop("security", None)  # it is the security of `runtime`
    runtime = _table(document.get("runtime"))
    security = {
        "policy": configuration.security.policy,
        "allow_file_access": configuration.security.files != "none",
        "allow_network_access": configuration.security.network,
        **_table(runtime.get("security")),
        "allow_process_spawn": configuration.allow_processes,
    }
    tools = _table(document.get("tools"))
    allowed: list[Value] = [str(path) for path in configuration.allowed_paths]
    files: Value = {**_table(tools.get("file-operations")), "allowed_paths": allowed}
    events = {
        "emit_timing_events": configuration.emit_timing_events,
        "emit_state_events": configuration.emit_state_events,
    }
    return {
        **document,
        "default_engine": str(document.get("default_engine", "lua")),
        "engines": {"lua": {}, **_table(document.get("engines"))},
        "providers": settings.providers,
        "runtime": {**runtime, "security": security},
        "tools": {**tools, "file-operations": files, "file_operations": files},
        "events": {**_table(document.get("events")), **events},
        "debug": _table(document.get("debug")),
        "rag": _table(document.get("rag")),
    }


def _add_allowed_path(host: Host, given: str) -> None:
    _check_permission(host, "Config.addAllowedPath", "modify_tools")
    if len(given) > MAX_PATH:
        raise HostError(f"Config.addAllowedPath: the path is longer than {MAX_PATH} characters")
    try:
        path = (host.context.project_root / Path(given).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # ~nobody, a NUL, a circle of links
        raise HostError(f"Config.addAllowedPath: path '{given[:200]}' cannot be used: {error}") from error
    if not given:
        raise HostError("Config.addAllowedPath: the path is empty")
    paths = host.context.configuration.allowed_paths
    if path in paths:
        return
    if len(paths) >= MAX_ALLOWED_PATHS:
        raise HostError(f"Config.addAllowedPath: {MAX_ALLOWED_PATHS} paths are allowed, the limit")
    _allow(host, (*paths, path))


def _allow(host: Host, paths: tuple[Path, ...]) -> None:
    host.context = replace(host.context, configuration=replace(host.context.configuration, allowed_paths=paths))


def _table(value: Value) -> Table:
    return dict(value) if isinstance(value, dict) else {}


def _plain(value: object) -> Value:
    """What TOML can hold as values that cross to Lua: dates as text, integers beyond 64 bits as floats."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value not in _INTEGERS:
        return float(value)
    if isinstance(value, (bool, int, float, str)):
        return value
    import datetime  # a quarter of a megabyte that is there already where a file has such a value

    return value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else None
