"""The codes of the rules on the script API."""

from llmspell_analysis.rules.model import Rule, Severity

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

HOST_RULES: tuple[Rule, ...] = (
    Rule("missing-argument", _ERROR, "A function of the script API needs an argument that is not given.", True, True),
    Rule("invalid-argument", _ERROR, "A literal that a function of the script API does not accept.", True, True),
    Rule(
        "unknown-option",
        _WARNING,
        "An option that the function of the script API does not have and ignores.",
        True,
        True,
    ),
    Rule("missing-option", _ERROR, "A table of options, or a builder, lacks what its function needs.", True, True),
    Rule("invalid-option", _ERROR, "A literal that an option of the script API does not accept.", True, True),
    Rule("unknown-hook-point", _ERROR, "No hook point has this name; registering there raises.", True, True),
    Rule("unknown-step-type", _ERROR, "No step of a workflow has this type; adding it raises.", True, True),
    Rule("unknown-template", _ERROR, "No template has this name.", True, True),
    Rule("unknown-provider", _WARNING, "No provider has this name, and none is configured.", True, True),
    Rule("invalid-event-pattern", _ERROR, "A pattern that matches no event.", True, True),
    Rule("unknown-state-scope", _WARNING, "A scope whose kind is a slip of a conventional one.", True, True),
    Rule("result-shape", _WARNING, "A field that the result of a tool, agent, workflow or template lacks.", True, True),
    Rule("missing-self", _ERROR, "A method is called with a dot, so that it gets no object.", True, True),
    Rule("redundant-self", _ERROR, "A function is called with a colon, so that its arguments are shifted.", True, True),
)
