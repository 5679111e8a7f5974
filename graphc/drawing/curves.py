"""Training histories and activation functions as charts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import InputError, choose
from ..formula import number_text, tex_name
from ..history import History
from ..ir import Expr
from .chart import Array, Chart, Curve, Levels, Panel, Point, Tangent
from .chart_phrases import PLOT_PHRASES
from .jumps import Jump, Sampled, sampled
from .phrases import phrases

KINDS = ("loss", "weight", "contour")
FINE, GRID, LEVELS = 400, 81, 11  # points of a curve, of a side of a grid of losses; level lines
TANGENTS = 6  # of the first steps; later ones lie too close
Span = tuple[float, float]


def is_plotted(what: Any) -> bool:
    """Whether `what` is a history, a function, or a list of either."""
    many = list(what) if isinstance(what, (list, tuple)) else [what]
    return bool(many) and all(isinstance(w, History) or (callable(w) and not isinstance(w, Expr)) for w in many)


def chart_of(what: Any, kind: str | None, derivative: bool | None, span: Any, log: bool | None, lang: str) -> Chart:
    """The chart of histories or functions; see `draw`. Raises InputError for an option that does not fit."""
    phrases(lang)
    many = list(what) if isinstance(what, (list, tuple)) else [what]
    histories = [w for w in many if isinstance(w, History)]
    if not histories:
        if kind not in (None, "function") or log:
            raise InputError(f"draw: functions have no kind {kind!r} and no log=; "
                             "they are drawn with derivative=True or False and span=(from, to)")
        return function_chart(many, True if derivative is None else derivative, _span(span, (-4.0, 4.0)), lang)
    if len(histories) < len(many):
        raise InputError("draw: a list has histories alone, or functions alone")
    if derivative is not None:
        raise InputError("draw: derivative= is for functions; a history is drawn by kind=, one of " + ", ".join(KINDS))
    kind = "loss" if kind is None else kind
    if kind not in KINDS:
        raise choose("kind", kind, KINDS)
    if kind == "loss":
        if span is not None:
            raise InputError("draw: a loss against its steps has no span=")
        return loss_chart(histories, log, lang)
    if log:
        raise InputError(f"draw: log= is for kind='loss', not {kind!r}")
    return (weight_chart if kind == "weight" else contour_chart)(histories, span, lang)


# -- histories -----------------------------------------------------------------------------------------------------


def loss_chart(histories: Sequence[History], log: bool | None, lang: str) -> Chart:
    """Loss against step; by a logarithmic scale where that is asked for and every loss is positive."""
    words = PLOT_PHRASES[lang]
    positive = all((h.losses > 0).all() for h in histories)
    if log and not positive:
        raise InputError("draw: log=True needs losses that are positive everywhere")
    names = list(dict.fromkeys(h.name for h in histories))
    curves = tuple(Curve(label_of(h, lang), np.arange(len(h), dtype=float), h.losses, i,
                         "steps" if len(h) <= 31 else "line") for i, h in enumerate(histories))
    y_label = _loss_label(names[0], lang) if len(names) == 1 else words["loss"]
    panel = Panel(words["step"], y_label, curves, log=bool(log), whole=True)
    title = words["loss title"].format(f=", ".join(names))
    return Chart("loss", title, _joined(_runs(histories, lang), lang), lang, (panel,))


def weight_chart(histories: Sequence[History], span: Any, lang: str) -> Chart:
    """The loss over one weight, with the steps of one descent, numbered, and their tangents."""
    words = PLOT_PHRASES[lang]
    if len(histories) != 1:
        raise InputError(f"draw: kind='weight' shows one history, got {len(histories)}")
    history = histories[0]
    (name,) = _moved(history, 1, "weight")
    path = history.numbers()[name]
    slopes = np.concatenate([g.reshape(len(history), -1) for g in history.gradients.values()], axis=1)[:, 0]
    low, high = _span(span, _around(path, 0.3))
    xs = np.linspace(low, high, FINE)
    ys = np.array([history.loss_of({name: float(x)}) for x in xs])
    f, w = _tex(history.name), _tex(name)
    steps = Curve(label_of(history, lang), path, history.losses, 1, "steps")
    tangents = tuple(Tangent(float(x), float(y), float(s))
                     for x, y, s in zip(path[:TANGENTS], history.losses, slopes))
    panel = Panel(f"${w}$", _loss_label(history.name, lang), (Curve(f"${f}({w})$", xs, ys), steps),
                  tangents=tangents, numbered=steps)
    title = words["weight title"].format(f=history.name, w=name)
    moves = words["moves"].format(w=name, first=_number(path[0], lang), last=_number(path[-1], lang))
    return Chart("weight", title, _joined([*_runs(histories, lang), moves], lang), lang, (panel,))


def contour_chart(histories: Sequence[History], span: Any, lang: str) -> Chart:
    """Level lines of the loss of the first history over its two weights, with the paths of all."""
    words = PLOT_PHRASES[lang]
    x_name, y_name = _moved(histories[0], 2, "contour")
    for h in histories[1:]:
        if _moved(h, 2, "contour") != [x_name, y_name]:
            raise InputError(f"draw: one history moves {x_name} and {y_name}, another {' and '.join(h.numbers())}")
    paths = [h.numbers() for h in histories]
    box = [_around(np.concatenate([p[n] for p in paths]), 0.18) for n in (x_name, y_name)]
    if span is not None:
        try:
            across, up = span
        except (TypeError, ValueError):
            raise InputError("draw: span of a contour is ((from, to), (from, to)), one pair a weight") from None
        box = [_span(across, box[0]), _span(up, box[1])]
    xs, ys = (np.linspace(*side, GRID) for side in box)
    z = np.array([[histories[0].loss_of({x_name: float(x), y_name: float(y)}) for x in xs] for y in ys])
    curves = tuple(Curve(label_of(h, lang), p[x_name], p[y_name], i, "path")
                   for i, (h, p) in enumerate(zip(histories, paths)))
    panel = Panel(f"${_tex(x_name)}$", f"${_tex(y_name)}$", curves, levels=Levels(xs, ys, z, _levels(z)))
    title = words["contour title"].format(f=histories[0].name, x=x_name, y=y_name)
    return Chart("contour", title, _joined(_runs(histories, lang), lang), lang, (panel,))


def _levels(z: Array) -> Array:
    """Values whose lines are evenly spread about the minimum of a parabola: their roots are equally far apart."""
    finite = z[np.isfinite(z)]
    if not finite.size or finite.min() == finite.max():
        return np.array([])
    low, high = finite.min(), finite.max()
    return np.asarray(low + (high - low) * (np.arange(1, LEVELS + 1) / (LEVELS + 1)) ** 2)


def _moved(history: History, count: int, kind: str) -> list[str]:
    names = list(history.numbers())
    if len(names) != count:
        shown = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
        need = "one number alone, as wrt=[w]," if count == 1 else "two numbers, as wrt=[w1, w2],"
        raise InputError(f"draw: kind={kind!r} shows a descent that moves {need} does; "
                         f"this one moves {len(names)}: {shown}")
    return names


def _loss_label(name: str, lang: str) -> str:
    word = PLOT_PHRASES[lang]["loss"]
    return word if name.lower() in ("loss", word) else f"{word} ${_tex(name)}$"


def label_of(history: History, lang: str) -> str:
    """The history's own label, else its optimiser, rate and settings that were changed."""
    words = PLOT_PHRASES[lang]
    if history.label is not None:
        text = _escaped(history.label)
    else:
        title = words.get(history.optimiser, history.title)
        text = rf"{title}, $\eta = {number_text(history.settings['rate'], 'latex', lang)}$"
    return f"{text} ({words['diverged']})" if history.diverged else text


def _runs(histories: Iterable[History], lang: str) -> list[str]:
    return [PLOT_PHRASES[lang]["run"].format(
        label=_spoken(label_of(h, lang)), f=h.name, first=_number(h.losses[0], lang),
        last=_number(h.losses[-1], lang), steps=h.steps) for h in histories]


def _joined(sentences: Sequence[str], lang: str) -> str:
    return ("\u00a0; " if lang == "fr" else "; ").join(sentences) + "."


def _around(path: Array, margin: float) -> Span:
    low, high = float(path.min()), float(path.max())
    room = (high - low) * margin or max(1.0, abs(low)) * 0.5
    return low - room, high + room


def _span(span: Any, default: Span) -> Span:
    if span is None:
        return default
    try:
        low, high = (float(v) for v in span)
    except (TypeError, ValueError):
        low = high = 0.0
    if not -float("inf") < low < high < float("inf"):
        raise InputError(f"draw: span is (from, to), two numbers in order, got {str(span)[:40]}")
    return low, high


# -- functions -----------------------------------------------------------------------------------------------------


def function_chart(functions: Sequence[Callable[..., Any]], derivative: bool, span: Span, lang: str) -> Chart:
    """Functions of one number and, beside them, their derivatives; at a kink the convention is the filled point."""
    words = PLOT_PHRASES[lang]
    curves: list[list[Curve]] = [[], []]
    points: list[list[Point]] = [[], []]
    labels, names, said = [], [], []
    for i, function in enumerate(functions):
        label, name, value, slope = sampled(function, span, 2 * FINE, derivative, lang)
        labels.append(label)
        names.append(name)
        for panel, found, mark in ((0, value, ""), (1, slope, "′")):
            if found is None:
                continue
            curves[panel].append(Curve(label if panel == 0 else "", found.x, found.y, i))
            points[panel] += _points(found, i)
            said += [_range(found, name + mark, lang), *(_kink(jump, name + mark, lang) for jump in found.jumps)]
    heads = [r"$f(x)$", r"$f\,^{\prime}(x)$"]
    if len(functions) == 1:
        heads = [labels[0], words["derivative"]] if "$" in labels[0] else [f"{labels[0]}$(x)$",
                                                                          rf"{labels[0]}$^{{\prime}}(x)$"]
    panels = [Panel("$x$", heads[i], tuple(curves[i]), tuple(points[i])) for i in range(2 if derivative else 1)]
    title = words["derivative title" if derivative else "function title"].format(names=", ".join(names))
    return Chart("function", title, _joined(said, lang), lang, tuple(panels))


def _points(found: Sampled, style: int) -> list[Point]:
    """Of each jump the value, filled, and each side that is not it, open."""
    points = []
    for jump in found.jumps:
        near = 1e-6 * (1 + abs(jump.value))
        points += [Point(jump.x, side, False, style) for side in (jump.left, jump.right)
                   if np.isfinite(side) and abs(side - jump.value) > near]
        points.append(Point(jump.x, jump.value, True, style))
    return points


def _range(found: Sampled, name: str, lang: str) -> str:
    finite = found.y[np.isfinite(found.y)]
    least, most = (finite.min(), finite.max()) if finite.size else (np.nan, np.nan)
    low, high, least, most = (_number(v, lang) for v in (found.x[0], found.x[-1], least, most))
    return PLOT_PHRASES[lang]["range"].format(name=name, low=low, high=high, least=least, most=most)


def _kink(jump: Jump, name: str, lang: str) -> str:
    x, left, value, right = (_number(v, lang) for v in (jump.x, jump.left, jump.value, jump.right))
    return PLOT_PHRASES[lang]["kink"].format(name=name, x=x, left=left, value=value, right=right)


# -- words ---------------------------------------------------------------------------------------------------------


def _number(value: float, lang: str) -> str:
    return number_text(float(value), "unicode", lang, digits=4)


def _tex(name: str) -> str:
    stem, bracket, index = name.partition("[")
    tex = tex_name(stem)
    return f"{tex}[{index}" if bracket else tex


def _escaped(text: str) -> str:
    """A user's words: their dollars are no mathematics."""
    return "".join(c if c.isprintable() else " " for c in text).replace("$", r"\$")


def _spoken(label: str) -> str:
    return label.replace(r"\$", "\0").replace("$", "").replace(r"\eta", "η").replace("{,}", ",").replace("\0", "$")
