"""What an edge of a tensor's backward graph does to the adjoint that comes in, read off from the pullback of its op.

The pullback is applied to a variable that stands for the adjoint, and the formula that comes out is written with a dot
in its place, `\\cdot\\, \\mathbf{W}^{\\top}`, or with the adjoint's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..formula import format_node, indicator, tex_name
from ..ir import INPUT, Expr, postorder, variable
from ..reverse import fitted
from ..rewrite import rewrite
from ..types import TupleType

PLACE = "Qadjoint"  # the name under which the incoming adjoint stands in a formula until it is written
_PLACED = re.compile(r"\\math(?:rm|bf)\{" + PLACE + r"\}")
DOT = r"\,\cdot\,"
LONGEST = 140  # characters of TeX in what an edge does


def handed_form(node: Expr, args: tuple[Expr, ...], stands: Expr, position: int,
                operand: Expr) -> tuple[Expr, Expr] | None:
    """What `node` hands to its operand, over a variable for the adjoint that it is given, and that variable.

    `args` are variables that stand for its operands, `stands` the one for the node itself. None where
    it hands nothing, or where one of these has several results.
    """
    if isinstance(node.type, TupleType) or isinstance(operand.type, TupleType):
        return None
    g = variable(INPUT, PLACE, node.shape, node.type.dtype, declare=False)
    raw: Expr | None = g
    if node.op.name != "add":
        assert node.op.pullback is not None
        raw = node.op.pullback(g, stands, *args, **node.op.named_attrs(node))[position]
    return None if raw is None else (rewrite(fitted(raw, operand)), g)


@dataclass
class _Written:
    """A formula that grows around the adjoint. `tex` is "" where nothing was done to a dot so far."""

    tex: str
    scalar: bool = False  # the adjoint that comes in
    sum: bool = False  # of terms: needs brackets as a factor
    total: str = ""  # the sign of the sum over an axis that it is
    numbers: list[str] = field(default_factory=list)  # factors that are still to be written
    arrays: list[str] = field(default_factory=list)

    def flush(self) -> None:
        """Write the factors: numbers first, and what is left over elementwise."""
        if not (self.numbers or self.arrays):
            return
        numbers = [n for n in self.numbers if n != "{-}1"]
        minus = "{-}" if (len(self.numbers) - len(numbers)) % 2 else ""
        factor = r"\,".join([*numbers, *self.arrays[:1]]) or "1"
        factor = r" \odot ".join([factor, *self.arrays[1:]])
        if minus and not (numbers or self.arrays) and self.tex:
            self.tex = "{-}" + (self.tex if self.total else self.bracketed())
        else:
            factor = f"({minus}{factor})" if minus else factor
            sign = r"\odot" if self.arrays and not self.scalar else r"\cdot"
            self.tex = f"{self.bracketed()} {sign} {factor}" if self.tex else rf"{sign}\, {factor}"
            self.scalar = self.scalar and not self.arrays
        self.sum, self.total = False, ""
        self.numbers, self.arrays = [], []

    def bracketed(self) -> str:
        if self.total:
            return rf"\left({self.tex}{' ' + chr(92) + 'cdot' if self.tex == self.total else ''}\right)"
        return f"({self.tex})" if self.sum else self.tex

    def inner(self) -> str:
        """The formula so far as an operand: a dot where nothing was done to it, in front of what was."""
        self.flush()
        if not self.tex:
            return DOT
        return rf"\cdot {self.tex}" if self.tex.startswith((r"\odot", r"\cdot")) else self.tex


def written(form: Expr, g: Expr, bar: str, names: dict[Expr, str], lang: str) -> str | None:
    r"""The formula of what is handed on, `bar` being the incoming adjoint, or what is done to it where `bar` is "".

    None where that is too long for a label.
    """
    if form is g:
        return bar or r"\mathrm{id}"
    steps, start = _chain(form, g)
    w = _Written(bar, not g.ndim)
    if start is not g:
        tex = _placed(_tex(start, names, lang), bar or r"\cdot")
        w = _Written(tex, not start.ndim, sum=start.op.name in ("add", "subtract"))
    for node, holder in steps:
        _grow(w, node, holder, names, lang)
    w.flush()
    return w.tex if len(w.tex) <= LONGEST else None


def _chain(form: Expr, g: Expr) -> tuple[list[tuple[Expr, Expr]], Expr]:
    """The nodes from the adjoint out to the result while each has one operand that depends on it; where they start."""
    depends = {g}
    for node in postorder([form]):
        if any(a in depends for a in node.args):
            depends.add(node)
    steps = []
    node = form
    while node is not g:
        holders = [a for a in node.args if a in depends]
        if len(holders) != 1:
            break
        steps.append((node, holders[0]))
        node = holders[0]
    return steps[::-1], node


def _grow(w: _Written, node: Expr, holder: Expr, names: dict[Expr, str], lang: str) -> None:
    name = node.op.name
    others = [a for a in node.args if a is not holder]
    if name == "multiply":
        _factor(w, others[0], names, lang)
    elif name in ("divide", "safe_divide") and node.args[0] is holder:
        below = rf"\frac{{1}}{{{_tex(others[0], names, lang)}}}"
        (w.arrays if others[0].ndim else w.numbers).append(below)
    elif name == "negative":
        w.numbers.append("{-}1")
    elif name == "broadcast_to":
        w.arrays.append(rf"\mathbf{{1}}_{{{sizes(node.shape)}}}")
    elif name == "reshape" and _same_but_ones(node.shape, holder.shape):
        return
    elif name == "matmul":
        w.flush()
        matrix = _matrix(others[0], names, lang)
        first = node.args[0] is holder
        inner = w.inner() if w.tex else r"\cdot"
        inner = f"({inner})" if w.sum or w.total or r"\odot" in inner else inner
        w.tex, w.sum, w.total = (rf"{inner}\, {matrix}" if first else rf"{matrix}\, {inner}"), False, ""
    elif name == "sum":
        inner = w.inner()
        inner = "" if inner == DOT else f"({inner})" if w.sum or inner.startswith(r"\cdot ") else inner
        w.total = rf"\sum{_over(node, holder)}"
        w.tex, w.sum = f"{w.total} {inner}".rstrip(), False
    elif name == "transpose" and node.ndim == 2:
        inner = w.inner()
        plain = re.fullmatch(r"\\bar\{[^ ]*", inner)
        w.tex, w.sum, w.total = (rf"{inner}^{{\top}}" if plain else rf"({inner})^{{\top}}"), False, ""
    else:
        inner = w.inner()
        w.tex = _placed(_tex(node, names | {holder: PLACE}, lang, expand=True), inner)
        w.sum, w.total = name in ("add", "subtract"), ""


def _matrix(expr: Expr, names: dict[Expr, str], lang: str) -> str:
    r"""An operand of a matrix product; a vector that was given a second axis as it is on paper, x or x^{\top}."""
    inner = expr.args[0] if expr.op.name == "transpose" else expr
    vector = inner.op.name == "reshape" and inner.args[0].ndim == 1 and inner.ndim == 2
    if vector and _same_but_ones(inner.shape, inner.args[0].shape):
        named = inner.args[0] in names or inner.args[0].label is not None
        column = _tex(inner.args[0], names, lang) if named else f"({_tex(inner.args[0], names, lang)})"
        return rf"{column}^{{\top}}" if expr.shape[0] == 1 else column
    tex = _tex(expr, names, lang)
    return f"({tex})" if expr.op.name in ("add", "subtract", "multiply") else tex


def _factor(w: _Written, factor: Expr, names: dict[Expr, str], lang: str) -> None:
    """A factor, taken apart: numbers stand before arrays, and each sign counts once."""
    todo = [factor]
    while todo:
        f = todo.pop()
        if f.op.name == "multiply" and f not in names and f.label is None:
            todo += [f.args[1], f.args[0]]
        elif f.op.name == "negative" and f not in names and f.label is None:
            w.numbers.append("{-}1")
            todo.append(f.args[0])
        else:
            tex = _tex(f, names, lang)
            if f.type.dtype == "bool" and f not in names and f.label is None:
                tex = indicator(tex, "latex")
            elif f.op.name in ("add", "subtract") and f not in names and f.label is None:
                tex = f"({tex})"
            (w.arrays if f.ndim else w.numbers).append(tex)


def _over(node: Expr, holder: Expr) -> str:
    """The index of a sum: of the size of its axis where that is one letter, else the axis."""
    axes = node.op.named_attrs(node).get("axis")
    axes = tuple(range(holder.ndim)) if axes is None else axes
    if len(axes) == holder.ndim and len(axes) > 1:
        return ""
    if len(axes) == 1:
        size = str(holder.shape[axes[0]])
        index = size.lower() if len(size) == 1 and size.isalpha() and size.isupper() else "i"
        return rf"_{{{index}=1}}^{{{size}}}" if len(size) <= 3 else rf"_{{{index}}}"
    return rf"_{{{','.join('ijklmn'[a % 6] for a in axes)}}}"


def sizes(shape: tuple[object, ...]) -> str:
    r"""A shape as TeX; a size that is a sum stands in brackets beside others.

    >>> import graphc as G
    >>> v = G.concatenate([G.input("x", "N", "d"), G.input("h", "N", "m")], axis=1)
    >>> sizes(v.shape)
    'N \\times (d + m)'
    """
    texts = [str(s).replace("*", r" \cdot ") for s in shape]
    if len(texts) > 1:
        texts = [f"({t})" if " + " in t or " - " in t else t for t in texts]
    return r" \times ".join(texts)


def _same_but_ones(a: tuple[object, ...], b: tuple[object, ...]) -> bool:
    return [s for s in a if s != 1] == [s for s in b if s != 1]


def _tex(expr: Expr, names: dict[Expr, str], lang: str, expand: bool = False) -> str:
    return in_words(format_node(expr, "latex", names=names, limit=400, lang=lang, expand_root=expand), lang)


def in_words(tex: str, lang: str) -> str:
    """The formula with the words of a case in the language of the figure."""
    for word, french in ((r"\text{if }", r"\text{si }"), (r"\text{otherwise}", r"\text{sinon}")):
        tex = tex.replace(word, french) if lang == "fr" else tex
    return tex


def _placed(tex: str, inner: str) -> str:
    return _PLACED.sub(lambda _: inner, tex)


assert _PLACED.fullmatch(tex_name(PLACE)) and _PLACED.fullmatch(tex_name(PLACE, 2))
