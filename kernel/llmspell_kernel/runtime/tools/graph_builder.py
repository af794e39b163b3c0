"""The tool `graph-builder`: graphs as JSON, made node by node, and figures of them.

Invariant: a graph that is given out is consistent: node ids are unique, and an edge joins nodes that are there. One
that comes in and is not is an error that names the place.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from ..values import Value
from .output import ToolError, ToolOutput, envelope, json_text
from .parameters import describe
from .registry import Parameters, ToolContext

MAX_BYTES = 16 * 1024 * 1024
MAX_NODES = 100_000
MAX_EDGES = 500_000
_NODE_FIELDS = {"label": str, "data": object}
_EDGE_FIELDS = {"label": str, "weight": (int, float), "data": object}

Graph = dict[str, Any]


def run(parameters: Parameters, _context: ToolContext) -> ToolOutput:
    operation = parameters["operation"]
    inner: Value = {
        "operation": operation,
        "success": True,
        "result": _OPERATIONS[operation](parameters),
        "metadata": {},
    }
    return envelope("graph_builder_execute", inner)


def _create(parameters: Parameters) -> Value:
    return {"graph_type": parameters["graph_type"], "nodes": [], "edges": []}


def _add_node(parameters: Parameters) -> Value:
    graph, name = _graph(parameters, "graph"), parameters["node_id"]
    if any(node["id"] == name for node in graph["nodes"]):
        raise ToolError(f"the graph has a node '{name[:60]}' already", "already_exists")
    graph["nodes"].append({"id": name, **_given(parameters, _NODE_FIELDS)})
    _refuse_large(graph)
    return graph


def _add_edge(parameters: Parameters) -> Value:
    graph = _graph(parameters, "graph")
    known = {node["id"] for node in graph["nodes"]}
    for end in ("from", "to"):
        if parameters[end] not in known:
            raise ToolError(
                f"parameter '{end}': the graph has no node '{parameters[end][:60]}'; add it with add_node", "not_found"
            )
    graph["edges"].append({"from": parameters["from"], "to": parameters["to"], **_given(parameters, _EDGE_FIELDS)})
    _refuse_large(graph)
    return graph


def _given(parameters: Parameters, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: parameters[name] for name in fields if parameters.get(name) is not None}


def _analyze(parameters: Parameters) -> Value:
    graph = _graph(parameters, "input")
    nodes, edges, directed = graph["nodes"], graph["edges"], graph["graph_type"] == "directed"
    ends = [(edge["from"], edge["to"]) for edge in edges]
    # An edge from a node to itself counts for both of its ends.
    degrees = Counter(end for pair in ends for end in pair)
    counts = [degrees[node["id"]] for node in nodes]
    joined = {pair if directed else tuple(sorted(pair)) for pair in ends if pair[0] != pair[1]}
    possible = len(nodes) * (len(nodes) - 1) // (1 if directed else 2)
    return {
        "node_count": len(nodes),
        "edge_count": len(edges),
        "graph_type": graph["graph_type"],
        "density": len(joined) / possible if possible else 0.0,
        "degree_statistics": {
            "max_degree": max(counts, default=0),
            "min_degree": min(counts, default=0),
            "average_degree": sum(counts) / len(counts) if counts else 0.0,
        },
        "properties": {
            "is_empty": not nodes,
            "is_complete": bool(nodes) and len(joined) == possible,
            "has_self_loops": any(start == end for start, end in ends),
        },
        "node_ids": [node["id"] for node in nodes],
        "note": "density counts each joined pair of nodes once and leaves out edges of a node to itself",
    }


def _export(parameters: Parameters) -> Value:
    graph = _graph(parameters, "input")
    return {
        "json": json_text(graph),
        "format": "json",
        "node_count": len(graph["nodes"]),
        "edge_count": len(graph["edges"]),
    }


def _import(parameters: Parameters) -> Value:
    return _graph(parameters, "input")


def _graph(parameters: Parameters, name: str) -> Graph:
    """The graph that a parameter's JSON text says, checked."""
    text = parameters[name]
    if len(text) > MAX_BYTES:
        raise ToolError(f"parameter '{name}' is larger than the limit of {MAX_BYTES} bytes", "too_large")
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ToolError(f"parameter '{name}' is not JSON: {error}", "invalid_input") from None
    if not isinstance(given, dict):
        raise ToolError(f"parameter '{name}': expected a graph, got {describe(given)}", "invalid_input")
    kind = given.get("graph_type", "directed")
    if kind not in ("directed", "undirected"):
        raise _wrong(f"{name}.graph_type", "directed or undirected", kind)
    graph: Graph = {"graph_type": kind}
    graph["nodes"] = [
        _part(each, f"{name}.nodes[{place}]", ("id",), _NODE_FIELDS)
        for place, each in enumerate(_listed(given, "nodes", name), 1)
    ]
    graph["edges"] = [
        _part(each, f"{name}.edges[{place}]", ("from", "to"), _EDGE_FIELDS)
        for place, each in enumerate(_listed(given, "edges", name), 1)
    ]
    if given.get("metadata") is not None:
        graph["metadata"] = given["metadata"]
    _refuse_large(graph)
    _refuse_inconsistent(graph, name)
    return graph


def _listed(given: Graph, field: str, name: str) -> list[Any]:
    value = given.get(field)
    if value is None or value == {}:
        return []  # Lua's empty table is either
    if not isinstance(value, list):
        raise _wrong(f"{name}.{field}", "a list", value)
    return value


def _part(given: Any, where: str, needed: tuple[str, ...], optional: Mapping[str, Any]) -> Graph:
    if not isinstance(given, dict):
        raise _wrong(where, "a table", given)
    part = {}
    for field, kind in {**dict.fromkeys(needed, str), **optional}.items():
        value = given.get(field)
        if value is None and field not in needed:
            continue
        if not isinstance(value, kind) or (field == "weight" and isinstance(value, bool)):
            raise _wrong(f"{where}.{field}", "string" if kind is str else "number", value)
        part[field] = value
    return part


def _wrong(where: str, expected: str, value: Any) -> ToolError:
    return ToolError(f"parameter '{where}': expected {expected}, got {describe(value)}", "invalid_input")


def _refuse_large(graph: Graph) -> None:
    if len(graph["nodes"]) > MAX_NODES or len(graph["edges"]) > MAX_EDGES:
        raise ToolError(f"the graph is larger than the limit of {MAX_NODES} nodes and {MAX_EDGES} edges", "too_large")


def _refuse_inconsistent(graph: Graph, name: str) -> None:
    known: set[str] = set()
    for place, node in enumerate(graph["nodes"], 1):
        if node["id"] in known:
            raise ToolError(
                f"parameter '{name}.nodes[{place}].id': the node '{node['id'][:60]}' is there already", "invalid_input"
            )
        known.add(node["id"])
    for place, edge in enumerate(graph["edges"], 1):
        for end in ("from", "to"):
            if edge[end] not in known:
                raise ToolError(
                    f"parameter '{name}.edges[{place}].{end}': there is no node '{edge[end][:60]}'", "invalid_input"
                )


_OPERATIONS: Mapping[str, Callable[[Parameters], Value]] = {
    "create_graph": _create,
    "add_node": _add_node,
    "add_edge": _add_edge,
    "analyze": _analyze,
    "export_json": _export,
    "import_json": _import,
}
