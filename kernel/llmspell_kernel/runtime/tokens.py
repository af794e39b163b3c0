"""How many tokens a text has, about: models differ, and a budget needs one number for all of them.

Invariant: the estimate depends on the text alone, and that of two texts together is at most one less than the sum.
"""

_BYTES_PER_TOKEN = 4


def estimated_tokens(text: str) -> int:
    """A token for each four bytes of UTF-8, as English prose and code have it; at least one for any text."""
    return -(-len(text.encode("utf-8", "surrogateescape")) // _BYTES_PER_TOKEN)
