"""The providers of the catalogue are those that the runtime knows, with the same variables for their keys."""

from llmspell_analysis.catalogue import load_catalogue
from llmspell_kernel.runtime.providers.known import IMPOSSIBLE, KNOWN
from llmspell_kernel.runtime.providers.model_name import LOCAL

PROVIDERS = load_catalogue().providers


def test_the_names_are_the_runtimes() -> None:
    assert PROVIDERS.keys() == KNOWN.keys() | IMPOSSIBLE.keys() | {LOCAL}


def test_keys_come_from_the_same_variables() -> None:
    assert {name: PROVIDERS[name] for name in KNOWN} == {name: known.api_key_env for name, known in KNOWN.items()}
