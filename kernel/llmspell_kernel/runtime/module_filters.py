"""Which modules' messages the global `Debug` lets through.

Invariant: of the rules that match a module the one that was added last decides.
"""

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from .tools.output import ToolError
from .tools.patterns import searcher
from .values import Value

MAX_RULES = 1000
PATTERN_TYPES = ("exact", "wildcard", "regex", "hierarchical")


@dataclass(frozen=True, slots=True)
class Rule:
    pattern: str
    pattern_type: str
    is_enabled: bool
    matches: Callable[[str], bool]


@dataclass(slots=True)
class ModuleFilters:
    """The rules of a session; ``default`` is for modules that none matches."""

    default: bool = True
    rules: dict[tuple[str, str], Rule] = field(default_factory=dict)

    def add(self, pattern: str, pattern_type: str, enabled: bool) -> bool:
        """Add a rule, in the place of one for the same pattern; False when it cannot be one."""
        matches = _matcher(pattern, pattern_type)
        if matches is None:
            return False
        key = (pattern, pattern_type)
        if key not in self.rules and len(self.rules) >= MAX_RULES:
            return False
        self.rules.pop(key, None)
        self.rules[key] = Rule(pattern, pattern_type, enabled, matches)
        return True

    def remove(self, pattern: str) -> bool:
        found = [key for key in self.rules if key[0] == pattern]
        for key in found:
            del self.rules[key]
        return bool(found)

    def lets_through(self, module: str) -> bool:
        for rule in reversed(self.rules.values()):
            if rule.matches(module):
                return rule.is_enabled
        return self.default

    def summary(self) -> Value:
        rules: list[Value] = [
            {"pattern": one.pattern, "pattern_type": one.pattern_type, "enabled": one.is_enabled}
            for one in self.rules.values()
        ]
        return {"default_enabled": self.default, "total_rules": len(rules), "rules": rules}


def type_of(pattern: str) -> str:
    """How a pattern is read that comes without a type."""
    return "wildcard" if "*" in pattern or "?" in pattern else "hierarchical"


def _matcher(pattern: str, pattern_type: str) -> Callable[[str], bool] | None:
    if not pattern or len(pattern) > 1000:
        return None
    match pattern_type:
        case "exact":
            return lambda module: module == pattern
        case "hierarchical":
            return lambda module: module == pattern or module.startswith((f"{pattern}.", f"{pattern}::", f"{pattern}/"))
        case "wildcard":
            compiled = re.compile(fnmatch.translate(re.sub(r"\*+", "*", pattern.replace("[", "[[]"))))
            return lambda module: compiled.match(module) is not None
        case "regex":
            return _expression(pattern)
        case _:
            return None


def _expression(pattern: str) -> Callable[[str], bool] | None:
    try:
        search = searcher(pattern, "pattern")
    except ToolError:
        return None

    def matches(module: str) -> bool:
        try:
            return search(module, 0) is not None
        except ToolError:  # it takes too long, so it matches nothing
            return False

    return matches
