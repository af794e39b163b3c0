"""Embeddings from a server with OpenAI's dialect: what is asked, what is kept, and what goes wrong."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from llmspell_kernel.runtime.configuration import Configuration


class Server:
    """Answers requests for embeddings; ``answer`` makes the body from the request's."""

    def __init__(self) -> None:
        self.requests = []
        self.status = 200
        self.answer = self.usual
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.requests.append((self.path, self.headers["authorization"], body))
                data = json.dumps(outer.answer(body)).encode()
                self.send_response(outer.status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever)
        self.thread.start()

    @staticmethod
    def usual(body):
        """Two dimensions: how often "a" and "b" stand in a text; in another order than that of the texts."""
        data = [{"index": i, "embedding": [one.count("a"), one.count("b")]} for i, one in enumerate(body["input"])]
        return {"data": data[::-1]}

    def close(self):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


@pytest.fixture
def script(server, new_script):
    address = f"http://127.0.0.1:{server.http.server_port}/v1"
    document = {
        "rag": {"enabled": True, "provider": "openai", "embedding_model": "small"},
        "providers": {"openai": {"base_url": address, "api_key": "sk-of-the-test", "max_retries": 0}},
    }
    return new_script(configuration=Configuration(document=document))


INGEST = "RAG.ingest({{id = 'a', content = 'aaaa'}, {id = 'b', content = 'bbbb'}})"


def test_documents_are_embedded_by_the_provider_and_found_by_it(script, server):
    script.run(INGEST)
    assert script.value("RAG.search('abb').results[1].id") == "b"
    assert server.requests[0] == (
        "/v1/embeddings",
        "Bearer sk-of-the-test",
        {"model": "small", "input": ["aaaa", "bbbb"]},
    )


def test_vectors_of_different_embedders_lie_side_by_side(script):
    script.run(INGEST)
    script.run("RAG.ingest({id = 'local', content = 'soup and bread'}, {provider = 'local'})")
    found = script.value("RAG.search('soup', {top_k = 3}).results")
    assert found[0]["id"] == "local"
    assert len(found) == 3


FAILURES = [
    (200, {"data": []}, "did not answer with 2 vectors of one length; is 'small' (rag.embedding_model)"),
    (200, [], "did not answer with 2 vectors"),
    (200, {"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}]}, "of one length"),
    (401, {"error": {"message": "bad key sk-of-the-test"}}, "refuses the key"),
    (500, {"error": {"message": "down"}}, "has failed (500: down)"),
]


@pytest.mark.parametrize(("status", "body", "message"), FAILURES, ids=range(len(FAILURES)))
def test_what_the_server_does_wrong_is_told_without_the_key(script, server, status, body, message):
    server.status, server.answer = status, lambda _body: body
    error = script.error(INGEST)
    assert message in error
    assert "sk-of-the-test" not in error
    assert script.value("RAG.get_stats('x')")["total_vectors"] == 0


def test_a_model_that_was_changed_does_not_compare_with_old_vectors(script, new_script):
    script.run(INGEST)
    document = dict(script.runtime.host.context.configuration.document)
    document["rag"] = {**document["rag"], "embedding_model": "large"}
    other = new_script(configuration=Configuration(document=document))
    assert "were made by 'openai/small'" in other.error("RAG.search('a')")


def test_a_provider_without_embeddings_says_so(script):
    assert "provider 'anthropic' offers no embeddings" in script.error(
        "RAG.ingest({content = 'x'}, {provider = 'anthropic'})"
    )


def test_waiting_for_a_provider_ends_with_an_interrupt(script, server):
    asked, go_on = threading.Event(), threading.Event()

    def answer(body):
        asked.set()
        go_on.wait(60)
        return Server.usual(body)

    def interrupt():
        asked.wait(60)
        script.runtime.async_hook.request("interrupt")

    server.answer = answer
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        assert script.runtime.execute(INGEST).error.kind == "interrupted"
    finally:
        go_on.set()
        thread.join()
