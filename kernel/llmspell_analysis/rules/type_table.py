"""The codes of the rules on types and on annotations."""

from llmspell_analysis.rules.model import Rule, Severity
from llmspell_analysis.rules.model import rule_on_valid_text as _rule

_WARNING, _HINT = Severity.WARNING, Severity.HINT


TYPE_RULES: tuple[Rule, ...] = (
    _rule("missing-parameter", _WARNING, "A call lacks an argument that the function's annotations want."),
    _rule("param-type-mismatch", _WARNING, "An argument is of another type than the parameter is declared."),
    _rule("assign-type-mismatch", _WARNING, "A value is of another type than its variable or field is declared."),
    _rule("return-type-mismatch", _WARNING, "A value is returned that is of another type than declared."),
    _rule("return-count", _WARNING, "A `return` gives more or fewer values than declared."),
    _rule("missing-return", _WARNING, "A function that declares a result may reach its end without one."),
    _rule("cast-type-mismatch", _WARNING, "A variable becomes what its type excludes.", is_on=False),
    _rule("missing-fields", _WARNING, "A table lacks fields that its class declares."),
    _rule("inject-field", _WARNING, "A field is set that the class does not declare."),
    _rule("undefined-field", _WARNING, "A field is read that the class does not have."),
    _rule("need-check-nil", _WARNING, "Something that may be nil is indexed or called."),
    _rule("call-non-callable", _WARNING, "Something is called that is no function."),
    _rule("unnecessary-assert", _HINT, "An `assert` of what is never false.", is_on=False),
    _rule("no-unknown", _WARNING, "The type of a variable is not known.", is_on=False),
    _rule("discard-returns", _WARNING, "The result of a function is thrown away that does nothing else."),
    _rule("deprecated", _HINT, "A name is used that its author advises against."),
    _rule("invisible", _WARNING, "A field is used where it is not meant to be seen.", is_on=False),
    _rule("await", _WARNING, "An async function is called where nothing can wait.", is_on=False),
    Rule("doc-undefined-type", _WARNING, "An annotation names a type that nobody declares."),
    Rule("doc-param", _WARNING, "An annotation is about a parameter that is not there, or was told of before."),
    Rule("doc-duplicate", _WARNING, "A type or a field is declared twice."),
    Rule("doc-circular-class", _WARNING, "A class inherits from itself."),
    Rule("doc-structure", _WARNING, "An annotation that cannot be read, or stands where it means nothing."),
    _rule(
        "doc-missing", _WARNING, "A function's annotations do not tell of all its parameters and results.", is_on=False
    ),
)
