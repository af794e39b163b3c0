"""``--explain CODE`` and ``--list-rules``: what there is to find."""

import json

from llmspell_analysis.rules.explanation import explanation
from llmspell_analysis.rules.nearest import nearest
from llmspell_analysis.rules.other_names import of_luacheck, of_name
from llmspell_analysis.rules.table import RULES, SYNTAX_CODES

from llmspell_cli.failure import fail
from llmspell_cli.report import show

_WRONG_USAGE = 2


def explain(code: str) -> int:
    """Print a diagnostic's page; exit code 2 for a code that does not exist."""
    if code in RULES:
        show(explanation(code))
        return 0
    meant = sorted((of_name(code) | of_luacheck(code)) & RULES.keys())
    if meant:
        fail(f"another tool's {code!r} is {' or '.join(map(repr, meant))} here")
        return _WRONG_USAGE
    near = nearest(code, RULES)
    fail(f"there is no diagnostic {code!r}" + (f"; did you mean {near!r}?" if near else "; --list-rules lists them"))
    return _WRONG_USAGE


def list_rules(format_name: str) -> int:
    if format_name == "json":
        show(
            json.dumps(
                [
                    {
                        "code": rule.code,
                        "severity": rule.severity.name.lower(),
                        "on": rule.is_on,
                        "configurable": rule.code not in SYNTAX_CODES,
                        "explanation": rule.explanation,
                    }
                    for rule in RULES.values()
                ],
                indent=2,
            )
        )
        return 0
    width = max(map(len, RULES))
    for rule in RULES.values():
        level = rule.severity.name.lower() + ("" if rule.is_on else " (off)")
        show(f"{rule.code:<{width}}  {level:<17}  {rule.explanation}")
    return 0
