"""No argument, however wrong, is a fault of LLMSpell: each call answers or raises an error of the script's."""

import pytest
from llmspell_analysis.catalogue import load_catalogue

CATALOGUE = load_catalogue()
WRONG = """
    local wrong = {
      false, -1, 1e300, 0/0, "", "x", string.rep("y", 5000), "a\\0b\\xff", {}, {1, "two"}, {text = 5}, {text = "x"},
      {name = {}}, {model = "x"}, {model = {provider = {}, model_id = "m"}}, {type = "agent", id = 5}, {strategy = {}},
      {condition = {}}, {messages = {1}}, {messages = {{role = "tool"}}}, {parameters = 5}, {allowed_tools = {1}},
      {resource_limits = {max_tool_calls = -1}}, {data = 5}, {security = {permissions = 5}}, print,
    }
    local made = 0
    local function attempt(call)
      local ok, message = pcall(call)
      if not ok and (type(message) ~= "string" or message:find("fault of LLMSpell", 1, true)) then print(message) end
      made = made + 1
    end
"""


@pytest.mark.parametrize("name", sorted(CATALOGUE.globals["Agent"].members))
def test_a_function_is_given_anything(new_script, name):
    script = new_script()
    script.run("Agent.builder():name('x'):model('mock/echo'):build()")
    code = f"""{WRONG}
        attempt(function() return Agent.{name}() end)
        for _, first in ipairs(wrong) do
          attempt(function() return Agent.{name}(first) end)
          for _, second in ipairs(wrong) do
            attempt(function() return Agent.{name}(first, second) end)
            attempt(function() return Agent.{name}("x", first, second) end)
            attempt(function() return Agent.{name}(first, {{"x"}}, second) end)
          end
        end
        print(made > 100)
    """
    assert script.run(code) == "true"


@pytest.mark.parametrize("name", sorted(set(CATALOGUE.classes["AgentInstance"].members) - {"name"}))
def test_a_method_is_given_anything(new_script, name):
    code = f"""{WRONG}
        local agent = Agent.builder():name("x"):model("mock/echo"):build()
        attempt(function() return agent.{name}() end)
        attempt(function() return agent.{name}({{}}) end)
        for _, first in ipairs(wrong) do
          attempt(function() return agent:{name}(first) end)
          attempt(function() return agent:{name}(first, print) end)
          for _, second in ipairs(wrong) do attempt(function() return agent:{name}(first, second) end) end
        end
        print(made > 100)
    """
    script = new_script()
    assert script.run(code).splitlines()[-1] == "true"
    assert b"fault of LLMSpell" not in b"".join(script.output)


@pytest.mark.parametrize("name", sorted(CATALOGUE.classes["AgentBuilder"].members))
def test_a_setter_is_given_anything(new_script, name):
    code = f"""{WRONG}
        attempt(function() return Agent.builder().{name}() end)
        for _, value in ipairs(wrong) do
          attempt(function() return Agent.builder():model("mock/echo"):{name}(value):build() end)
        end
        print(made > 20)
    """
    assert new_script().run(code) == "true"
