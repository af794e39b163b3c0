"""The page that explains a diagnostic: its row of the table, and the text in `explanations/<code>.md`."""

from importlib.resources import files

from llmspell_analysis.rules.table import RULES


def explanation(code: str) -> str:
    """Markdown. Raises KeyError for a code that does not exist."""
    rule = RULES[code]
    state = rule.severity.name.lower() if rule.is_on else f"{rule.severity.name.lower()}, off by default"
    page = files("llmspell_analysis.rules").joinpath("explanations", f"{code}.md").read_text(encoding="utf-8")
    return f"# {code} ({state})\n\n**{rule.explanation}**\n\n{page}"
