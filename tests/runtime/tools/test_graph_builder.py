"""The limits of `graph-builder`."""

import pytest
from llmspell_kernel.runtime.tools import ToolContext, graph_builder, run_tool
from llmspell_kernel.runtime.tools.output import ToolError


def test_a_graph_that_grows_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(graph_builder, "MAX_NODES", 1)
    parameters = {"operation": "add_node", "graph": '{"nodes":[{"id":"a"}]}', "node_id": "b"}
    with pytest.raises(ToolError, match="larger than the limit of 1 nodes"):
        run_tool("graph-builder", parameters, ToolContext(()))


def test_a_text_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(graph_builder, "MAX_BYTES", 1)
    with pytest.raises(ToolError, match="parameter 'input' is larger than the limit of 1 bytes"):
        run_tool("graph-builder", {"operation": "analyze", "input": "{}"}, ToolContext(()))
