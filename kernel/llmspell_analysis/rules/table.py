"""Every diagnostic code with its severity and explanation, in one table."""

from llmspell_analysis.rules.host_table import HOST_RULES
from llmspell_analysis.rules.model import Rule, Severity
from llmspell_analysis.rules.model import rule_on_valid_text as _rule
from llmspell_analysis.rules.type_table import TYPE_RULES

_ERROR, _WARNING, _INFORMATION, _HINT = Severity.ERROR, Severity.WARNING, Severity.INFORMATION, Severity.HINT


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
        Rule("compound-operator", _ERROR, "`+=` and its like are not Lua: write `x = x + y`."),
        Rule("bad-escape", _ERROR, "An escape sequence in a string that Lua does not have."),
        Rule("malformed-number", _ERROR, "A number that Lua cannot read."),
        Rule("undefined-global", _ERROR, "A name that neither Lua, LLMSpell nor the script defines: it is nil."),
        _rule(
            "mutate-undefined-global",
            _ERROR,
            "A field is set of a global that neither Lua, LLMSpell nor the script defines: it is nil, and that raises.",
        ),
        Rule("undefined-global-field", _ERROR, "A field or method that the API's table or class does not have."),
        Rule("unknown-tool", _ERROR, "No tool has this name; running it raises, `Tool.get` gives nil."),
        Rule("unknown-tool-parameter", _WARNING, "The tool has no such parameter and ignores it."),
        Rule(
            "missing-tool-parameter", _ERROR, "The tool, or this operation of it, needs a parameter that is not given."
        ),
        Rule("unknown-tool-operation", _ERROR, "The tool has no such operation."),
        Rule("invalid-tool-parameter", _ERROR, "A literal value that the tool's parameter does not accept."),
        *HOST_RULES,
        *TYPE_RULES,
        _rule("duplicate-index", _WARNING, "A table constructor gives the same key twice; the last value counts."),
        _rule("mixed-table", _HINT, "A table constructor has both a list and named fields.", is_on=False),
        _rule("negated-comparison", _WARNING, "`not` comes before `==`; and `not (a == b)` is `a ~= b`."),
        _rule(
            "constant-table-comparison", _WARNING, "A table just made equals nothing: the answer is always the same."
        ),
        _rule("compare-nan", _WARNING, "Not-a-number equals nothing, not even itself."),
        _rule("divide-by-zero", _WARNING, "Division by the constant zero; `//` and `%` raise for integers."),
        _rule("ambiguity-1", _WARNING, "`or` with a literal beside arithmetic: the arithmetic is done first."),
        _rule("newline-call", _WARNING, "A parenthesis at the beginning of a line calls the line above."),
        _rule(
            "newfield-call", _WARNING, "A field at the beginning of a line calls the field above: a comma is missing."
        ),
        _rule("type-check-inside-call", _WARNING, '`type(x == "string")` compares first and is always "boolean".'),
        _rule("count-down-loop", _WARNING, "A numeric loop whose step goes the wrong way never runs."),
        _rule("close-non-object", _WARNING, "A `<close>` local gets a literal that cannot be closed: that raises."),
        _rule("unbalanced-assignments", _WARNING, "An assignment has more values than variables, or fewer."),
        _rule("almost-swapped", _WARNING, "`a = b; b = a` does not swap: write `a, b = b, a`."),
        _rule(
            "same-condition", _WARNING, "A condition was tested before in the same chain: the branch is never taken."
        ),
        _rule("empty-block", _HINT, "A block has neither a statement nor a comment in it."),
        _rule("empty-statement", _HINT, "A `;` that ends no statement.", is_on=False),
        _rule("parenthesized-condition", _HINT, "A condition in parentheses that Lua does not need.", is_on=False),
        _rule("redundant-return", _HINT, "A function returns at its end by itself."),
        _rule("unreachable-code", _HINT, "Code after `return`, `break`, `goto`, `error()` or an endless loop."),
        _rule("loop-once", _WARNING, "The body of a loop always leaves it, so that it never comes round."),
        _rule("unused-value", _HINT, "A value is given to a local and overwritten or lost before anybody reads it."),
        _rule("uninitialized-access", _WARNING, "A local is read where nothing can have given it a value yet."),
        _rule("unused-local", _HINT, "A local that nobody uses."),
        _rule("unused-argument", _HINT, "A parameter that its function does not use."),
        _rule("unused-loop-variable", _HINT, "A loop variable that the loop does not use."),
        _rule("unused-function", _HINT, "A local function that nobody calls, or only other unused ones."),
        _rule("unused-label", _HINT, "A label that no `goto` goes to."),
        _rule("unused-vararg", _HINT, "A function takes `...` and does not use it."),
        _rule("used-underscore", _HINT, "A parameter whose name begins with `_` is used.", is_on=False),
        _rule("set-never-read", _HINT, "A local that is set and never read."),
        _rule("never-set", _WARNING, "A local that is read and never given a value: it is always nil."),
        _rule("redefined-local", _HINT, "A local of the same name is declared again in the same scope."),
        _rule("shadowed-local", _HINT, "A local hides one of the same name in a scope around it."),
        _rule("iter-variable-reassign", _WARNING, "An assignment to the variable that a loop counts by."),
        _rule("set-undefined-global", _INFORMATION, "An assignment makes a new global."),
        _rule("lowercase-global", _INFORMATION, "A new global whose name begins with a small letter."),
        _rule("readonly-global", _WARNING, "A global of Lua or LLMSpell, or a field of one, gets another value."),
        _rule("global-usage", _INFORMATION, "`_G` is used.", is_on=False),
        _rule("duplicate-set-field", _WARNING, "A function of a table is defined twice; the first is lost."),
        _rule("redundant-parameter", _WARNING, "A call gives a function more arguments than it takes."),
        _rule("global-in-nil-env", _WARNING, "A global is used where `_ENV` is nil: that raises."),
        _rule("undefined-env-child", _INFORMATION, "A name that the table given to `_ENV` does not have.", is_on=False),
        _rule("unused-global", _HINT, "A global that the file sets and never reads.", is_on=False),
        _rule("global-element", _INFORMATION, "A variable or function in the global scope.", is_on=False),
        _rule("unresolved-require", _WARNING, "`require` names a module that is not in the project."),
        _rule("different-requires", _WARNING, "One file is required under two names, or twice."),
        _rule("preferred-local-alias", _HINT, "A path of fields that a local above is a name for.", is_on=False),
        _rule("ambiguous-syntax", _WARNING, "A call whose parenthesis begins a line: Lua 5.1 refuses it.", is_on=False),
        _rule("invert-if", _HINT, "An `if` that could leave early instead of nesting.", is_on=False),
        _rule("manual-table-clone", _HINT, "A loop that copies a table into a new one.", is_on=False),
        _rule("multiple-statements", _HINT, "Several statements on one line.", is_on=False),
        _rule("cyclomatic-complexity", _INFORMATION, "A function with more than 40 decisions.", is_on=False),
        _rule("non-literal-assert", _HINT, "The message of an `assert` is made each time.", is_on=False),
        _rule("name-style", _HINT, "A local or a function that is not written in snake_case.", is_on=False),
        Rule("code-style", _HINT, "Blanks that are missing or too many, at operators and brackets.", is_on=False),
        Rule("spell-check", _HINT, "A word in a comment, a name or a string that is usually a mistake.", is_on=False),
        Rule("bad-suppression", _WARNING, "A comment that switches off what nobody knows, or an unpaired push or pop."),
        Rule("trailing-whitespace", _HINT, "Blanks at the end of a line.", is_on=False),
        Rule("mixed-indent", _HINT, "A tab follows a space in the indentation.", is_on=False),
        Rule("line-too-long", _HINT, "A line has more than 120 characters.", is_on=False),
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
        "compound-operator",
        "bad-escape",
        "malformed-number",
    }
)
