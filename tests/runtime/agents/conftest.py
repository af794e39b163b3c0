"""Agents of the provider mock, with the script that it answers from."""

import json

import pytest
from llmspell_kernel.runtime.configuration import Configuration


@pytest.fixture
def mocked(new_script):
    """A function that makes a Lua state whose provider mock answers from these replies."""

    def make(*replies, **providers):
        document = {"providers": {"mock": {"script": "replies.json"}, **providers}}
        made = new_script(configuration=Configuration(document=document))
        (made.runtime.host.context.project_root / "replies.json").write_text(json.dumps({"replies": replies}))
        return made

    return make
