"""The host half of the global `LocalLLM`: each question starts a job that the Lua half waits for."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, cast

from ..host import Host, HostError
from ..values import Value

if TYPE_CHECKING:
    from ..providers.ollama import OllamaProvider

BACKENDS = ("ollama", "candle")


def register(host: Host) -> None:
    host.register("LocalLLM.list", list_models)
    host.register("LocalLLM.info", info)
    host.register("LocalLLM.pull", pull)
    host.register("LocalLLM.status", status)


def list_models(host: Host, backend: str | None = None) -> Value:
    from ..providers import local_models

    if backend is not None and backend not in BACKENDS:
        raise HostError(f"LocalLLM.list: backend: '{backend[:60]}' is none of {', '.join(BACKENDS)}")
    if backend == "candle":
        raise HostError(f"LocalLLM.list: backend 'candle': {local_models.NO_CANDLE}")
    return _asked(host, "LocalLLM.list", local_models.models)


def info(host: Host, model: str) -> Value:
    from ..providers import local_models

    name = _model("LocalLLM.info", "model_id", model)
    return _asked(host, "LocalLLM.info", lambda ollama: local_models.describe(ollama, name))


def pull(host: Host, specification: str) -> Value:
    from ..providers import local_models

    name = _model("LocalLLM.pull", "model_spec", specification)
    return _asked(host, "LocalLLM.pull", lambda ollama: local_models.pull(ollama, name))


def status(host: Host) -> Value:
    from ..providers import local_models

    return _asked(host, "LocalLLM.status", local_models.status)


def _model(who: str, argument: str, text: str) -> str:
    """The model of ``model:variant@backend``. Raises HostError for a back end that is not Ollama."""
    from ..providers.local_models import NO_CANDLE

    name, _, backend = text.rpartition("@") if "@" in text else (text, "", "ollama")
    if backend == "candle":
        raise HostError(f"{who}: {argument}: backend 'candle': {NO_CANDLE}")
    if backend != "ollama":
        raise HostError(f"{who}: {argument}: backend '{backend[:60]}' is none of {', '.join(BACKENDS)}")
    if not name:
        raise HostError(f"{who}: {argument}: the model's name is empty")
    return name.removeprefix("local/").removeprefix("ollama/")


def _asked(host: Host, who: str, work: "Callable[[OllamaProvider], Coroutine[Any, Any, Value]]") -> Value:
    from ..providers.background import start
    from ..providers.errors import ProviderError

    try:
        settings = host.providers.settings("ollama")
        if settings.dialect != "ollama":
            raise HostError(f"{who}: {settings.setting('type')} is '{settings.dialect}', not 'ollama'")
        provider = host.providers.get(settings)
    except ProviderError as error:
        raise HostError(f"{who}: {error}") from None
    return start(host, work(cast("OllamaProvider", provider)))
