"""From a TOML file to the parts of an exercise; the first mistake is an InputError with its line."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from ..checking import parse_graph
from ..errors import GraphcError, InputError, ParseError
from ..ir import PARAM, Expr, postorder, variables
from ..trusted import PLACE, load_model
from ..view import teaching_view
from .locate import Path
from .parts import ASKS, ASSUMPTIONS, COUNTS, KINDS, LAYOUTS, NUMERIC, Draw, Question, Symbol
from .source import Source
from .texts import LANGUAGES

TOP = ("title", "language", "course", "statement", "function", "model", "output", "tolerance", "carried", "rounding",
       "layout", "seed", "symbols", "define", "point", "random", "question")
QUESTION = ("ask", "of", "wrt", "points", "shares", "text", "lines", "answer")
NAME = re.compile(r"[^\W\d_]\w{0,40}")
MOST_VALUES = 1000  # that a random number may take
MOST_QUESTIONS = 50


def read(source: Source, folder: str, trusted: bool) -> dict[str, Any]:
    """The fields of an Exercise. Raises InputError."""
    top = source.values
    source.known(top, TOP)
    if "title" not in top:
        raise source.error((), "a title is needed, as in title = \"Backward pass by hand\"")
    output = source.text(top, "output", "")
    if output and not NAME.fullmatch(output):
        raise source.error(("output",), f"output {output[:60]!r} is not a name; letters, digits and _ make one")
    symbols = _symbols(source)
    f, defined = _graph(source, symbols, folder, trusted)
    f = _named(source, f, output)
    symbols = _complete(source, f, symbols)
    point, random = _numbers(source, symbols)
    symbols = _ordered(symbols, source.values.get("symbols", {}), point, random)
    nodes = names_of(f, defined)
    return {
        "title": source.words(top, "title"), "language": source.choice(top, "language", LANGUAGES, "en"),
        "course": source.words(top, "course"), "statement": source.words(top, "statement"), "f": f,
        "output": str(f.label), "defined": defined, "symbols": tuple(symbols.values()), "point": point,
        "random": random, "seed": source.whole(top, "seed", 0, 0, 2**53), "tolerance": _tolerance(source),
        "layout": source.choice(top, "layout", LAYOUTS, "any"), "questions": _questions(source, f, nodes, symbols),
        "name": source.name, "source": source.text_read, "carried": _carried(source), "rounding": _rounding(source),
    }  # fmt: skip


def _named(source: Source, f: Expr, output: str) -> Expr:
    """The output under its name, which is no other value's."""
    at: Path = ("output",) if output else ("function",)
    leaves = variables(postorder([f]))
    if not leaves:
        raise source.error(at, "the function has no input to differentiate by")
    if output in [v.label for v in leaves]:
        raise source.error(at, f"output {output!r} is a symbol of the function; give the output another name")
    if f.label and output in ("", f.label):
        return f
    try:
        f = f.named(output or "f")
        teaching_view(f, output_name=str(f.label))
    except InputError as error:
        raise source.error(at, str(error).split(" (declared")[0]) from None
    return f


def names_of(f: Expr, defined: Mapping[str, Expr]) -> dict[str, Expr]:
    """The values that a question may name: those of the diagram, and the author's own."""
    view = teaching_view(f, output_name=str(f.label))
    shown = {n.name: n.expr for n in view.nodes if n.expr.op.name != "const"}
    inside = set(postorder([f]))
    return shown | {k: e for k, e in defined.items() if e in inside} | {str(f.label): f}


# -- the graph ------------------------------------------------------------------------------------------------


def _symbols(source: Source) -> dict[str, Symbol]:
    table = source.typed(source.values.get("symbols", {}), dict, ("symbols",))
    found = {}
    for name, value in table.items():
        at: Path = ("symbols", name)
        if not NAME.fullmatch(name):
            raise source.error(at, f"{name[:60]!r} is not a name; letters, digits and _ make one")
        if isinstance(value, str):
            value = {"kind": value}
        source.known(source.typed(value, dict, at), ("kind", "shape", "assume"), at)
        assume = source.names(value, "assume", at)
        for a in assume:
            if a not in ASSUMPTIONS:
                raise source.unknown("assumption", a, ASSUMPTIONS, at)
        kind = source.choice(value, "kind", KINDS, "input", at)
        shape = _shape(source, value, at)
        needs = {"symmetric": len(shape) == 2 and shape[0] == shape[1], "distribution": len(shape) > 0}
        for a in assume if "model" not in source.values else ():
            if not needs.get(a, True):
                need = "a square matrix, as in shape = [3, 3]" if a == "symmetric" else "an array, as in shape = [3]"
                raise source.error(at, f"{a} is said of {need}; {name} has the shape {list(shape)}")
        found[name] = Symbol(name, kind, shape, assume)  # type: ignore[arg-type]
    return found


def _shape(source: Source, value: Mapping[str, Any], at: Path) -> tuple[int | str, ...]:
    sizes = source.typed(value.get("shape", []), list, (*at, "shape"))
    for size in sizes:
        good = NAME.fullmatch(size) if isinstance(size, str) else type(size) is int and 0 < size <= 10_000
        if not good:
            raise source.error((*at, "shape"), f"a shape lists sizes, as in [3, 4] or [\"N\", 4]; got {size!r}")
    return tuple(sizes)


def _graph(source: Source, symbols: Mapping[str, Symbol], folder: str,
           trusted: bool) -> tuple[Expr, dict[str, Expr]]:
    top = source.values
    if ("function" in top) == ("model" in top):
        raise source.error(("model",) if "model" in top else (), "one of function, a formula, and model, a graph in a "
                           "Python file, is needed")
    if "model" in top:
        return _model(source, folder, trusted), {}
    shapes = {s.name: s.shape for s in symbols.values()}
    params = [s.name for s in symbols.values() if s.kind == "parameter"] if symbols else None
    defined: dict[str, Expr] = {}
    for name, formula in source.typed(top.get("define", {}), dict, ("define",)).items():
        at: Path = ("define", name)
        if not NAME.fullmatch(name) or name in symbols:
            raise source.error(at, f"{name[:60]!r} is a symbol already" if name in symbols else
                               f"{name[:60]!r} is not a name; letters, digits and _ make one")
        value = _parsed(source, formula, at, shapes, params, defined)
        if value.label or not value.args:
            raise source.error(at, f"{name} is {value!s:.40} itself; [define] names a value that has no name yet")
        defined[name] = value.named(name)
    return _parsed(source, top["function"], ("function",), shapes, params, defined), defined


def _parsed(source: Source, formula: Any, at: Path, shapes: Any, params: Any, defined: Mapping[str, Expr]) -> Expr:
    source.typed(formula, str, at)
    try:
        f = parse_graph(formula, shapes=shapes, params=params, defines=defined,
                        lang=source.choice(source.values, "language", LANGUAGES, "en"))
    except ParseError as error:
        raise source.error(at, str(error)) from None
    except GraphcError as error:
        raise source.error(at, str(error).split(" (declared")[0]) from None
    known = [*shapes, *defined]
    for leaf in variables(postorder([f])) if shapes else []:
        if leaf.label not in known:
            raise source.unknown("symbol", leaf.label, known, at)
    return f


def _model(source: Source, folder: str, trusted: bool) -> Expr:
    place = PLACE.fullmatch(source.text(source.values, "model"))
    if place is None:
        raise source.error(("model",), 'a model is a graph in a Python file, as in model = "network.py:loss"')
    if not trusted:
        raise source.error(("model",), "this exercise takes its model from a Python file, which would be run; "
                           "say that you trust it with --trust, or trusted=True")
    try:
        return load_model(os.path.join(folder, place[1]), place[2])
    except InputError as error:
        raise source.error(("model",), str(error)) from None


def _complete(source: Source, f: Expr, symbols: Mapping[str, Symbol]) -> dict[str, Symbol]:
    """Every input of the graph, with what the file says of it."""
    leaves = {str(v.label): v for v in variables(postorder([f]))}
    for name in symbols:
        if name not in leaves:
            raise source.unknown("symbol", name, list(leaves), ("symbols", name))
    found = {}
    for name in [*symbols, *(n for n in leaves if n not in symbols)]:
        leaf, said = leaves[name], symbols.get(name)
        shape = tuple(s if isinstance(s, int) else str(s) for s in leaf.shape)
        if said and said.shape and said.shape != shape:
            raise source.error(("symbols", name), f"{name} has the shape {list(said.shape)} here, and {list(shape)} "
                               "in the model")
        kind = said.kind if said and "function" in source.values else "parameter" if leaf.op is PARAM else "input"
        found[name] = Symbol(name, kind, shape, said.assume if said else ())
    return found


def _ordered(symbols: Mapping[str, Symbol], *tables: Mapping[str, Any]) -> dict[str, Symbol]:
    """In the author's order: of [symbols], of [point], of [random], and then as in the formula."""
    names = dict.fromkeys([*(n for table in tables for n in table), *symbols])
    return {n: symbols[n] for n in names}


def _tolerance(source: Source) -> float:
    value = float(source.number(source.values.get("tolerance", 0.001), ("tolerance",)))
    if not 0 <= value < 1:
        raise source.error(("tolerance",), f"tolerance is relative, from 0 to below 1, got {value:g}")
    return value


def _carried(source: Source) -> Fraction:
    """The share of the points of an answer that is right given an earlier wrong one."""
    value = Fraction(str(source.number(source.values.get("carried", 1), ("carried",))))
    if not 0 <= value <= 1:
        raise source.error(("carried",), f"carried is a share of the points, from 0 to 1, got {float(value):g}")
    return value


def _rounding(source: Source) -> Fraction:
    """The step to which the points of a submission are rounded; 0 leaves them as they are."""
    value = Fraction(str(source.number(source.values.get("rounding", 0), ("rounding",))))
    if not 0 <= value <= 100:
        raise source.error(("rounding",), f"rounding is a step of points, such as 0.5, got {float(value):g}")
    return value


# -- numbers ----------------------------------------------------------------------------------------------------


def _numbers(source: Source, symbols: Mapping[str, Symbol]) -> tuple[dict[str, Any], dict[str, Draw]]:
    point, random = ({}, {})  # type: tuple[dict[str, Any], dict[str, Draw]]
    tables = {k: source.typed(source.values.get(k, {}), dict, (k,)) for k in ("point", "random")}
    for key, table in tables.items():
        for name, value in table.items():
            at: Path = (key, name)
            if name not in symbols:
                raise source.unknown("symbol", name, list(symbols), at)
            if key == "point":
                point[name] = _value(source, value, symbols[name], at)
            elif name in point:
                raise source.error(at, f"{name} has a number in [point] already; it is either given or drawn")
            else:
                random[name] = _draw(source, value, symbols[name], at)
    missing = [n for n in symbols if n not in point and n not in random]
    if missing and (point or random):
        raise source.error(("point",) if point else ("random",), f"no number for {', '.join(missing)}; every symbol "
                           "needs one in [point] or [random]")
    return point, random


def _value(source: Source, value: Any, symbol: Symbol, at: Path) -> Any:
    if not symbol.shape:
        number = source.number(value, at)
        if not symbol.allows(number):
            raise source.error(at, f"{symbol.name} = {value} is not {' and '.join(symbol.assume)}")
        return number
    array = _nested(source, source.typed(value, list, at), at)
    fits = array is not None and array.ndim == len(symbol.shape) and all(
        isinstance(want, str) or want == got for want, got in zip(symbol.shape, array.shape))
    if array is None or not fits:
        raise source.error(at, f"{symbol.name} has the shape {list(symbol.shape)}, got "
                           + (f"{list(array.shape)}" if array is not None else "rows of different lengths"))
    if not symbol.fits(array):
        what = "is" if symbol.forms else "has a number that is"
        raise source.error(at, f"{symbol.name} {what} not {' and '.join(symbol.assume)}")
    return array


def _nested(source: Source, value: list[Any], at: Path) -> Any:
    def numbers(v: Any) -> Any:
        return [numbers(item) for item in v] if isinstance(v, list) else float(source.number(v, at))

    try:
        return np.array(numbers(value), dtype="float64")
    except ValueError:
        return None


def _draw(source: Source, value: Any, symbol: Symbol, at: Path) -> Draw:
    if any(isinstance(s, str) for s in symbol.shape):
        raise source.error(at, f"{symbol.name} has the shape {list(symbol.shape)}; give its numbers in [point], where "
                           "named sizes get theirs")
    if symbol.forms:
        raise source.error(at, f"{symbol.name} is {' and '.join(symbol.forms)} as a whole, and numbers are drawn "
                           "one by one; give them in [point]")
    if isinstance(value, list) and len(value) == 2:
        value = {"from": value[0], "to": value[1]}
    if not isinstance(value, dict):
        raise source.error(at, f"{'.'.join(map(str, at))} needs a range as in [-3, 3], or {{ choose = [1, 2, 4] }}")
    source.known(value, ("from", "to", "except", "choose"), at)
    if "choose" in value:
        values = [source.number(v, at) for v in source.typed(value["choose"], list, at)]
    else:
        low, high = (source.typed(value.get(k), int, (*at, k)) for k in ("from", "to"))
        if low > high or high - low >= MOST_VALUES:
            raise source.error(at, f"the range from {low} to {high} must rise, and hold at most {MOST_VALUES} numbers")
        values = [Fraction(v) for v in range(low, high + 1)]
    barred = {source.number(v, at) for v in source.typed(value.get("except", []), list, at)}
    left = tuple(v for v in dict.fromkeys(values) if v not in barred and symbol.allows(v))
    if not left or not all(math.isfinite(v) for v in left):
        said = f" that is {' and '.join(symbol.assume)}" if symbol.assume else ""
        raise source.error(at, f"there is no number{said} to draw {symbol.name} from")
    return Draw(left)


# -- questions --------------------------------------------------------------------------------------------------


def _questions(source: Source, f: Expr, nodes: Mapping[str, Expr],
               symbols: Mapping[str, Symbol]) -> tuple[Question, ...]:
    tables = source.typed(source.values.get("question", []), list, ("question",))
    if not tables:
        raise source.error(("question",), "an exercise needs a question, a table that begins with [[question]]")
    if len(tables) > MOST_QUESTIONS:
        raise source.error(("question",), f"{len(tables)} questions; the limit is {MOST_QUESTIONS}")
    return tuple(_question(source, i, t, f, nodes, symbols) for i, t in enumerate(tables))


def _question(source: Source, i: int, table: Any, f: Expr, nodes: Mapping[str, Expr],
              symbols: Mapping[str, Symbol]) -> Question:
    at: Path = ("question", i)
    source.known(source.typed(table, dict, at), QUESTION, at)
    if "ask" not in table:
        raise source.error(at, f"question {i + 1} needs ask, one of {', '.join(ASKS)}")
    ask = source.choice(table, "ask", ASKS, "", at)
    of, wrt = source.names(table, "of", at) or (str(f.label),), source.names(table, "wrt", at)
    if ask == "cost":
        of = source.names(table, "of", at) or ("multiply_adds",)
    for key, names in (("of", of), ("wrt", wrt)):
        for name in names:
            if name not in (COUNTS if (ask, key) == ("cost", "of") else nodes):
                what = "count" if ask == "cost" else "value"
                raise source.unknown(what, name, COUNTS if ask == "cost" else list(nodes), (*at, key))
    points = source.number(table.get("points", 1), (*at, "points"))
    if not 0 <= points <= 1000:
        raise source.error((*at, "points"), f"points must lie between 0 and 1000, got {points}")
    if not wrt and ask in ("gradient", "formula", "jacobian"):
        wrt = tuple(s.name for s in symbols.values() if s.kind == "parameter") or tuple(symbols)
    _agrees(source, at, ask, of, wrt, nodes, f)
    question = Question(i + 1, ask, of, wrt, points, source.words(table, "text", at),  # type: ignore[arg-type]
                        source.whole(table, "lines", 0, 0, 40, at))
    answer, answers = _models(source, table, question.parts, at)
    return replace(question, shares=_shares(source, table, question.parts, at), answer=answer, answers=answers)


def _models(source: Source, table: Mapping[str, Any], parts: tuple[str, ...], at: Path) -> tuple[str, dict[str, str]]:
    """The author's own answer: a text where there is one part, else a table of texts by part."""
    value, here = table.get("answer", ""), (*at, "answer")
    if isinstance(value, str):
        if value and len(parts) != 1:
            raise source.error(here, f"the question has {len(parts)} parts; give their answers by name, as in "
                               f'answer = {{ {parts[0]} = "..." }}')
        return value, {}
    source.known(source.typed(value, dict, here), parts, here)
    return "", {name: source.text(value, name, "", here) for name in value}


def _shares(source: Source, table: Mapping[str, Any], parts: tuple[str, ...], at: Path) -> tuple[Fraction, ...]:
    """How the points of a question are parted among its parts."""
    if "shares" not in table:
        return ()
    here: Path = (*at, "shares")
    shares = tuple(Fraction(str(source.number(v, here))) for v in source.typed(table["shares"], list, here))
    if len(shares) != len(parts) or min(shares) < 0 or not sum(shares):
        raise source.error(here, f"shares are numbers from 0 up, one for each of {', '.join(parts)}; got {len(shares)}")
    return shares


def _agrees(source: Source, at: Path, ask: str, of: tuple[str, ...], wrt: tuple[str, ...], nodes: Mapping[str, Expr],
            f: Expr) -> None:
    if ask in NUMERIC and not any(source.values.get(k) for k in ("point", "random")):
        raise source.error((*at, "ask"), f'ask = "{ask}" asks for numbers, and there is neither [point] nor [random]')
    if wrt and ask in ("value", "adjoint", "cost"):
        raise source.error((*at, "wrt"), f'ask = "{ask}" takes of alone, not wrt')
    if (ask in ("gradient", "formula", "local", "jacobian") or wrt) and len(of) != 1:
        raise source.error((*at, "of"), f'ask = "{ask}" takes one of, got {len(of)}')
    if ask == "gradient" and nodes[of[0]].ndim:
        raise source.error((*at, "of"), f"{of[0]} has the shape {list(map(str, nodes[of[0]].shape))}; a gradient is "
                           'that of a scalar; ask = "jacobian" is for vectors')
    if ask == "local":
        view = teaching_view(f, output_name=str(f.label))
        user = next((n for n in view.nodes if n.expr is nodes[of[0]]), None)
        operands = [v.name for v in view.nodes if user and any(v.expr is o for o in user.operands)]
        if len(wrt) != 1 or not any(nodes[wrt[0]] is o for o in (user.operands if user else ())):
            raise source.error((*at, "wrt"), f"a local derivative of {of[0]} is by one of its own operands: "
                               f"{', '.join(operands) or 'it has none'}")
        if nodes[of[0]].ndim or nodes[wrt[0]].ndim:
            raise source.error(at, "local derivatives are asked of scalars")
