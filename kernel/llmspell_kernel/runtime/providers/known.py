"""The providers that LLMSpell knows by name: how each is talked to, where it is, and what names its key.

A server that is compatible with one of the dialects needs no entry here: ``type`` and ``base_url`` in
``[providers.<name>]`` say the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Dialect = Literal["openai", "anthropic", "ollama", "mock", "any-llm"]
DIALECTS: tuple[Dialect, ...] = ("openai", "anthropic", "ollama", "mock", "any-llm")


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """``contexts``: beginnings of models' names and the tokens that their context holds; the first that fits counts."""

    dialect: Dialect
    base_url: str = ""
    api_key_env: str = ""
    contexts: tuple[tuple[str, int], ...] = (("", 32_768),)
    is_multimodal: bool = False


KNOWN: Mapping[str, KnownProvider] = {
    "openai": KnownProvider(
        "openai",
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        (
            ("gpt-4.1", 1_000_000),
            ("gpt-4", 128_000),
            ("gpt-5", 400_000),
            ("o", 200_000),
            ("gpt-3.5-turbo", 16_384),
            ("", 8192),
        ),
        is_multimodal=True,
    ),
    "anthropic": KnownProvider(
        "anthropic",
        "https://api.anthropic.com",
        "ANTHROPIC_API_KEY",
        (("claude-2", 100_000), ("claude-instant", 100_000), ("", 200_000)),
        is_multimodal=True,
    ),
    "cohere": KnownProvider("openai", "https://api.cohere.ai/compatibility/v1", "COHERE_API_KEY", (("", 128_000),)),
    "gemini": KnownProvider(
        "openai",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "GEMINI_API_KEY",
        (("gemini-2.5", 1_000_000), ("", 32_768)),
        is_multimodal=True,
    ),
    "ollama": KnownProvider("ollama", "http://localhost:11434", contexts=(("", 8192),), is_multimodal=True),
    "groq": KnownProvider("openai", "https://api.groq.com/openai/v1", "GROQ_API_KEY", (("", 131_072),)),
    "perplexity": KnownProvider("openai", "https://api.perplexity.ai", "PERPLEXITY_API_KEY", (("", 128_000),)),
    "together": KnownProvider("openai", "https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "mistral": KnownProvider("openai", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", (("", 131_072),)),
    "replicate": KnownProvider("any-llm", "", "REPLICATE_API_TOKEN"),
    "fireworks": KnownProvider("openai", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "mock": KnownProvider("mock"),
}
# Named in the catalogue, and not possible here.
IMPOSSIBLE: Mapping[str, str] = {
    "candle": "there is no in-process inference here; run the model in Ollama and use 'ollama/<model>'",
}
