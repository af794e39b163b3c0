"""``[providers.<name>]`` of ``llmspell.toml``: what each setting means, read and checked.

Invariant: a mistake is reported with the setting's name; a key is in no message and in no representation.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .errors import ProviderError
from .known import DIALECTS, IMPOSSIBLE, KNOWN, Dialect, KnownProvider

# Settings of [providers] itself.
OF_ALL = ("default_provider",)
# Names that other versions of LLMSpell use.
_ALIASES: Mapping[str, str] = {
    "provider_type": "type",
    "timeout_seconds": "timeout",
    "timeout_secs": "timeout",
    "model": "default_model",
}
_TEXTS = ("type", "base_url", "api_key", "api_key_env", "default_model", "proxy", "script")
_NUMBERS: Mapping[str, tuple[float, float]] = {  # least and most
    "timeout": (0.01, 86_400),
    "connect_timeout": (0.01, 3600),
    "max_retries": (0, 20),
    "max_concurrent_requests": (1, 1000),
    "requests_per_minute": (0, 1e9),
    "max_context_tokens": (1, 1e9),
    "max_tokens": (1, 1e9),
    "temperature": (0, 2),
}
_WHOLE = frozenset({"max_retries", "max_concurrent_requests", "max_context_tokens", "max_tokens"})
_OTHERS = ("enabled", "headers", "models", "prices")
KEYRING_SERVICE = "llmspell"


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """How one provider is reached.

    - ``dialect`` (setting ``type``): openai, anthropic, ollama, mock or any-llm. Default: the name's.
    - ``base_url``: where it is. Default: the name's.
    - ``api_key``: the key, or the environment variable ``api_key_env``, or the keyring's entry of the service
      ``llmspell`` with the provider's name.
    - ``timeout``: seconds without a byte until a request fails. Default: 120. ``connect_timeout``: 10.
    - ``max_retries``: how often a request is tried again after a failure that may pass. Default: 2.
    - ``max_concurrent_requests``: how many requests are under way at once; others wait. Default: 16.
    - ``requests_per_minute``: how many may begin in a minute. Default: 0, no limit.
    - ``proxy``: URL of a proxy. Default: what the environment says (``HTTPS_PROXY``, ``NO_PROXY``).
    - ``headers``: further headers of each request.
    - ``default_model``, ``max_tokens``, ``temperature``: for agents that say none.
    - ``models``: names for ``Provider.list``; ``max_context_tokens``: of its models.
    - ``prices``: by model, ``{input, output}``: what a million tokens cost.
    - ``script``: the file of the provider ``mock``.
    - ``is_trusted``: it is reached as ``llmspell.toml`` says. Where a script has changed that, no key is sent that the
      script has not given itself.
    """

    name: str
    dialect: Dialect
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    api_key_env: str = ""
    enabled: bool = True
    timeout: float = 120.0
    connect_timeout: float = 10.0
    max_retries: int = 2
    max_concurrent_requests: int = 16
    requests_per_minute: float = 0.0
    proxy: str = field(default="", repr=False)  # it may hold a password
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    default_model: str = ""
    models: tuple[str, ...] = ()
    max_context_tokens: int = 0
    max_tokens: int | None = None
    temperature: float | None = None
    prices: tuple[tuple[str, float, float], ...] = ()
    script: Path | None = None
    is_trusted: bool = True

    def setting(self, name: str) -> str:
        """The setting's name as the file has it, for messages."""
        return f"providers.{self.name}.{name}"


def check_file(tables: Mapping[str, Any], path: Path) -> None:
    """Raises ConfigurationError for a faulty setting in the file."""
    from ..configuration import ConfigurationError

    for name, table in tables.items():
        if isinstance(table, dict):
            try:
                _check(name, _named(table))
            except ProviderError as error:
                raise ConfigurationError(f"{path}: {error}") from None
        elif name not in OF_ALL:
            raise ConfigurationError(f"{path}: providers.{name}: expected a table, got {type(table).__name__}")


def _named(table: Mapping[str, Any]) -> dict[str, Any]:
    """The settings under the names that they have here."""
    return {_ALIASES.get(key, key): value for key, value in table.items()}


def provider_names(tables: Mapping[str, Any]) -> tuple[str, ...]:
    """Those that the file has tables for."""
    return tuple(name for name, table in tables.items() if isinstance(table, dict))


def effective_settings(
    name: str,
    file: Mapping[str, Any],
    tables: Mapping[str, Any],
    project_root: Path,
    overrides: Mapping[str, Any] | None = None,
) -> ProviderSettings:
    """The settings of a provider as they are now. ``file`` is ``[providers]`` of ``llmspell.toml``, ``tables`` what the
    script has made of it, ``overrides`` what an agent sets itself. Raises ProviderError."""
    settings = read_settings(name, tables, project_root, overrides)
    if tables.get(name) == file.get(name) and not (overrides or {}).get("base_url"):
        return settings
    try:
        own = read_settings(name, file, project_root)
    except ProviderError:  # the file does not know it
        own = ProviderSettings(name, settings.dialect)
    if settings.script not in {None, own.script} and not _is_within(settings.script, project_root):
        raise _problem(f"{settings.setting('script')}: a script may name files of the project alone")
    if _destination(settings) == _destination(own):
        return settings
    if settings.proxy != own.proxy:  # it would be connected to, wherever it is
        raise _problem(f"{settings.setting('proxy')}: a script names no proxy; set it in llmspell.toml")
    given = (overrides or {}).get("api_key") or ""
    if not given and settings.api_key != own.api_key:
        given = settings.api_key  # the script's own
    return replace(settings, api_key=given, api_key_env="", is_trusted=False)


def _is_within(path: Path | None, folder: Path) -> bool:
    try:
        return path is not None and path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # a circle of links, a NUL
        return False


def _destination(settings: ProviderSettings) -> tuple[str, ...]:
    """Where its key goes, and which."""
    return settings.base_url, settings.proxy, settings.api_key_env, settings.dialect


def read_settings(
    name: str, tables: Mapping[str, Any], project_root: Path, overrides: Mapping[str, Any] | None = None
) -> ProviderSettings:
    """The settings of a provider, with what an agent sets itself. Raises ProviderError."""
    if name in IMPOSSIBLE:
        raise _problem(f"provider '{name}': {IMPOSSIBLE[name]}")
    table = tables.get(name)
    given = _named(table) if isinstance(table, dict) else {}
    given |= {key: value for key, value in (overrides or {}).items() if value is not None}
    _check(name, given)
    known = _known(name, given)
    dialect: Dialect = given.get("type", known.dialect) if given.get("type") in DIALECTS else known.dialect
    script = given.get("script")
    numbers: dict[str, Any] = {
        key: int(given[key]) if key in _WHOLE else float(given[key]) for key in _NUMBERS if key in given
    }
    return ProviderSettings(
        name=name,
        dialect=dialect,
        base_url=(given.get("base_url") or _ollama_host(dialect) or known.base_url).rstrip("/"),
        api_key=given.get("api_key", ""),
        api_key_env=given.get("api_key_env", known.api_key_env),
        enabled=given.get("enabled", True),
        proxy=given.get("proxy", ""),
        headers=tuple(sorted(given.get("headers", {}).items())),
        default_model=given.get("default_model", ""),
        models=tuple(given.get("models", ())),
        prices=tuple(sorted((model, one["input"], one["output"]) for model, one in given.get("prices", {}).items())),
        script=project_root / Path(script).expanduser() if script else None,
        **numbers,
    )


def api_key(settings: ProviderSettings) -> str:
    """Its key; empty when there is none. Raises ProviderError when the keyring fails."""
    if settings.api_key:
        return settings.api_key
    if settings.api_key_env and (value := os.environ.get(settings.api_key_env, "").strip()):
        return value
    return _from_keyring(settings) if settings.is_trusted else ""


def _ollama_host(dialect: Dialect) -> str:
    """Where Ollama's own programs look for it."""
    host = os.environ.get("OLLAMA_HOST", "").strip() if dialect == "ollama" else ""
    if not host or "://" in host:
        return host
    return f"http://{host}" if ":" in host else f"http://{host}:11434"


def _from_keyring(settings: ProviderSettings) -> str:
    try:
        import keyring
    except ImportError:  # the extra is not installed
        return ""
    try:
        return keyring.get_password(KEYRING_SERVICE, settings.name) or ""
    except keyring.errors.KeyringError:
        return ""  # a machine without a keyring that can be opened


def _known(name: str, given: Mapping[str, Any]) -> KnownProvider:
    if given.get("type") in IMPOSSIBLE:
        raise _problem(f"provider '{name}': {IMPOSSIBLE[given['type']]}")
    if name in KNOWN:
        return KNOWN[name]
    kind = given.get("type")
    if kind is None:
        from difflib import get_close_matches

        near = get_close_matches(name, KNOWN, 1, 0.6)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(KNOWN)}"
        raise _problem(
            f"unknown provider '{name[:100]}'; {hint} For another server set type and base_url in "
            f"[providers.{name[:100]}] of llmspell.toml"
        )
    known = KNOWN.get(kind, KnownProvider("any-llm"))
    needs_url = kind in DIALECTS and kind not in {"mock", "any-llm"} and not given.get("base_url")
    if needs_url:
        raise _problem(f"providers.{name}.base_url is missing: where the server of provider '{name}' is")
    return KnownProvider(known.dialect, known.base_url, "", known.contexts, known.is_multimodal)


def _check(name: str, given: Mapping[str, Any]) -> None:
    for key, value in given.items():
        setting = f"providers.{name}.{key}"
        if key in _TEXTS:
            _expect(isinstance(value, str), setting, "a text", value)
        elif key in _NUMBERS:
            least, most = _NUMBERS[key]
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            _expect(is_number and least <= value <= most, setting, f"a number from {least:g} to {most:g}", value)
            _expect(key not in _WHOLE or float(value).is_integer(), setting, "a whole number", value)
        elif key == "enabled":
            _expect(isinstance(value, bool), setting, "true or false", value)
        elif key == "headers":
            is_table = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
            _expect(is_table, setting, "a table of texts", value)
        elif key == "models":
            is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
            _expect(is_list or value == {}, setting, "a list of texts", value)
        elif key == "prices":
            _check_prices(setting, value)
        else:
            from difflib import get_close_matches

            known = (*_TEXTS, *_NUMBERS, *_OTHERS)
            near = get_close_matches(key, known, 1, 0.6)
            hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
            raise _problem(f"{setting}: there is no such setting; {hint}")
    kind = given.get("type")
    if kind is not None and kind not in {*DIALECTS, *KNOWN, *IMPOSSIBLE}:
        raise _problem(f"providers.{name}.type: expected one of {', '.join(DIALECTS)}, got '{kind[:60]}'")


def _check_prices(setting: str, value: object) -> None:
    _expect(isinstance(value, dict), setting, "a table of models", value)
    for model, one in value.items() if isinstance(value, dict) else ():
        is_right = isinstance(one, dict) and all(
            isinstance(one.get(side), (int, float)) and not isinstance(one.get(side), bool) and one[side] >= 0
            for side in ("input", "output")
        )
        _expect(is_right, f"{setting}.{model}", "input and output, what a million tokens cost", one)


def _expect(holds: bool, setting: str, expected: str, value: object) -> None:
    if not holds:
        shown = "" if setting.endswith(("api_key", "headers", "proxy")) else f" {value!r:.60}"
        raise _problem(f"{setting}: expected {expected}, got {type(value).__name__}{shown}")


def _problem(message: str) -> ProviderError:
    return ProviderError("configuration", message)
