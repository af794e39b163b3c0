""" "Did you mean": the nearest right name, or none when nothing is near enough to be meant."""

from collections.abc import Iterable


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate with the fewest typing mistakes, at most a third of the name; ties go to the first."""
    wanted = _normal(name)
    limit = max(1, min(len(wanted) // 3, 4)) if len(wanted) > 1 else 0
    best: str | None = None
    best_distance = limit + 1
    for candidate in candidates:
        other = _normal(candidate)
        if other == wanted:
            return candidate
        if abs(len(other) - len(wanted)) >= best_distance:
            continue
        distance = _distance(wanted, other, best_distance)
        if distance < best_distance:
            best, best_distance = candidate, distance
    return best


def _normal(name: str) -> str:
    return name.lower().replace("_", "-")


def _distance(a: str, b: str, limit: int) -> int:
    """Optimal string alignment distance (insert, delete, replace, swap neighbours), given up at `limit`."""
    before: list[int] = []
    previous = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        current = [i]
        for j, right in enumerate(b, 1):
            cost = min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) >= limit:
            return limit
        before, previous = previous, current
    return previous[-1]


def listed(names: list[str], limit: int = 8) -> str:
    """Names for a message; of many, the first ones."""
    shown = ", ".join(f"`{name}`" for name in names[:limit])
    return shown if len(names) <= limit else f"{shown}, …"
