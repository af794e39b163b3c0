"""What becomes of the values of variables along a control-flow graph: which are read, which cannot have been given.

All sets of variables are bit masks. Facts that depend on what stands before or after the graph are told as such,
so that the statements of a file can be looked at one by one and joined (`Summary`).
"""

from __future__ import annotations

from collections.abc import Sequence
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


# What is asked of the paths to the end, and of those from the beginning: which kinds of events begin it, which end it.
_AHEAD = ((_READS, _OVERWRITES), (_USES, _OVERWRITES), (frozenset[EventKind](), _OVERWRITES), (_GIVEN_LATER, _FRESH))
_BEHIND = (
    (_GIVES, frozenset({EventKind.DECLARE})),
    (frozenset({EventKind.CAPTURE_READ}), _FRESH),
    (frozenset({EventKind.CAPTURE_WRITE}), _FRESH),
)
_Questions = tuple[tuple[frozenset[EventKind], frozenset[EventKind]], ...]
# kind of an event -> the numbers of the questions that it answers with yes, and with no
_Answers = dict[EventKind, tuple[tuple[int, ...], tuple[int, ...]]]


def _answers(questions: _Questions) -> _Answers:
    return {
        kind: (
            tuple(number for number, (begins, _) in enumerate(questions) if kind in begins),
            tuple(number for number, (begins, ends) in enumerate(questions) if kind in ends and kind not in begins),
        )
        for kind in EventKind
    }


_ANSWERS_AHEAD, _ANSWERS_BEHIND = _answers(_AHEAD), _answers(_BEHIND)


def summary_of(graph: Graph, variables: int) -> Summary:
    """`variables` is how many bits there are."""
    everything = (1 << variables) - 1
    blocks = graph.blocks
    through = [_effect(block.events[::-1], _ANSWERS_AHEAD, variables) for block in blocks]
    # whatever is there at the graph's end lasts
    ahead = _settle(through, _preceding(blocks), {graph.exit: everything << 2 * variables})
    onward = [_effect(block.events, _ANSWERS_BEHIND, variables) for block in blocks]
    behind = _settle(onward, [block.successors for block in blocks], {}, is_forward=True)
    begins, keeps = through[0]
    exposed, used, passes, _ = _split(begins | (ahead[0] & keeps), variables, 4)
    gives, captured, assigned = _split(behind[graph.exit], variables, 3)
    summary = Summary(exposed, used, passes, gives, captured, assigned)
    for number in sorted(graph.reachable()):
        if not blocks[number].events:
            continue
        read, used, lasting, later = _split(ahead[number], variables, 4)
        given, captured, assigned = _split(behind[number], variables, 3)
        _look_at(blocks[number], (read, used, lasting, later), (given, captured, assigned), summary)
    return summary


def _split(mask: int, variables: int, parts: int) -> list[int]:
    """The masks of the questions, which stand side by side in one."""
    everything = (1 << variables) - 1
    return [mask >> number * variables & everything for number in range(parts)]


Masks = tuple[int, int, int, int]


def _look_at(block: Block, after: Masks, before: tuple[int, int, int], summary: Summary) -> None:
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


def _effect(events: Sequence[Event], answers: _Answers, variables: int) -> tuple[int, int]:
    """What events in a row do to a mask: what they put in, and what they leave in it."""
    if not events:
        return 0, -1
    begins = ends = 0
    for event in events:
        yes, no = answers[event.kind]
        for number in yes:
            bit = 1 << event.variable + number * variables
            begins |= bit
            ends &= ~bit
        for number in no:
            bit = 1 << event.variable + number * variables
            begins &= ~bit
            ends |= bit
    return begins, ~ends


def _preceding(blocks: list[Block]) -> list[list[int]]:
    preceding: list[list[int]] = [[] for _ in blocks]
    for number, block in enumerate(blocks):
        for following in block.successors:
            preceding[following].append(number)
    return preceding


def _settle(
    effects: list[tuple[int, int]], nexts: list[list[int]], known: dict[int, int], *, is_forward: bool = False
) -> list[int]:
    """What holds where each block is entered, in the direction of `nexts`, on any path. Blocks are numbered about
    in the order of the text: looked at in the direction of `nexts`, most are looked at once."""
    masks = [known.get(number, 0) for number in range(len(effects))]
    pending = list(range(len(effects)))
    if is_forward:
        pending.reverse()
    waiting = set(pending)
    while pending:
        number = pending.pop()
        waiting.discard(number)
        begins, keeps = effects[number]
        result = begins | (masks[number] & keeps)
        for other in nexts[number]:
            if result & ~masks[other]:
                masks[other] |= result
                if other not in waiting:
                    waiting.add(other)
                    pending.append(other)
    return masks
