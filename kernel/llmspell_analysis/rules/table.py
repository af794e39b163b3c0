"""Every diagnostic code with its severity and explanation, in one table."""

from llmspell_analysis.rules.model import Rule, Severity

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule("syntax-error", _ERROR, "The Lua 5.4 compiler refuses the text; nothing of the file can run."),
        Rule("break-outside-loop", _ERROR, "`break` is only allowed inside a loop."),
        Rule("goto-no-visible-label", _ERROR, "`goto` needs a label in the same or an enclosing block."),
        Rule("redefined-label", _ERROR, "A label may be defined once in a function."),
        Rule("vararg-outside", _ERROR, "`...` exists only in functions whose parameters end with `...`."),
        Rule("assign-const", _ERROR, "A local declared `<const>` or `<close>` cannot be assigned again."),
        Rule("unknown-attribute", _ERROR, "Locals have the attributes `<const>` and `<close>`, one `<close>` a list."),
        Rule("local-limit", _ERROR, "A function has at most 200 locals and 255 upvalues."),
        Rule("non-lua-symbol", _ERROR, "An operator or keyword of another language; Lua writes it differently."),
        Rule("bad-escape", _ERROR, "An escape sequence in a string that Lua does not have."),
        Rule("malformed-number", _ERROR, "A number that Lua cannot read."),
        Rule("undefined-global", _ERROR, "A name that neither Lua, LLMSpell nor the script defines: it is nil."),
        Rule("undefined-global-field", _ERROR, "A field or method that the API's table or class does not have."),
        Rule("unknown-tool", _ERROR, "No tool has this name; running it raises, `Tool.get` gives nil."),
        Rule("unknown-tool-parameter", _WARNING, "The tool has no such parameter and ignores it."),
        Rule(
            "missing-tool-parameter", _ERROR, "The tool, or this operation of it, needs a parameter that is not given."
        ),
        Rule("unknown-tool-operation", _ERROR, "The tool has no such operation."),
        Rule("invalid-tool-parameter", _ERROR, "A literal value that the tool's parameter does not accept."),
    )
}

# The compiler's verdicts.
SYNTAX_CODES = frozenset(
    {
        "syntax-error",
        "break-outside-loop",
        "goto-no-visible-label",
        "redefined-label",
        "vararg-outside",
        "assign-const",
        "unknown-attribute",
        "local-limit",
        "non-lua-symbol",
        "bad-escape",
        "malformed-number",
    }
)
