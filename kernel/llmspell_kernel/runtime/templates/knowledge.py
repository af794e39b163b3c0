"""What the template knowledge-management keeps: documents of a collection, in the project's vectors."""

from typing import Any

from ..host import Host, HostError
from ..retrieval.chunking import MIN_SIZE, chunking_of
from ..retrieval.documents import documents_of
from ..retrieval.storage import namespace_of
from ..values import Value
from .files import text_of

_FUNCTION = "Template.execute: knowledge-management"


def operate(host: Host, parameters: dict[str, Any]) -> Value:
    """What the operation gives. Raises HostError that names the parameter that it lacks."""
    namespace = namespace_of(_FUNCTION, "knowledge", parameters["collection"])
    documents = host.retrieval.documents
    match parameters["operation"]:
        case "ingest":
            return _stored(host, namespace, parameters, parameters.get("document_id"))
        case "update":
            identifier = _need(parameters, "document_id")
            if not any(one == identifier for one, _, _ in documents.listed(namespace)):
                raise HostError(f"{_FUNCTION}: there is no document '{identifier[:100]}' in the collection")
            return _stored(host, namespace, parameters, identifier)
        case "delete":
            identifier = _need(parameters, "document_id")
            return {"document_id": identifier, "deleted": documents.remove(namespace, identifier) > 0}
        case "list":
            return {
                "documents": [
                    {"document_id": identifier, "chunks": count, "metadata": metadata}
                    for identifier, count, metadata in documents.listed(namespace)
                ]
            }
    found = host.retrieval.search(namespace, _need(parameters, "query"), {"count": parameters["max_results"]})
    return {
        "results": [
            {"document_id": one.document, "content": one.content, "score": one.score, "metadata": one.metadata}
            for one in found
        ]
    }


def _stored(host: Host, namespace: str, parameters: dict[str, Any], identifier: str | None) -> Value:
    content, metadata = _need(parameters, "content"), {"source_type": parameters["source_type"]}
    if parameters["source_type"] == "file":
        metadata["path"], content = content, text_of(host, _FUNCTION, content)
    given: dict[str, Any] = {"content": content, "metadata": metadata, "id": identifier}
    (document,) = documents_of({key: value for key, value in given.items() if value is not None})
    how = chunking_of(_FUNCTION, _size(parameters), parameters["chunk_overlap"] * _CHARACTERS_OF_A_WORD, None)
    settings = host.retrieval.settings
    embedder = host.retrieval.embedder(_FUNCTION, settings.provider)
    result = host.retrieval.documents.ingest(namespace, [document], embedder, how)
    return {"document_id": document.id, "chunks": result["vectors_created"]}  # type: ignore[index,call-overload]


_CHARACTERS_OF_A_WORD = 6


def _size(parameters: dict[str, Any]) -> int:
    """`chunk_size` is in words."""
    return max(MIN_SIZE, int(parameters["chunk_size"]) * _CHARACTERS_OF_A_WORD)


def _need(parameters: dict[str, Any], name: str) -> str:
    value = parameters.get(name)
    if not value:
        raise HostError(f"{_FUNCTION}: operation '{parameters['operation']}' needs the parameter '{name}'")
    return str(value)
