"""The models of a local Ollama: listed, described and downloaded.

Invariant: what is told is what the server says; there is no in-process inference, and every answer about it says so.
"""

from collections.abc import Mapping
from typing import Any

from ..values import Value
from .errors import ProviderError
from .known import IMPOSSIBLE
from .ollama import OllamaProvider

NO_CANDLE = IMPOSSIBLE["candle"]


async def models(ollama: OllamaProvider) -> Value:
    return [_entry(one) for one in await ollama.tags()]


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("name") or entry.get("model") or "")


def _entry(entry: Mapping[str, Any]) -> dict[str, Value]:
    details = entry.get("details") or {}
    size = entry.get("size")
    return {
        "id": _name(entry),
        "backend": "ollama",
        "size_bytes": size if isinstance(size, int) else 0,
        "quantization": details.get("quantization_level") or None,
        "modified_at": str(entry.get("modified_at") or ""),
    }


def _is_named(entry: Mapping[str, Any], model: str) -> bool:
    return _name(entry) in {model, f"{model}:latest"}


async def describe(ollama: OllamaProvider, model: str) -> Value:
    """Raises ProviderError when there is no such model."""
    shown = await ollama.connection.post("/api/show", {"model": model}, model)
    details: Any = (shown.get("details") if isinstance(shown, dict) else None) or {}
    entry: Any = next((one for one in await ollama.tags() if _is_named(one, model)), {})
    running = await ollama.connection.get("/api/ps")
    loaded = running.get("models") if isinstance(running, dict) else []
    size = entry.get("size")
    return {
        "id": _name(entry) or model,
        "backend": "ollama",
        "size_bytes": size if isinstance(size, int) else 0,
        "format": str(details.get("format") or "unknown"),
        "loaded": any(_is_named(one, model) for one in loaded or [] if isinstance(one, dict)),
        "parameter_count": details.get("parameter_size") or None,
        "quantization": details.get("quantization_level") or None,
    }


async def pull(ollama: OllamaProvider, model: str) -> Value:
    """Downloads a model; the last state of the download."""
    layers: dict[str, tuple[int, int]] = {}
    status = ""
    async for part in ollama.lines("/api/pull", {"model": model, "stream": True}, model):
        status = str(part.get("status") or status)
        total, done = part.get("total"), part.get("completed")
        if isinstance(part.get("digest"), str) and isinstance(total, int):
            layers[part["digest"]] = (done if isinstance(done, int) else 0), total
    if status != "success":
        raise ProviderError("protocol", f"the download of '{model}' ended in the middle: {status or 'no answer'}")
    done = sum(one for one, _ in layers.values())
    total = sum(one for _, one in layers.values())
    return {
        "model_id": model,
        "percent_complete": 100.0,
        "bytes_downloaded": done,
        "bytes_total": total or None,
        "status": "complete",
    }


async def status(ollama: OllamaProvider) -> Value:
    candle: Value = {"ready": False, "models": 0, "error": NO_CANDLE}
    try:
        version = await ollama.connection.get("/api/version")
        count = len(await ollama.tags())
    except ProviderError as error:
        return {"ollama": {"running": False, "models": 0, "error": str(error)}, "candle": candle}
    number = version.get("version") if isinstance(version, dict) else None
    return {"ollama": {"running": True, "models": count, "version": str(number or "")}, "candle": candle}
