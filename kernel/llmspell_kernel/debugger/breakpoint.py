"""One breakpoint, and one place of a loaded chunk where breakpoints are found."""

from dataclasses import dataclass

from .breakpoint_texts import LogPart
from .probes import Place

# How a breakpoint may be found, where its client says so: by nothing but a probe in the code, or by a line hook alone,
# which leaves the code as it was compiled.
PROBE, HOOK = "probe", "hook"


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """One breakpoint of a source. ``mode``: how it may be found, None for the cheapest way that there is.
    ``hit_condition`` and ``log_message`` are what ``hit_operator``, ``hit_count`` and ``log`` were read from. The first
    ``ignore_count`` times that it would stop or log it does not. ``complaint`` is what is wrong with its own texts, and
    stays; ``message`` says why it is not verified now, or where it went."""

    id: int
    requested: tuple[int, int | None]  # line and column
    line: int
    condition: str | None
    hit_operator: str | None
    hit_count: int
    log: tuple[LogPart, ...] | None
    hit_condition: str | None = None
    log_message: str | None = None
    complaint: str | None = None
    ignore_count: int = 0
    enabled: bool = True
    column: int | None = None
    function: bool = False  # set by the name of the function that begins here
    mode: str | None = None
    owner: str = ""  # the client that has set it
    verified: bool = False
    message: str | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it another breakpoint; one that is disabled is still the same."""
        return (
            self.requested,
            self.condition,
            self.hit_operator,
            self.hit_count,
            self.log,
            self.ignore_count,
            self.mode,
        )

    @property
    def expressions(self) -> tuple[str, ...]:
        logged = (text for kind, text in self.log or () if kind == "expression")
        return (self.condition, *logged) if self.condition is not None else tuple(logged)


@dataclass(frozen=True, slots=True)
class Site:
    """A probe in a loaded chunk; ``inline`` are the expressions that stand in its text."""

    number: int
    chunk_name: str
    source: str
    place: Place
    inline: tuple[str, ...]
