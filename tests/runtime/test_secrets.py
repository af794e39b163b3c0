"""What is shown in the place of secrets, and what is shown as it is."""

import pytest
from llmspell_kernel.runtime.secrets import REDACTED, redacted

SECRET = ["api_key", "API-KEY", "openai_apikey", "client_secret", "secret_key", "access_token", "password", "cookie"]
PLAIN = ["api_key_env", "max_tokens", "tokens", "key", "monkey", "secretary", "password_length", "name"]


@pytest.mark.parametrize("name", SECRET)
def test_a_setting_named_like_a_secret_is_not_shown(name):
    assert redacted({"a": [{name: "x"}]}) == {"a": [{name: REDACTED}]}
    assert redacted({name: {"nested": 1}}) == {name: REDACTED}


@pytest.mark.parametrize("name", PLAIN)
def test_other_settings_are_shown(name):
    assert redacted({name: "x"}) == {name: "x"}
    assert redacted(f"{name} = 5") == f"{name} = 5"


@pytest.mark.parametrize("value", [None, True, False])
def test_whether_there_is_a_secret_is_shown(value):
    assert redacted({"password": value}) == {"password": value}


TEXTS = {
    "password=abc": "password=[redacted]",
    "API_KEY: abc, size: 3": "API_KEY: [redacted], size: 3",
    '{api_key = "a \\" b", n = 1}': "{api_key = [redacted], n = 1}",
    '{"token": "abc"}': '{"token": [redacted]}',
    "Authorization: Bearer abc": "Authorization: [redacted] [redacted]",
    "postgres://me:abc@host/db": "postgres://me:[redacted]@host/db",
    "http://host:80/a@b": "http://host:80/a@b",
    "key sk-abcdefghijklmnopqrst.": "key [redacted].",
    "task-abcdefghijklmnopqrst": "task-abcdefghijklmnopqrst",
    "the password is long": "the password is long",
}


@pytest.mark.parametrize("text", TEXTS)
def test_secrets_within_a_text_are_not_shown(text):
    assert redacted(text) == TEXTS[text]


def test_what_was_redacted_stays_so():
    once = redacted({"t": list(TEXTS)})
    assert redacted(once) == once
