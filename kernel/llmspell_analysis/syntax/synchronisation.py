"""Where reading tokens may start: an offset before a place that is certainly outside strings and comments."""

from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.tree import ERROR, kinds

_STATEMENTS = kinds(
    "variable_declaration",
    "assignment_statement",
    "function_declaration",
    "function_call",
    "if_statement",
    "for_statement",
    "while_statement",
    "repeat_statement",
    "do_statement",
)
_OTHERS = kinds("comment", "hash_bang_line", "goto_statement", "label_statement", "empty_statement", ";")


def synchronised_start(document: Document, offset: int) -> int:
    """Start of the last whole top-level statement before `offset` that nothing broken precedes; 0 at worst.

    Tree-sitter reads from left to right, so that statements before the first error are what Lua sees too.
    """
    kept = document.synchronised
    if kept[0] == offset:
        return kept[1]
    start = _last_whole_statement(document, offset)
    document.synchronised = offset, start
    return start


def _last_whole_statement(document: Document, offset: int) -> int:
    start = 0
    for child in document.tree.root_node.children:
        if child.start_byte > offset or child.kind_id == ERROR or child.has_error:
            break
        if child.kind_id in _STATEMENTS:
            # A half-typed statement can swallow the next line: what touches the cursor's statement is read again.
            start = child.start_byte
            if child.end_byte >= offset:
                break
        elif child.kind_id not in _OTHERS:
            break  # a loose token: the root is an ERROR, and here its first broken construct begins
    return start
