"""How much of a graph a figure shows: all of it, or one copy of repeated blocks, or scopes closed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from ..errors import InputError, LimitExceeded
from .closing import close, stretched
from .facts import Facts
from .figure import Box, Cluster, Figure
from .folding import Folded
from .phrases import phrases
from .plain import unicode_text

Fold = bool | int | str | Iterable[str]
FOLDS_ABOVE = 150  # operations
MOST_OPERATIONS = 1000
MOST_READ = 20_000  # operations of a graph that folds by itself
LEAST_HIDDEN = 8  # operations, for a chain that folds by itself
_REMARKS = 3  # lines under the legend


def figure_of(facts: Facts, build: Callable[[], Figure], fold: Fold) -> tuple[Figure, tuple[Folded, ...]]:
    """The figure with what `fold` asks for folded, and a record of each thing that is.

    True draws blocks that come twice in a row or more once, False everything, a number closes the scopes nested
    deeper than it says (0: all), a list those of these titles. "auto" folds above 150 operations: repeated blocks,
    then scopes, the innermost first; and where more than 1,000 are left, stretches of the computation, each one box.
    Raises InputError for another `fold` or a title that no scope has, LimitExceeded for more than 1,000 operations
    that are left, or a graph of more than 20,000.
    """
    closes = _closer(fold)
    if fold is True or (fold == "auto" and facts.operations > FOLDS_ABOVE):
        facts.fold(2, 1) if fold is True else facts.fold(3, LEAST_HIDDEN)
    shown = sum(not n.is_leaf and facts.shown(n.expr) for n in facts.view.nodes)
    scoped = any(n.expr.within is not None for n in facts.view.nodes)
    if shown > MOST_OPERATIONS and fold != "auto" and (isinstance(fold, bool) or not scoped):
        raise _too_many(shown, facts)
    if shown > MOST_READ:
        raise _too_many(shown, facts)
    figure = build()
    if closes is None and fold == "auto":
        closes = _enough(figure)
    closed: list[tuple[Cluster, int]] = []
    if closes is not None:
        figure, closed = close(figure, closes)
        _check_titles(fold, facts)
    left = sum(_counts(b) for b in figure.boxes)
    if left > MOST_OPERATIONS and fold == "auto":
        figure, more = stretched(figure, phrases(facts.lang)["stretch"])
        closed += more
    elif left > MOST_OPERATIONS:
        raise _too_many(left, facts)
    plates = {c.tex for top in figure.clusters for c in top.walk() if c.plate}
    repeats = [f for f in facts.plates.folded if any(tex.startswith(f.tex) for tex in plates)]
    folded = (*repeats, *(Folded("scope", c.title, 1, n, c.tex) for c, n in closed))
    kinds = {"operation" if b.kind == "function" else b.kind for b in figure.boxes} | {"first", "second"}
    legend = [entry for entry in figure.legend if entry.sample in kinds]
    return replace(figure, legend=legend, remarks=tuple(_remarks(folded, facts))), folded


def _too_many(shown: int, facts: Facts) -> LimitExceeded:
    whole = "this graph has" if shown >= facts.operations else f"{facts.operations:,} are here and folding leaves"
    return LimitExceeded(
        f"a figure holds up to {MOST_OPERATIONS:,} operations, {whole} {shown:,}; draw a part of it, such as one layer "
        'or one value, or mark its parts (with G.scope("layer 1"): ...) and draw those closed (fold=0)')


def _closer(fold: Fold) -> Callable[[Cluster, int], bool] | None:
    """Which clusters an explicit `fold` closes; None when it says nothing of them."""
    if isinstance(fold, bool) or fold == "auto":
        return None
    if isinstance(fold, int) and fold >= 0:
        return lambda cluster, depth: depth > fold and not cluster.plate
    if isinstance(fold, (list, tuple, set, frozenset)) and all(isinstance(title, str) for title in fold):
        titles = set(fold)
        return lambda cluster, depth: cluster.title in titles
    raise InputError(f'fold must be True, False, "auto", a depth from 0, or a list of titles of scopes, got '
                     f'{fold!r:.80}')


def _check_titles(fold: Fold, facts: Facts) -> None:
    if isinstance(fold, (list, tuple, set, frozenset)):
        words = phrases(facts.lang)
        runs = [r for n in facts.view.nodes if n.expr.within is not None for r in n.expr.within.line]
        known = dict.fromkeys(words.get(f"scope {r.title}", r.title) if r.library else r.title for r in runs)
        for title in fold:
            if title not in known:
                have = ", ".join(map(repr, list(known)[:12])) or "none"
                raise InputError(f"fold: no scope is called {title!r:.80}; this graph has {have}")


def _enough(figure: Figure) -> Callable[[Cluster, int], bool] | None:
    """Closes the scopes below the greatest depth that leaves 150 operations or fewer; none if that is so already."""
    kinds = {b.key: _counts(b) for b in figure.boxes}
    total = sum(kinds.values())
    if total <= FOLDS_ABOVE or not figure.clusters:
        return None
    held: dict[int, int] = defaultdict(int)  # depth -> operations hidden when all clusters of this depth are closed
    stack = [(c, 1) for c in figure.clusters]
    while stack:
        cluster, depth = stack.pop()
        held[depth] += sum(kinds[key] for c in cluster.walk() for key in c.boxes) - 1
        stack.extend((c, depth + 1) for c in cluster.clusters)
    fitting = [d for d in held if total - held[d] <= FOLDS_ABOVE]
    chosen = max(fitting, default=1)
    return lambda cluster, depth: depth == chosen


def _counts(box: Box) -> bool:
    return box.kind in ("operation", "function", "adjoint")


def _remarks(folded: Iterable[Folded], facts: Facts) -> list[str]:
    """What a reader must know: how many operations one box or plate stands for."""
    words, lines = phrases(facts.lang), []
    scopes = [f for f in folded if f.kind == "scope"]
    for f in folded:
        if f.kind == "repeat":
            index = f"{f.title} {unicode_text(f.tex)}".strip()
            each = _operations(f.operations, words)
            lines.append(words["folded"].format(index=index, count=f.count, operations=each))
    if scopes:
        says = words["closed one" if len(scopes) == 1 else "closed"]
        total = _operations(sum(f.operations for f in scopes), words)
        lines.append(says.format(count=len(scopes), operations=total))
    more = [words["folded more"].format(n=len(lines) - _REMARKS)] if len(lines) > _REMARKS else []
    return lines[:_REMARKS] + more


def _operations(n: int, words: Mapping[str, str]) -> str:
    return words["operations one" if n == 1 else "operations"].format(n=n)
