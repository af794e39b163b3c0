"""What other tools call our diagnostics, so that their suppression comments silence the same findings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from llmspell_analysis.rules.host_table import ELSEWHERE

# Names of other tools, whether or not there is something of ours behind them.
_LIST = Path(__file__).parent / "names_of_other_tools.txt"
_UNUSED = frozenset(
    {
        "unused-local",
        "unused-argument",
        "unused-loop-variable",
        "unused-function",
        "unused-label",
        "unused-vararg",
        "set-never-read",
    }
)
_REDEFINED = frozenset({"redefined-local", "shadowed-local"})
_GLOBALS = frozenset(
    {"undefined-global", "set-undefined-global", "lowercase-global", "readonly-global", "undefined-global-field"}
)

# LuaLS, EmmyLua and selene, where they differ from our names.
BY_NAME: Mapping[str, frozenset[str]] = {
    "unused-local": _UNUSED - {"unused-label", "unused-vararg"},
    "unused": _UNUSED | {"unreachable-code"},
    "unused_variable": _UNUSED | {"unused-global"},
    "redefined-local": _REDEFINED,
    "shadowing": _REDEFINED,
    "undefined-field": frozenset({"undefined-global-field"}),
    "code-after-break": frozenset({"unreachable-code"}),
    "redundant-value": frozenset({"unbalanced-assignments"}),
    "unbalanced_assignments": frozenset({"unbalanced-assignments"}),
    "undefined_variable": frozenset({"undefined-global", "mutate-undefined-global"}),
    "unscoped_variables": frozenset({"set-undefined-global", "lowercase-global", "global-element"}),
    "global-element": frozenset({"set-undefined-global"}),
    "undefined-global": frozenset({"mutate-undefined-global"}),
    "global-in-non-module": frozenset({"set-undefined-global", "global-element"}),
    "readonly": frozenset({"readonly-global"}),
    "incorrect_standard_library_use": frozenset(
        {"readonly-global", "undefined-global-field", "missing-parameter", "redundant-parameter", "param-type-mismatch"}
    ),
    "global_usage": frozenset({"global-usage"}),
    "empty_if": frozenset({"empty-block"}),
    "empty_loop": frozenset({"empty-block"}),
    "suspicious_reverse_loop": frozenset({"count-down-loop"}),
    "if_same_then_else": frozenset({"same-condition"}),
    "ifs_same_cond": frozenset({"same-condition"}),
    "unnecessary-if": frozenset({"same-condition"}),
    "duplicate_keys": frozenset({"duplicate-index"}),
    "mixed_table": frozenset({"mixed-table"}),
    "compare_nan": frozenset({"compare-nan"}),
    "divide_by_zero": frozenset({"divide-by-zero"}),
    "constant_table_comparison": frozenset({"constant-table-comparison"}),
    "almost_swapped": frozenset({"almost-swapped"}),
    "type_check_inside_call": frozenset({"type-check-inside-call"}),
    "parenthese_conditions": frozenset({"parenthesized-condition"}),
    "trailing-space": frozenset({"trailing-whitespace"}),
    "code-style-check": frozenset({"trailing-whitespace", "mixed-indent", "line-too-long", "code-style"}),
    "codestyle-check": frozenset({"mixed-indent", "line-too-long", "code-style"}),
    "name-style-check": frozenset({"name-style"}),
    "need-check-nil": frozenset({"uninitialized-access"}),
    "high_cyclomatic_complexity": frozenset({"cyclomatic-complexity"}),
    "mismatched_arg_count": frozenset({"redundant-parameter", "missing-parameter"}),
    "duplicate-require": frozenset({"different-requires"}),
    "require-module-not-visible": frozenset({"unresolved-require"}),
    "restricted_module_paths": frozenset({"unresolved-require"}),
    "non-literal-expressions-in-assert": frozenset({"non-literal-assert"}),
    "undefined-doc-class": frozenset({"doc-undefined-type"}),
    "undefined-doc-name": frozenset({"doc-undefined-type"}),
    "type-not-found": frozenset({"doc-undefined-type"}),
    "undefined-doc-param": frozenset({"doc-param"}),
    "duplicate-doc-param": frozenset({"doc-param"}),
    "duplicate-doc-alias": frozenset({"doc-duplicate"}),
    "duplicate-doc-field": frozenset({"doc-duplicate"}),
    "duplicate-type": frozenset({"doc-duplicate"}),
    "circle-doc-class": frozenset({"doc-circular-class"}),
    "doc-field-no-class": frozenset({"doc-structure"}),
    "doc-syntax-error": frozenset({"doc-structure"}),
    "annotation-usage-error": frozenset({"doc-structure"}),
    "unknown-doc-tag": frozenset({"doc-structure"}),
    "unknown-cast-variable": frozenset({"doc-structure"}),
    "unknown-operator": frozenset({"doc-structure"}),
    "incomplete-signature-doc": frozenset({"doc-missing"}),
    "missing-global-doc": frozenset({"doc-missing"}),
    "missing-local-export-doc": frozenset({"doc-missing"}),
    "missing-return-value": frozenset({"return-count"}),
    "redundant-return-value": frozenset({"return-count"}),
    "cast-local-type": frozenset({"cast-type-mismatch"}),
    "access-invisible": frozenset({"invisible"}),
    "await-in-sync": frozenset({"await"}),
    "not-yieldable": frozenset({"await"}),
    "enum-value-mismatch": frozenset({"assign-type-mismatch"}),
    "generic-constraint-mismatch": frozenset({"param-type-mismatch"}),
    "must_use": frozenset({"discard-returns"}),
}

# luacheck's numbers; a number there is a pattern that matches from the beginning.
_BY_NUMBER: Mapping[str, frozenset[str]] = {
    "111": frozenset({"set-undefined-global", "lowercase-global"}),
    "112": frozenset({"undefined-global", "mutate-undefined-global"}),
    "113": frozenset({"undefined-global"}),
    "121": frozenset({"readonly-global"}),
    "122": frozenset({"readonly-global"}),
    "131": frozenset({"unused-global"}),
    "142": frozenset({"undefined-global-field"}),
    "143": frozenset({"undefined-global-field", "undefined-field"}),
    "211": frozenset({"unused-local", "unused-function"}),
    "212": frozenset({"unused-argument", "unused-vararg"}),
    "213": frozenset({"unused-loop-variable"}),
    "214": frozenset({"used-underscore"}),
    "221": frozenset({"never-set"}),
    "231": frozenset({"set-never-read"}),
    "232": frozenset({"set-never-read"}),
    "233": frozenset({"set-never-read"}),
    "241": frozenset({"set-never-read"}),
    **{number: frozenset({"unused-value"}) for number in ("311", "312", "313", "331")},
    **{number: frozenset({"uninitialized-access"}) for number in ("321", "341")},
    "314": frozenset({"duplicate-index"}),
    "411": frozenset({"redefined-local"}),
    "412": frozenset({"redefined-local"}),
    "413": frozenset({"redefined-local"}),
    **{number: frozenset({"shadowed-local"}) for number in ("421", "422", "423", "431", "432", "433")},
    "511": frozenset({"unreachable-code"}),
    "512": frozenset({"loop-once"}),
    "521": frozenset({"unused-label"}),
    "531": frozenset({"unbalanced-assignments"}),
    "532": frozenset({"unbalanced-assignments"}),
    "541": frozenset({"empty-block"}),
    "542": frozenset({"empty-block"}),
    "551": frozenset({"empty-statement"}),
    "561": frozenset({"cyclomatic-complexity"}),
    "571": frozenset({"count-down-loop"}),
    "581": frozenset({"negated-comparison"}),
    "582": frozenset({"negated-comparison"}),
    **{number: frozenset({"trailing-whitespace"}) for number in ("611", "612", "613", "614")},
    "621": frozenset({"mixed-indent"}),
    "631": frozenset({"line-too-long"}),
}
_LUACHECK_GROUPS: Mapping[str, frozenset[str]] = {
    "unused": _UNUSED | {"unused-value", "uninitialized-access", "never-set", "used-underscore"},
    "unused args": frozenset({"unused-argument", "unused-vararg", "unused-loop-variable"}),
    "redefined": _REDEFINED,
    "global": _GLOBALS | {"mutate-undefined-global", "unused-global", "global-element"},
    **{f"max {kind}line length": frozenset({"line-too-long"}) for kind in ("", "code ", "string ", "comment ")},
    "max cyclomatic complexity": frozenset({"cyclomatic-complexity"}),
}


def of_name(name: str) -> frozenset[str]:
    """Our codes for a name in a comment of LuaLS, EmmyLua or selene."""
    return BY_NAME.get(name, frozenset()) | ELSEWHERE.get(name, frozenset()) | {name, name.replace("_", "-")}


def of_luacheck(pattern: str) -> frozenset[str]:
    """Our codes for a number of luacheck, or its first digits."""
    digits = pattern.lstrip("W")
    if not digits.isdigit():
        return frozenset()
    return frozenset().union(*(codes for number, codes in _BY_NUMBER.items() if number.startswith(digits)))


def of_luacheck_pattern(pattern: re.Pattern[str]) -> frozenset[str]:
    """Our codes for the numbers of luacheck that a pattern of its configuration matches."""
    return frozenset().union(*(codes for number, codes in _BY_NUMBER.items() if pattern.search(number) is not None))


def of_luacheck_group(words: str) -> frozenset[str]:
    """Our codes for what `luacheck: no …` switches off."""
    return _LUACHECK_GROUPS.get(words, frozenset())


@cache
def known_names() -> frozenset[str]:
    """All names that any of the tools, or we, have for a diagnostic."""
    from llmspell_analysis.rules.table import RULES

    listed = _LIST.read_text(encoding="ascii").splitlines()
    return frozenset((*RULES, *BY_NAME, *(name for name in listed if not name.startswith("#"))))


def is_known(name: str) -> bool:
    """Whether a name in a comment means something; the names of annotations' errors are many."""
    return name in known_names() or name.replace("_", "-") in known_names() or name.startswith(("luadoc-", "devsper-"))
