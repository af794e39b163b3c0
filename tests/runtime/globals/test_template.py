"""The global Template: what there is, the check of parameters, and each template with the provider mock."""

import json

import pytest
from llmspell_analysis.catalogue.loader import load_template, template_names
from llmspell_kernel.runtime.configuration import Configuration

REPLIES = [
    {"contains": "Write a short specification", "text": "It adds."},
    {"contains": "Write the lua code", "text": "Here:\n```lua\nreturn function(a, b) return a + b end\n```\nDone."},
    {"contains": "Write tests for", "text": "```lua\nassert(add(1, 1) == 2)\n```"},
    {"contains": "for security", "text": "- **High**: a key lies in the code\n  in line 1\nlow: a comment is old"},
    {"contains": "for documentation", "text": "none"},
    {"contains": "Give the changed lines", "text": "```\nkey = os.getenv('KEY')\n```"},
    {"contains": "Rate this text", "text": "0.2 too short", "times": 1},
    {"contains": "Rate this text", "text": "0.9 good"},
    {"contains": "Improve this text", "text": "A better text."},
    {"contains": "Write an outline", "text": "1. Birds"},
    {"contains": "Write this text", "text": "A text."},
    {"contains": "Say what these numbers mean", "text": "They rise."},
    {"contains": "Summarise this document", "text": "A summary."},
    {"contains": "Write a report", "text": "The report."},
    {"contains": "List what in this report", "text": "All is supported."},
]


@pytest.fixture
def fresh(new_script, tmp_path):
    (tmp_path / "replies.json").write_text(json.dumps({"replies": REPLIES}))
    document = {"providers": {"mock": {"script": str(tmp_path / "replies.json")}}}
    return new_script(configuration=Configuration(document=document))


@pytest.fixture
def write(tmp_path, lua):
    """Writes a file of the project and gives its path as a Lua literal."""

    def write_file(name, text):
        path = tmp_path / "project" / name
        path.write_text(text)
        return lua(str(path))

    return write_file


def execute(script, name, parameters):
    return script.value(f"Template.execute('{name}', {{model = 'mock/m', {parameters}}})")


# What there is ------------------------------------------------------------------------------------------------------


def test_every_template_of_the_catalogue_is_listed(script):
    listed = script.value("Template.list()")
    assert [one["id"] for one in listed] == list(template_names())
    assert all(one["name"] and one["description"] and one["version"] for one in listed)


@pytest.mark.parametrize(
    ("category", "names"),
    [("chat", ["interactive-chat"]), ("research", ["knowledge-management", "research-assistant"]), ("none", [])],
)
def test_templates_are_listed_by_category(script, category, names):
    assert [one["id"] for one in script.value(f"Template.list('{category}')") or []] == names


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("'CODE review'", ["code-review"]),
        ("'files'", ["file-classification"]),
        ("'code', 'codegen'", ["code-generator"]),
        ("'severity_filter'", ["code-review"]),
        ("'nothing of that'", []),
    ],
)
def test_templates_are_found_by_words(script, arguments, names):
    assert [one["id"] for one in script.value(f"Template.search({arguments})") or []] == names


@pytest.mark.parametrize("name", template_names())
def test_a_schema_tells_the_parameters_of_the_catalogue(script, name):
    schema = script.value(f"Template.schema('{name}')")
    known = load_template(name).schema
    assert {one["name"]: one["required"] for one in schema["parameters"]} == {
        parameter: parameter in known["required"] for parameter in known["properties"]
    }
    info = script.value(f"Template.info('{name}', true)")
    assert info["schema"] == schema
    assert info["metadata"]["id"] == name


def test_info_has_a_schema_only_where_it_is_wanted(script):
    assert script.run("print(Template.info('code-review').schema)") == "nil"


def test_an_estimate_is_there_for_what_asks_a_model(script):
    estimate = script.value("Template.estimate_cost('code-generator', {description = 'a function that adds'})")
    assert estimate["estimated_tokens"] > 0
    assert 0 < estimate["confidence"] < 1
    code = "print(Template.estimate_cost('knowledge-management', {operation = 'list', collection = 'c'}))"
    assert script.run(code) == "nil"


ERRORS = [
    ("Template.execute('code-reviews', {})", "there is no template 'code-reviews'; did you mean 'code-review'?"),
    ("Template.execute('code-review', {language = 'python'})", "code-review: missing parameter 'code_path'"),
    ("Template.execute('code-review', {code_path = 'x', language = 'pyton'})", "did you mean 'python'?"),
    ("Template.execute('code-generator', {description = 'short'})", "parameter 'description': must be longer"),
    ("Template.execute('interactive-chat', {max_turns = 0})", "parameter 'max_turns'"),
    ("Template.execute('interactive-chat', {max_turns = 'x'})", "parameter 'max_turns': expected integer"),
    ("Template.execute('interactive-chat', {1})", "parameters are given by name, got a list"),
    ("Template.execute('interactive-chat', {f = print})", "bad argument"),
    ("Template.execute(5.5, {})", "there is no template '5.5'"),
    ("Template.execute('interactive-chat')", "bad argument #2 to 'Template.execute'"),
    ("Template.info()", "bad argument #1 to 'Template.info'"),
    ("Template.schema('x')", "Template.schema: there is no template 'x'"),
    ("Template.search({})", "bad argument #1 to 'Template.search'"),
    ("Template.list({})", "bad argument #1 to 'Template.list'"),
    ("Template.estimate_cost('interactive-chat')", "bad argument #2 to 'Template.estimate_cost'"),
    ("Template.execute('document-processor', {document_paths = {'/etc/passwd'}})", "outside the allowed folders"),
    ("Template.execute('document-processor', {document_paths = {1}})", "item 1: expected a path, got number"),
    ("Template.execute('data-analysis', {data_file = '/tmp/llmspell-none.csv'})", "no such file"),
    ("Template.execute('workflow-orchestrator', {workflow_config = {a = 1}})", "field 'steps' needs a list of steps"),
    (
        "Template.execute('workflow-orchestrator', {workflow_config = {steps = {{}, {}}}, max_steps = 1})",
        "it has 2 steps, and max_steps is 1",
    ),
    (
        "Template.execute('knowledge-management', {operation = 'query', collection = 'c'})",
        "operation 'query' needs the parameter 'query'",
    ),
    (
        "Template.execute('knowledge-management', {operation = 'update', collection = 'c', document_id = 'd'})",
        "there is no document 'd' in the collection",
    ),
]


@pytest.mark.parametrize(("code", "message"), ERRORS, ids=range(len(ERRORS)))
def test_what_cannot_be_done_is_told(script, code, message):
    assert message in script.error(code)


# Each template --------------------------------------------------------------------------------------------------------


def test_a_run_says_what_it_was_and_what_it_took(fresh):
    output = execute(fresh, "interactive-chat", "message = 'hello'")
    assert output["metadata"]["template_id"] == "interactive-chat"
    assert output["metadata"]["parameters"]["max_turns"] == 10
    assert output["metrics"]["agents_invoked"] == 1
    assert output["metrics"]["tokens_used"] > 0
    assert (output["result_type"], output["result"]) == ("text", "mock reply to: hello")


def test_no_agent_of_a_template_is_left(fresh):
    execute(fresh, "interactive-chat", "message = 'hello'")
    assert fresh.run("print(#Agent.list())") == "0"


def test_code_is_written_with_its_tests(fresh):
    output = execute(fresh, "code-generator", "description = 'a function that adds', language = 'lua'")
    assert output["result"]["specification"] == "It adds."
    assert output["result"]["code"] == "return function(a, b) return a + b end"
    assert output["result"]["tests"] == "assert(add(1, 1) == 2)"
    assert [one["filename"] for one in output["artifacts"]] == ["generated.lua", "generated_test.lua"]


def test_code_is_reviewed(fresh, write):
    path = write("a.py", "KEY = 'secret'")
    parameters = f"code_path = {path}, language = 'python', aspects = {{'security', 'docs'}}"
    output = execute(fresh, "code-review", parameters + ", output_format = 'json', generate_fixes = true")
    first, second = output["result"]["findings"]
    assert (first["severity"], first["aspect"]) == ("high", "security")
    assert first["description"] == "a key lies in the code\n  in line 1"
    assert first["fix"] == "key = os.getenv('KEY')"
    assert second["severity"] == "low"
    text = execute(fresh, "code-review", parameters + ", severity_filter = 'high'")["result"]
    assert "**high** (security): a key lies" in text
    assert "comment" not in text


def test_a_text_is_improved_until_it_is_good_enough(fresh):
    output = execute(fresh, "content-generation", "topic = 'birds', include_outline = true, output_format = 'json'")
    assert output["result"] == {
        "topic": "birds",
        "content": "A better text.",
        "outline": "1. Birds",
        "quality_score": 0.9,
        "iterations": 2,
    }


ANALYSES = {
    "descriptive": lambda analysis: analysis["x"]["mean"] == 2,
    "correlation": lambda analysis: analysis["pairs"][0]["correlation"] == pytest.approx(1),
    "regression": lambda analysis: analysis["lines"][0]["slope"] == pytest.approx(2),
    "timeseries": lambda analysis: analysis["series"]["x"]["trend_per_row"] == pytest.approx(1),
    "clustering": lambda analysis: sum(one["size"] for one in analysis["clusters"]) == 3,
}


@pytest.mark.parametrize("kind", ANALYSES)
def test_data_is_analysed(fresh, write, kind):
    path = write("d.csv", "name,x,y\na,1,2\nb,2,4\nc,3,6\n")
    output = execute(fresh, "data-analysis", f"data_file = {path}, analysis_type = '{kind}'")
    assert ANALYSES[kind](output["result"]["analysis"])
    assert output["result"]["interpretation"] == "They rise."


@pytest.mark.parametrize("chart", ["bar", "line", "scatter", "histogram", "heatmap", "box"])
def test_a_chart_is_a_specification_with_its_data(fresh, write, chart):
    path = write("d.json", json.dumps([{"name": "a", "x": 1}, {"name": "b", "x": 2}]))
    output = execute(fresh, "data-analysis", f"data_file = {path}, chart_type = '{chart}'")
    specification = json.loads(output["artifacts"][0]["content"])
    assert specification["data"]["values"][1] == {"name": "b", "x": 2}
    assert specification["mark"]


BAD_DATA = [("d.csv", "", "has no rows"), ("d.json", "{}", "expected a list of objects"), ("e.json", "{", "is no JSON")]


@pytest.mark.parametrize(("name", "text", "message"), BAD_DATA, ids=[one[2] for one in BAD_DATA])
def test_data_that_is_none_is_told(fresh, write, name, text, message):
    assert message in fresh.error(f"Template.execute('data-analysis', {{data_file = {write(name, text)}}})")


@pytest.mark.parametrize("parallel", ["true", "false"])
def test_documents_are_processed(fresh, write, parallel):
    paths = ", ".join([write("a.txt", "A"), write("b.txt", "B")])
    parameters = f"document_paths = {{{paths}}}, output_format = 'json', parallel_processing = {parallel}"
    output = execute(fresh, "document-processor", parameters)
    assert [one["result"] for one in output["result"]["documents"]] == ["A summary.", "A summary."]
    assert output["metrics"]["agents_invoked"] == 2


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "project" / "inbox"
    made.mkdir()
    (made / "a.pdf").write_bytes(b"%PDF")
    (made / "b.py").write_text("x = 1")
    (made / "strange").write_bytes(b"\x89PNG")
    (made / "inner").mkdir()
    (made / "inner" / "c.mp3").write_bytes(b"ID3")
    return made


SORTED = [
    ("", {"a.pdf": "documents", "b.py": "code", "strange": "other"}),
    ("classification_strategy = 'content'", {"a.pdf": "documents", "b.py": "documents", "strange": "images"}),
    ("classification_strategy = 'hybrid'", {"a.pdf": "documents", "b.py": "code", "strange": "images"}),
    ("recursive = true, category_preset = 'media'", {"c.mp3": "audio"}),
]


@pytest.mark.parametrize(("parameters", "expected"), SORTED, ids=[one[0] for one in SORTED])
def test_files_are_classified(fresh, folder, lua, parameters, expected):
    source = f"source_path = {lua(str(folder))}, output_format = 'json', {parameters}"
    result = execute(fresh, "file-classification", source)["result"]
    assert {one["path"].rpartition("/")[2]: one["category"] for one in result["files"]} == expected


@pytest.mark.parametrize("action", ["move", "copy"])
def test_files_are_moved_or_copied_only_when_it_is_no_dry_run(fresh, folder, lua, action):
    parameters = f"source_path = {lua(str(folder))}, action = '{action}'"
    text = execute(fresh, "file-classification", parameters)["result"]
    assert "Nothing was changed" in text
    assert (folder / "a.pdf").exists()
    execute(fresh, "file-classification", parameters + ", dry_run = false")
    assert (folder / "documents" / "a.pdf").read_bytes() == b"%PDF"
    assert (folder / "a.pdf").exists() == (action == "copy")


def test_a_file_is_never_written_over(fresh, folder, lua):
    (folder / "code").mkdir()
    (folder / "code" / "b.py").write_text("mine")
    parameters = f"{{source_path = {lua(str(folder))}, action = 'move', dry_run = false}}"
    assert "exists already" in fresh.error(f"Template.execute('file-classification', {parameters})")
    assert (folder / "code" / "b.py").read_text() == "mine"


def test_files_do_not_leave_the_allowed_folders(fresh, folder, lua, outside):
    source, target = lua(str(folder)), lua(str(outside))
    parameters = f"{{source_path = {source}, action = 'move', dry_run = false, destination_base = {target}}}"
    assert "outside the allowed folders" in fresh.error(f"Template.execute('file-classification', {parameters})")
    assert list(outside.iterdir()) == []


def test_a_chat_remembers_where_it_is_told_to(fresh):
    execute(fresh, "interactive-chat", "message = 'I like birds', enable_memory = true, session_id = 's'")
    again = execute(fresh, "interactive-chat", "message = 'what do I like?', enable_memory = true, session_id = 's'")
    assert "I like birds" in again["result"]
    assert fresh.run("print(#Memory.episodic.search('s', ''))") == "4"
    other = execute(fresh, "interactive-chat", "message = 'and I?'")
    assert "birds" not in other["result"]


def test_a_chat_goes_on_in_turns(fresh):
    lines = iter(["hello", "again", "exit"])
    fresh.runtime.host.register("Input.read_line", lambda _host: next(lines, None))
    printed = fresh.run("result = Template.execute('interactive-chat', {model = 'mock/echo'}).result")
    assert "hello" in printed
    assert "user: hello" in printed
    assert fresh.run("print(result.turns)") == "2"


def test_knowledge_is_kept_found_changed_and_deleted(fresh):
    def know(parameters):
        return execute(fresh, "knowledge-management", f"collection = 'c', output_format = 'json', {parameters}")[
            "result"
        ]

    know("operation = 'ingest', content = 'Rust has ownership.', document_id = 'rust'")
    know("operation = 'ingest', content = 'Soup at noon.'")
    found = know("operation = 'query', query = 'ownership', max_results = 1")["results"]
    assert [one["document_id"] for one in found] == ["rust"]
    know("operation = 'update', content = 'Rust has borrowing.', document_id = 'rust'")
    assert know("operation = 'query', query = 'borrowing', max_results = 1")["results"][0]["document_id"] == "rust"
    assert len(know("operation = 'list'")["documents"]) == 2
    assert know("operation = 'delete', document_id = 'rust'")["deleted"] is True
    assert len(know("operation = 'list'")["documents"]) == 1


SEARCH = """
    hook = Hook.register("BeforeToolExecution", function(context)
      if context.component_id.name == "web-searcher" then
        local found = {title = "T", url = "u", snippet = "s"}
        return {type = "replace", data = {success = true, result = {results = {found}}}}
      end
    end)
"""


def test_research_cites_the_sources_that_it_found(fresh):
    fresh.run(SEARCH)
    assert execute(fresh, "research-assistant", "topic = 'birds'")["result"].endswith("Sources:\n[1] T (u): s")
    result = execute(fresh, "research-assistant", "topic = 'birds', output_format = 'json'")["result"]
    assert (result["report"], result["validation"], len(result["sources"])) == ("The report.", "All is supported.", 1)


def test_research_says_why_it_has_no_sources(fresh):
    fresh.run("hook = Hook.register('BeforeToolExecution', function() return 'the network is down' end)")
    text = execute(fresh, "research-assistant", "topic = 'birds'")["result"]
    assert "none were found" in text
    assert "the network is down" in text


STEPS = (
    "workflow_config = {steps = {{name = 'a', prompt = 'hello', parallel = true}, "
    "{name = 'b', type = 'tool', tool = 'calculator', input = {input = '1 + 1'}, parallel = true}}}"
)


@pytest.mark.parametrize("mode", ["sequential", "parallel", "hybrid", "loop"])
def test_a_workflow_that_is_data_runs(fresh, mode):
    result = execute(fresh, "workflow-orchestrator", f"execution_mode = '{mode}', {STEPS}")["result"]
    assert result["steps"]["a"]["output"]["text"] == "mock reply to: hello"
    assert result["steps"]["b"]["output"]["result"]["result"] == 2


def test_a_provider_is_named_beside_the_model(fresh):
    code = "Template.execute('interactive-chat', {message = 'x', model = 'ollama/m', provider_name = 'mock'}).result"
    assert fresh.value(code) == "mock reply to: x"


def test_an_error_says_which_template_it_came_from(fresh):
    error = fresh.runtime.execute("Template.execute('code-review', {code_path = '/none', language = 'go'})").error
    assert error.context == "template 'code-review'"


# Steps of workflows ---------------------------------------------------------------------------------------------------


def test_a_step_of_a_workflow_runs_a_template(fresh):
    code = """
        local workflow = Workflow.builder():name("w"):sequential()
          :add_step({name = "first", type = "tool", tool = "calculator", input = {input = "2 * 3"}})
          :add_template_step("chat", "interactive-chat",
            {model = "mock/echo", message = "six is {{step:first:output}}"})
          :build()
        workflow:execute({})
        print(workflow:get_output("chat").output.result)
    """
    assert fresh.run(code).startswith("six is ")


def test_a_step_with_a_template_has_a_limit_of_time(fresh, tmp_path):
    (tmp_path / "replies.json").write_text(json.dumps({"replies": [{"text": "late", "delay_ms": 20_000}]}))
    code = """
        Workflow.sequential({name = "w", steps = {{name = "s", type = "template", template_id = "interactive-chat",
          params = {model = "mock/m", message = "x"}, timeout_ms = 50}}}):execute()
    """
    assert "took more than its limit of 50 ms" in fresh.error(code)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("template_id = 5", "field 'template_id' needs the name of a template, got number"),
        ("template_id = 'nope'", "step 's': there is no template 'nope'"),
        ("template_id = 'code-review', params = 5", "field 'params': expected a table, got number"),
    ],
)
def test_a_mistake_in_a_step_is_told_when_it_is_made(script, step, message):
    code = f"Workflow.builder():sequential():add_step({{name = 's', type = 'template', {step}}})"
    assert message in script.error(code)
