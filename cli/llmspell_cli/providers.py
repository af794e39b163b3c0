"""``llmspell provider test``: whether the configured providers of models can be reached, and take their keys."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmspell_kernel.protocol.connection import llmspell_home
from llmspell_kernel.runtime.configuration import find_project_root, load_configuration
from llmspell_kernel.runtime.host import HostContext
from llmspell_kernel.runtime.providers.errors import ProviderError
from llmspell_kernel.runtime.providers.listing import missing_key
from llmspell_kernel.runtime.providers.model import Done, Message, Request, TextDelta
from llmspell_kernel.runtime.providers.providers import make
from llmspell_kernel.runtime.providers.settings import ProviderSettings, provider_names, read_settings
from llmspell_kernel.runtime.secrets import redacted

from llmspell_cli.report import OperationError, Outcome
from llmspell_cli.table import table

QUESTION = "Answer with the one word: ready"
_SHOWN_MODELS = 5


@dataclass(frozen=True, slots=True)
class _Result:
    name: str
    base_url: str
    models: tuple[str, ...] = ()
    answer: str | None = None
    seconds: float = 0.0
    error: str | None = None


def test(name: str | None, model: str | None) -> Outcome:
    """Ask one provider, or all that are configured, for their models; and ``model`` for an answer."""
    root = find_project_root(Path.cwd())
    context = HostContext(root, llmspell_home(), load_configuration(root))
    tables = context.configuration.document.get("providers")
    tables = tables if isinstance(tables, dict) else {}
    names = provider_names(tables) if name is None else (name,)
    if not names:
        raise OperationError(f"no provider is configured: {root / 'llmspell.toml'} has no table [providers.NAME]")
    if model is not None and name is None:
        raise OperationError("--model needs the name of the provider that has the model")
    results = asyncio.run(_all([_settings(one, tables, root) for one in names], context, model))
    failed = [one.name for one in results if one.error]
    return Outcome(
        {"providers": [_document(one) for one in results]},
        table([("PROVIDER", "ADDRESS", "TIME", "RESULT"), *(_row(one) for one in results)]),
        f"failed: {', '.join(failed)}" if failed else None,
    )


def _settings(name: str, tables: dict[str, object], root: Path) -> ProviderSettings | _Result:
    try:
        return read_settings(name, tables, root)
    except ProviderError as error:
        return _Result(name, "", error=str(error))


async def _all(
    given: Sequence[ProviderSettings | _Result], context: HostContext, model: str | None
) -> Sequence[_Result]:
    return await asyncio.gather(*(_one(settings, context, model) for settings in given))


async def _one(settings: ProviderSettings | _Result, context: HostContext, model: str | None) -> _Result:
    if isinstance(settings, _Result):
        return settings
    name, url = settings.name, str(redacted(settings.base_url))  # it may hold a password
    if not settings.enabled:
        return _Result(name, url, error=f"it is off; set {settings.setting('enabled')} = true")
    if missing := missing_key(settings):
        return _Result(name, url, error=missing)
    started = time.monotonic()
    answer = None
    try:
        provider = make(settings, context)
        try:
            models = tuple(await provider.models())
            if model is not None:
                request = Request(model, (Message("user", QUESTION),), max_tokens=settings.max_tokens)
                events = [event async for event in provider.stream(request) if not isinstance(event, Done)]
                answer = "".join(event.text for event in events if isinstance(event, TextDelta))
        finally:
            await provider.close()
    except ProviderError as error:
        return _Result(name, url, seconds=time.monotonic() - started, error=str(error))
    return _Result(name, url, models, answer, time.monotonic() - started)


def _document(result: _Result) -> dict[str, object]:
    document: dict[str, object] = {
        "name": result.name,
        "base_url": result.base_url,
        "is_usable": result.error is None,
        "seconds": round(result.seconds, 3),
        "models": list(result.models),
    }
    if result.answer is not None:
        document["answer"] = result.answer
    if result.error is not None:
        document["error"] = result.error
    return document


def _row(result: _Result) -> tuple[str, str, str, str]:
    if result.error is not None:
        said = result.error
    else:
        shown = ", ".join(result.models[:_SHOWN_MODELS]) + (", …" if len(result.models) > _SHOWN_MODELS else "")
        said = f"usable, {len(result.models)} model{'' if len(result.models) == 1 else 's'}: {shown}"
        if result.answer is not None:
            said = f"{said}; answers: {' '.join(result.answer.split())}"
    return result.name, result.base_url or "-", f"{result.seconds:.2f} s", said
