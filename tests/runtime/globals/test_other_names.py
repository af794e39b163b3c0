"""Methods that do what others do, under another name or for all at once."""


def test_a_loop_is_begun_under_both_names(script):
    code = "Workflow.builder():name('w'):{}():with_range({{start = 1, ['end'] = 3, step = 1}}):build():execute().text"
    assert script.run(f"print({code.format('loop_workflow')})") == script.run(f"print({code.format('loop')})")


def test_an_agent_tells_its_life_cycle_and_the_metadata_of_all_tools(new_script):
    code = """
        local agent = Agent.builder():model("mock/echo"):build()
        local metadata = agent:get_all_tool_metadata()
        print(type(agent:get_agent_state()), metadata.calculator ~= nil or metadata[1] ~= nil)
    """
    assert new_script().run(code) == "string\ttrue"
