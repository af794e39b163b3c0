"""The tool `webpage-monitor`: what has changed in a page since its content was last looked at."""

from difflib import SequenceMatcher

from ..values import Value
from .output import ToolError, ToolOutput, envelope
from .page import Page, fetch_page
from .registry import Parameters, ToolContext
from .web_request import http_of

MAX_LINES = 20_000
MAX_CHANGES = 1000


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    url, selector = parameters["input"], parameters.get("selector")
    with http_of("webpage-monitor", context) as http:
        answer = fetch_page(http, url)
    context.cancellation.check()
    page = Page(answer.text(), answer.url)
    if selector is None:
        current = page.text()
    else:
        current = "\n".join(page.texts(selector, "selector"))
        if not current:
            raise ToolError(f"{url}: nothing fits the selector '{selector[:100]}'", "not_found")
    if "previous_content" not in parameters:
        return envelope(
            "monitor",
            {
                "url": url,
                "current_content": current,
                "has_changes": False,
                "message": "This is the first look; give current_content as previous_content to compare the next one",
            },
        )
    previous = parameters["previous_content"]
    changes = _changes(previous, current, parameters["ignore_whitespace"])
    return envelope(
        "monitor",
        {
            "url": url,
            "current_content": current,
            "previous_content": previous,
            "has_changes": bool(changes),
            "changes": changes[:MAX_CHANGES],
            "change_count": len(changes),
            "selector_used": selector,
            "ignore_whitespace": parameters["ignore_whitespace"],
        },
    )


def _changes(previous: str, current: str, ignores_whitespace: bool) -> list[Value]:
    old, new = previous.splitlines(), current.splitlines()
    if max(len(old), len(new)) > MAX_LINES:
        raise ToolError(f"more than {MAX_LINES} lines are not compared; name a part with 'selector'", "too_large")
    if ignores_whitespace:
        old, new = ([" ".join(line.split()) for line in lines] for lines in (old, new))
        old, new = ([line for line in lines if line] for lines in (old, new))
    found: list[Value] = []
    for kind, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for line in range(max(old_end - old_start, new_end - new_start) if kind != "equal" else 0):
            old_line, new_line = old_start + line, new_start + line
            if old_line < old_end and new_line < new_end:
                found.append({"type": "modification", "old_line": old_line + 1, "new_line": new_line + 1,
                              "old_content": old[old_line], "new_content": new[new_line]})  # fmt: skip
            elif old_line < old_end:
                found.append({"type": "deletion", "old_line": old_line + 1, "content": old[old_line]})
            else:
                found.append({"type": "addition", "new_line": new_line + 1, "content": new[new_line]})
    return found
