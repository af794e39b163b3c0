"""The tool `uuid-generator`: UUIDs and ids made of them.

Invariant: nothing in an id tells about the machine; version 1 gets a random node instead of the network address.
"""

import hashlib
import secrets
import time
import uuid

from ..values import Value
from .output import ToolError, ToolOutput, envelope, plain_json
from .registry import Parameters, ToolContext

_NAMESPACES = {
    "dns": uuid.NAMESPACE_DNS,
    "url": uuid.NAMESPACE_URL,
    "oid": uuid.NAMESPACE_OID,
    "x500": uuid.NAMESPACE_X500,
    "agent": uuid.uuid5(uuid.NAMESPACE_DNS, "agent.llmspell"),
    "tool": uuid.uuid5(uuid.NAMESPACE_DNS, "tool.llmspell"),
    "workflow": uuid.uuid5(uuid.NAMESPACE_DNS, "workflow.llmspell"),
}
SHORT_LENGTH = 8


def run(parameters: Parameters, _context: ToolContext) -> ToolOutput:
    match parameters["operation"]:
        case "generate":
            return _generate(parameters)
        case "component_id":
            prefix = parameters.get("prefix", "component")
            identifier = f"{prefix}_{_random_part(parameters['short'])}"
            return envelope("component_id", {"id": identifier, "prefix": prefix, "short": parameters["short"]})
        case "deterministic":
            namespace, name = parameters.get("namespace", "dns"), parameters["name"]
            identifier = str(_named(_namespace(namespace), name))
            return envelope("deterministic", {"id": identifier, "namespace": namespace, "name": name})
        case "custom":
            return _custom(parameters)
    return _validate(parameters["uuid"])


def _generate(parameters: Parameters) -> ToolOutput:
    version = "v" + parameters["version"].removeprefix("v")
    if version == "v1":
        # RFC 9562, 6.10: a random node has its multicast bit set.
        made = uuid.uuid1(node=secrets.randbits(48) | 1 << 40)
    elif version == "v4":
        made = uuid.uuid4()
    else:
        missing = [each for each in ("namespace", "name") if each not in parameters]
        if missing:
            raise ToolError(f"missing parameter '{missing[0]}', which version 5 needs", "invalid_parameters")
        made = _named(_namespace(parameters["namespace"]), parameters["name"])
    form = parameters["format"]
    return envelope("generate", {"uuid": _written(made, form), "version": version, "format": form})


def _custom(parameters: Parameters) -> ToolOutput:
    parts = [parameters["prefix"]] if parameters.get("prefix") else []
    if parameters["timestamp"]:
        parts.append(str(time.time_ns() // 1_000_000))
    parts.append(_random_part(parameters["short"]))
    if parameters.get("suffix"):
        parts.append(parameters["suffix"])
    result: Value = {
        "id": "_".join(parts),
        "timestamp": parameters["timestamp"],
        "short": parameters["short"],
    }
    return envelope("custom", result)


def _validate(text: str) -> ToolOutput:
    try:
        found = uuid.UUID(text)
    except ValueError:
        return plain_json({"valid": False, "uuid": text})
    variant = "RFC4122" if found.variant == uuid.RFC_4122 else found.variant
    version = None if found.version is None else f"v{found.version}"
    return plain_json({"valid": True, "uuid": text, "version": version, "variant": variant})


def _namespace(text: str) -> uuid.UUID:
    known = _NAMESPACES.get(text.lower())
    if known is not None:
        return known
    try:
        return uuid.UUID(text)
    except ValueError:
        raise ToolError(
            f"parameter 'namespace': expected {', '.join(_NAMESPACES)} or a UUID, got {text[:60]!r}",
            "invalid_parameters",
        ) from None


def _named(namespace: uuid.UUID, name: str) -> uuid.UUID:
    """Version 5 (RFC 9562, 5.5). uuid.uuid5 does not take names that are not UTF-8."""
    digest = hashlib.sha1(namespace.bytes + name.encode("utf-8", "surrogateescape"), usedforsecurity=False).digest()
    return uuid.UUID(bytes=digest[:16], version=5)


def _random_part(short: bool) -> str:
    made = uuid.uuid4()
    return made.hex[:SHORT_LENGTH] if short else str(made)


def _written(value: uuid.UUID, form: str) -> str:
    match form:
        case "simple":
            return value.hex
        case "urn":
            return value.urn
        case "braced":
            return f"{{{value}}}"
    return str(value)
