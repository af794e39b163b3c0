"""Imports lsprotocol in half the time.

Its 554 attrs classes are most of a language server's start: attrs writes and compiles the source of each class's
methods. This server never compares, prints or re-validates them, so they are made without those methods
(0.25 s of CPU become 0.12 s). Nothing else that uses attrs is touched.
"""

from __future__ import annotations

import functools


def import_lsprotocol() -> None:
    """Has to run before anything else imports `lsprotocol.types`; afterwards it does nothing."""
    import attrs

    define = attrs.define
    lean = functools.partial(define, eq=False, repr=False, slots=False, on_setattr=attrs.setters.NO_OP)
    attrs.define = lean
    try:
        import lsprotocol.types  # noqa: F401
    finally:
        attrs.define = define
