"""The codes of the rules on the script API, on security and on performance."""

from collections.abc import Mapping

from llmspell_analysis.rules.model import Rule, Severity
from llmspell_analysis.rules.model import rule_on_valid_text as _rule

_ERROR, _WARNING, _HINT = Severity.ERROR, Severity.WARNING, Severity.HINT

HOST_RULES: tuple[Rule, ...] = (
    _rule("missing-argument", _ERROR, "A function of the script API needs an argument that is not given."),
    _rule("invalid-argument", _ERROR, "A literal that a function of the script API does not accept."),
    _rule("unknown-option", _WARNING, "An option that the function of the script API does not have and ignores."),
    _rule("missing-option", _ERROR, "A table of options, or a builder, lacks what its function needs."),
    _rule("invalid-option", _ERROR, "A literal that an option of the script API does not accept."),
    _rule("unknown-hook-point", _ERROR, "No hook point has this name; registering there raises."),
    _rule("unknown-step-type", _ERROR, "No step of a workflow has this type; adding it raises."),
    _rule("unknown-template", _ERROR, "No template has this name."),
    _rule("unknown-provider", _WARNING, "No provider has this name, and none is configured."),
    _rule("invalid-event-pattern", _ERROR, "A pattern that matches no event."),
    _rule("unknown-event", Severity.INFORMATION, "A slip of the name of an event that LLMSpell publishes."),
    _rule("unknown-state-scope", _WARNING, "A scope whose kind is a slip of a conventional one."),
    _rule("result-shape", _WARNING, "A field that the result of a tool, agent, workflow or template lacks."),
    _rule("missing-self", _ERROR, "A method is called with a dot, so that it gets no object."),
    _rule("redundant-self", _ERROR, "A function is called with a colon, so that its arguments are shifted."),
    Rule("hardcoded-secret", _WARNING, "A key, a token or a password stands in the script."),
    _rule("built-command", _WARNING, "A command for the shell is put together from values."),
    _rule("built-query", _WARNING, "A query for a database is put together from values."),
    _rule("built-path", _WARNING, "A path is put together from what comes from outside."),
    _rule("loaded-text", _WARNING, "Code is loaded that comes from outside."),
    _rule("outside-path", _WARNING, "A tool is given a path outside of the folders that it may use."),
    _rule("growing-text", _HINT, "A text grows in a loop, and is copied in each round."),
    _rule("shifted-list", _HINT, "An insertion or a removal at the front of a list, in a loop."),
    _rule("saved-in-loop", _HINT, "The same key of the state is written in each round of a loop."),
    _rule("sequential-calls", _HINT, "Calls of tools or agents in a loop whose rounds do not need one another."),
    _rule("global-in-loop", _HINT, "A global is looked up in a loop within a loop.", is_on=False),
    _rule("redundant-format", _HINT, "`string.format` of a text without anything to be formatted."),
    _rule("compared-truth", _HINT, "A comparison with `true` or `false`.", is_on=False),
)

# What LuaLS, EmmyLua and selene call the same mistake where they find it: their comments silence ours.
ELSEWHERE: Mapping[str, frozenset[str]] = {
    "missing-parameter": frozenset({"missing-argument", "missing-self"}),
    "redundant-parameter": frozenset({"redundant-self"}),
    "param-type-mismatch": frozenset({"invalid-argument", "invalid-option", "unknown-hook-point", "missing-self"}),
    "assign-type-mismatch": frozenset({"invalid-option"}),
    "missing-fields": frozenset({"missing-option", "missing-tool-parameter"}),
    "inject-field": frozenset({"unknown-option", "unknown-tool-parameter"}),
    "undefined-field": frozenset({"result-shape"}),
    "mismatched_arg_count": frozenset({"missing-argument"}),
    "incorrect_standard_library_use": frozenset({"missing-argument", "invalid-argument"}),
}
