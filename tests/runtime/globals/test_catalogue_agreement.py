"""What the runtime offers is in the catalogue, and what the catalogue promises of these globals is there."""

import pytest
from llmspell_analysis.catalogue import load_catalogue

CATALOGUE = load_catalogue()
# Of State, these exist only where the configuration turns backups or migrations on, which this version has not.
CONDITIONAL = {
    "cleanup_backups",
    "create_backup",
    "get_migration_status",
    "get_schema_versions",
    "get_storage_usage",
    "list_backups",
    "migrate",
    "restore_backup",
    "validate_backup",
}
GLOBALS = (
    "Artifact",
    "Agent",
    "Comm",
    "Config",
    "Context",
    "Debug",
    "Display",
    "Event",
    "Hook",
    "JSON",
    "LocalLLM",
    "Logger",
    "Memory",
    "RAG",
    "Replay",
    "Provider",
    "Session",
    "State",
    "Streaming",
    "Template",
    "Tool",
    "Utils",
    "Workflow",
)
INSTANCES = {
    "AgentBuilder": "Agent.builder()",
    "AgentInstance": "Agent.builder():model('mock/echo'):build()",
    "DebugTimer": "Debug.timer('t')",
    "DisplayProgress": "Display.progress()",
    "HookHandle": "Hook.register('ToolError', print)",
    "ParameterModification": "Replay.create_modification('a', 1)",
    "ReplayComparator": "Replay.create_comparator()",
    "ReplayConfig": "Replay.create_config()",
    "ReplayMode": "Replay.modes.exact",
    "ReplaySchedule": "Replay.schedules.once(1)",
    "SessionBuilder": "Session.builder()",
    "LoggerInstance": "Logger.named('m')",
    "Stream": "Streaming.create(print)",
    "ToolInstance": "Tool.get('calculator')",
    "WorkflowBuilder": "Workflow.builder()",
    "WorkflowInstance": "Workflow.builder():sequential():build()",
}


@pytest.mark.parametrize("name", GLOBALS)
def test_functions_of_a_global_and_of_the_catalogue_are_the_same(script_with_rag, name):
    offered = script_with_rag.value(
        f"(function() local names = {{}} for key in next, {name} do names[#names + 1] = key end return names end)()"
    )
    assert set(offered) == set(CATALOGUE.globals[name].members) - (CONDITIONAL if name == "State" else set())


@pytest.mark.parametrize("class_name", INSTANCES)
def test_members_of_a_class_exist(script, class_name):
    for name, entry in CATALOGUE.classes[class_name].members.items():
        kind = script.run(f"print(type({INSTANCES[class_name]}.{name}))")
        assert kind == "function" if entry.kind == "method" else kind != "nil", name


@pytest.mark.parametrize("class_name", INSTANCES)
def test_functions_of_a_class_are_in_the_catalogue(script, class_name):
    code = f"""
        local value, names = {INSTANCES[class_name]}, {{}}
        for key, item in next, value do if type(item) == "function" then names[#names + 1] = key end end
        print(JSON.stringify({{names = names}}))
    """
    import json

    assert set(json.loads(script.run(code))["names"]) <= set(CATALOGUE.classes[class_name].members)


NESTED = ("Memory.episodic", "Memory.semantic", "Replay.modes", "Replay.schedules")


@pytest.mark.parametrize("name", NESTED)
def test_tables_within_a_global_and_within_the_catalogue_are_the_same(script, name):
    code = f"for key in next, {name} do io.write(key, ' ') end"
    assert set(script.run(code).split()) == set(CATALOGUE.classes[f"llmspell.{name}"].members)


def test_absent_members_are_absent(script_with_rag):
    for name in CATALOGUE.absent:
        owner, _, member = name.partition(".")
        if owner in GLOBALS and member and "." not in member:
            assert script_with_rag.run(f"print({name})") == "nil"
