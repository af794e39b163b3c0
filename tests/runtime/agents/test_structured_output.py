"""Answers that have to fit a schema."""

SCHEMA = "{type = 'object', required = {'n'}, properties = {n = {type = 'integer'}}}"
ASK = f"agent:execute({{text = 'how many?', parameters = {{output_schema = {SCHEMA}}}}})"
BUILD = "local agent = Agent.builder():name('a'):model('mock/m'):build()"


def test_an_answer_that_fits_is_data(mocked):
    script = mocked({"text": '{"n": 3}'})
    assert script.value(f"(function() {BUILD} return {ASK}.data end)()") == {"n": 3}


def test_a_fence_around_the_json_is_taken_off(mocked):
    script = mocked({"text": '```json\n{"n": 3}\n```'})
    assert script.value(f"(function() {BUILD} return {ASK}.data.n end)()") == 3


def test_a_model_is_asked_again_when_its_answer_does_not_fit(mocked):
    script = mocked({"contains": "does not fit", "text": '{"n": 4}'}, {"text": '{"n": "four"}'})
    found = script.value(f"(function() {BUILD} return {ASK} end)()")
    assert (found["data"], found["metadata"]["requests"]) == ({"n": 4}, 2)
    # the conversation keeps the question and the answer that fits
    assert script.value("Agent.get('a'):get_metrics().memory_bytes") == len("how many?") + len('{"n": 4}')


def test_an_answer_that_never_fits_is_an_error(mocked):
    script = mocked({"text": "four"})
    message = script.error(f"{BUILD} {ASK}")
    assert message.startswith("cell:1: Agent execution failed: a: the answer does not fit output_schema: it is no JSON")


def test_a_schema_of_the_agent_holds_for_every_call(mocked):
    script = mocked({"text": '{"n": 5}'})
    code = f"""
        local agent = Agent.builder():model("mock/m"):custom_config({{output_schema = {SCHEMA}}}):build()
        print(agent:execute({{text = "how many?"}}).data.n)
    """
    assert script.run(code) == "5"


def test_a_faulty_schema_is_named(mocked):
    script = mocked()
    message = script.error(
        f"{BUILD} agent:execute({{text = 'x', parameters = {{output_schema = {{type = 'thing'}}}}}})"
    )
    assert message == ("cell:1: Agent execution failed: a: input.parameters.output_schema: unknown type 'thing'")


def test_an_envelope_is_flattened_as_the_catalogue_says(mocked):
    script = mocked({"contains": "envelope", "text": '{"success": true, "result": 7}'}, {"text": '{"other": [1]}'})
    script.run(BUILD.removeprefix("local "))
    found = script.value("agent:execute({text = 'envelope'})")
    assert (found["success"], found["result"], found["_raw_text"]) == (True, 7, '{"success": true, "result": 7}')
    found = script.value("agent:execute({text = 'other'})")
    assert (found["data"], found["text"]) == ({"other": [1]}, '{"other": [1]}')
