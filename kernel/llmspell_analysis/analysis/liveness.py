"""What becomes of the values of variables along a control-flow graph: which are read, which cannot have been given.

All sets of variables are bit masks. Facts that depend on what stands before or after the graph are told as such,
so that the statements of a file can be looked at one by one and joined (`Summary`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from llmspell_analysis.analysis.control_flow import Block, Event, EventKind, Graph

_FRESH = frozenset({EventKind.DECLARE, EventKind.DEFINE})
_GIVES = frozenset({EventKind.DEFINE, EventKind.WRITE})
_READS = frozenset({EventKind.READ, EventKind.CAPTURE_READ})
_USES = _READS | {EventKind.MUTATE}
_OVERWRITES = _FRESH | _GIVES
_GIVEN_LATER = frozenset({EventKind.WRITE, EventKind.CAPTURE_WRITE})


@dataclass(frozen=True, slots=True)
class Written:
    """A value that a variable gets. `is_read` and `is_used` (read, or a field of it set) within the graph;
    `lasts`: it may still be there at the graph's end; `is_captured`: a function that reads it may exist by then."""

    event: Event
    is_read: bool
    is_used: bool
    lasts: bool
    is_captured: bool
    overwritten_by: Event | None


@dataclass(slots=True)
class Summary:
    """What a graph does to variables, by bit: `exposed` may be read before it is written, `passes` may come through
    unwritten, `gives` may have a value from here, `captured` and `assigned` by functions that are made here.
    `unset` are the reads that see no more than what was there before the graph."""

    exposed: int = 0
    used: int = 0
    passes: int = 0
    gives: int = 0
    captured: int = 0
    assigned: int = 0
    written: list[Written] = field(default_factory=list)
    unset: list[Event] = field(default_factory=list)


def summary_of(graph: Graph, variables: int) -> Summary:
    """`variables` is how many bits there are."""
    everything = (1 << variables) - 1
    reachable = graph.reachable()
    blocks = graph.blocks
    read = _backward(graph, _READS, _OVERWRITES, 0)
    used = _backward(graph, _USES, _OVERWRITES, 0)
    lasting = _backward(graph, frozenset(), _OVERWRITES, everything)
    later = _backward(graph, _GIVEN_LATER, _FRESH, 0)
    given = _forward(graph, _GIVES, frozenset({EventKind.DECLARE}))
    captured = _forward(graph, frozenset({EventKind.CAPTURE_READ}), _FRESH)
    assigned = _forward(graph, frozenset({EventKind.CAPTURE_WRITE}), _FRESH)
    summary = Summary(
        exposed=_before(blocks[0], read[0], _READS, _OVERWRITES),
        used=_before(blocks[0], used[0], _USES, _OVERWRITES),
        passes=_before(blocks[0], lasting[0], frozenset(), _OVERWRITES),
        gives=given[graph.exit],
        captured=captured[graph.exit],
        assigned=assigned[graph.exit],
    )
    for number in sorted(reachable):
        block = blocks[number]
        masks = (read[number], used[number], lasting[number], later[number])
        _look_at(block, masks, (given[number], captured[number], assigned[number]), summary)
    return summary


Masks = tuple[int, int, int, int]


def _look_at(block: Block, after: Masks, before: tuple[int, int, int], summary: Summary) -> None:
    if not block.events:
        return
    following = _following(block, after)
    given, captured, assigned = before
    for index, event in enumerate(block.events):
        bit = 1 << event.variable
        kind = event.kind
        if kind in _FRESH:
            captured, assigned = captured & ~bit, assigned & ~bit
        if kind in _GIVES:
            given |= bit
            read, used, lasting, _ = (bool(mask & bit) for mask in following[index])
            overwriting = _overwriting(block, index)
            summary.written.append(Written(event, read, used, lasting, bool(captured & bit), overwriting))
        elif kind is EventKind.DECLARE:
            given &= ~bit
        elif kind is EventKind.CAPTURE_WRITE:
            assigned |= bit
        elif not (given | assigned) & bit and (kind is not EventKind.CAPTURE_READ or not following[index][3] & bit):
            summary.unset.append(event)
        if kind is EventKind.CAPTURE_READ:
            captured |= bit


def _following(block: Block, after: Masks) -> list[Masks]:
    """What holds right after each event: it is read, used, lasts to the end, is given a value later."""
    read, used, lasting, later = after
    following: list[Masks] = []
    for event in reversed(block.events):
        following.append((read, used, lasting, later))
        bit = 1 << event.variable
        if event.kind in _OVERWRITES:
            read, used, lasting = read & ~bit, used & ~bit, lasting & ~bit
        elif event.kind in _USES:
            used |= bit
            if event.kind in _READS:
                read |= bit
        if event.kind in _FRESH:
            later &= ~bit
        elif event.kind in _GIVEN_LATER:
            later |= bit
    following.reverse()
    return following


def _overwriting(block: Block, index: int) -> Event | None:
    """The event of the same block that ends the value given at `index`."""
    variable = block.events[index].variable
    later = (event for event in block.events[index + 1 :] if event.variable == variable)
    return next((event for event in later if event.kind in _OVERWRITES), None)


Kinds = frozenset[EventKind]


def _before(block: Block, after: int, gen: Kinds, kill: Kinds) -> int:
    """A backward mask at the start of a block."""
    for event in reversed(block.events):
        if event.kind in gen:
            after |= 1 << event.variable
        elif event.kind in kill:
            after &= ~(1 << event.variable)
    return after


def _after(block: Block, before: int, gen: Kinds, kill: Kinds) -> int:
    """A forward mask at the end of a block."""
    for event in block.events:
        if event.kind in gen:
            before |= 1 << event.variable
        elif event.kind in kill:
            before &= ~(1 << event.variable)
    return before


def _backward(graph: Graph, gen: Kinds, kill: Kinds, at_exit: int) -> list[int]:
    """What holds at each block's end, on any path to the graph's exit."""
    blocks = graph.blocks
    preceding: list[list[int]] = [[] for _ in blocks]
    for number, block in enumerate(blocks):
        for following in block.successors:
            preceding[following].append(number)
    ends = [0] * len(blocks)
    ends[graph.exit] = at_exit
    return _settle(blocks, preceding, ends, lambda block, mask: _before(block, mask, gen, kill))


def _forward(graph: Graph, gen: Kinds, kill: Kinds) -> list[int]:
    """What holds at each block's start, on any path from the entry."""
    blocks = graph.blocks
    following = [block.successors for block in blocks]
    return _settle(blocks, following, [0] * len(blocks), lambda block, mask: _after(block, mask, gen, kill))


def _settle(
    blocks: list[Block], nexts: list[list[int]], masks: list[int], through: Callable[[Block, int], int]
) -> list[int]:
    pending = list(range(len(blocks)))
    waiting = set(pending)
    while pending:
        number = pending.pop()
        waiting.discard(number)
        result = through(blocks[number], masks[number])
        for other in nexts[number]:
            if result & ~masks[other]:
                masks[other] |= result
                if other not in waiting:
                    waiting.add(other)
                    pending.append(other)
    return masks
