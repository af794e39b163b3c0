"""What the way through a text's statements tells of: calls, fields, declarations, assignments, returns, casts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmspell_analysis.syntax import luacats_types as lt

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.annotations import Comment
    from llmspell_analysis.analysis.inference import Facts
    from llmspell_analysis.syntax.luacats_tags import CastTag


@dataclass(frozen=True, slots=True)
class Body:
    """A function that is gone through. `signature` is what its annotations say."""

    function: Node
    signature: lt.Function
    is_annotated: bool


class Observer:
    """What is told of. Nothing happens here."""

    def called(self, call: Node, facts: Facts, is_statement: bool) -> None: ...

    def indexed(self, node: Node, facts: Facts, access: str) -> None: ...

    def declared(self, statement: Node, names: Sequence[Node], values: Sequence[Node], facts: Facts) -> None: ...

    def assigned(self, targets: Sequence[Node], values: Sequence[Node], facts: Facts) -> None: ...

    def returned(self, node: Node, values: Sequence[Node], body: Body | None, facts: Facts) -> None: ...

    def ended(self, body: Body, is_reached: bool) -> None: ...

    def cast(self, comment: Comment, tag: CastTag, given: lt.Type | None, is_known: bool) -> None: ...

    def tested(self, node: Node, facts: Facts) -> None: ...
