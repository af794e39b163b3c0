"""Names of models as scripts write them: ``provider/model``, ``local/model:variant@ollama``, or a bare model.

Invariant: the provider ends at the first slash; an ``@backend`` counts for the provider ``local`` alone.
"""

from dataclasses import dataclass

DEFAULT_PROVIDER = "openai"
DEFAULT_BACKEND = "ollama"
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class ModelName:
    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


def split(text: str, provider: str | None = None) -> ModelName:
    """``provider`` is the one that was given beside the model; then a slash belongs to the model, as in
    ``meta-llama/Llama-3``, unless the provider is said twice. Raises ValueError that says what is missing."""
    name, slash, model = text.partition("/")
    if provider and not (slash and name == provider):
        name, model = provider, text
    elif not slash:
        name, model = DEFAULT_PROVIDER, text
    if not name:
        raise ValueError(f"the model '{text[:100]}' has no provider before its slash")
    if name == LOCAL:
        model, _, backend = model.partition("@")
        name = backend or DEFAULT_BACKEND
    if not model:
        raise ValueError(f"'{text[:100]}' names no model; a model is written provider/model")
    return ModelName(name, model)
