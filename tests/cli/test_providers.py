"""``llmspell provider test``."""

import json
import socket


def test_a_provider_that_answers_is_usable(llmspell, asked, folder):
    (folder / "llmspell.toml").write_text('[providers.mock]\nscript = "replies.json"\n')
    (folder / "replies.json").write_text(json.dumps({"replies": [{"model": "m", "text": "ready"}]}))
    done = llmspell("provider", "test")
    assert (done.returncode, done.stderr) == (0, "")
    assert "usable, 2 models: echo, m" in done.stdout
    (found,) = asked("provider", "test", "mock", "--model", "m")["providers"]
    assert (found["is_usable"], found["models"], found["answer"]) == (True, ["echo", "m"], "ready")


def test_what_is_wrong_with_each_is_said(llmspell, asked, folder, monkeypatch):
    for name in ("OPENAI_API_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        secret = url.replace("://", "://me:hidden@")
        (folder / "llmspell.toml").write_text(
            f'[providers.ollama]\nbase_url = "{secret}"\nmax_retries = 0\n'
            "[providers.openai]\n[providers.odd]\ntimeout = 5\n"
        )
        document = asked("provider", "test", exit_code=1)
    assert "hidden" not in json.dumps(document)
    assert document["error"] == "failed: ollama, openai, odd"
    errors = {one["name"]: one["error"] for one in document["providers"]}
    assert errors["ollama"].startswith(f"provider 'ollama' cannot be reached at {url}")
    assert "set the environment variable OPENAI_API_KEY" in errors["openai"]
    assert errors["odd"].startswith("unknown provider 'odd'")


def test_nothing_configured_is_said(llmspell):
    done = llmspell("provider", "test")
    assert done.returncode == 1
    assert "no provider is configured" in done.stderr
