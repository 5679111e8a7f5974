"""Formulas of arrays as on paper: juxtaposed matrix products, ⊙ element by element, Σ over named indices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from ..dims import Size
from ..formula import ATOM, PREFIX, PRODUCT, SUM, apply_form, format_node, indicator, number_text, tex_name
from ..ir import Expr, postorder
from ..ops.indexing import index_text
from .notation import Math, Notation, latex_safe, unbracketed
from .tidy import tidied

LETTERS = "ijklmnop"  # of indices, by axis
MOST = 1000  # nodes below a formula that is tried

# A formula with its binding strength, and for products their kind: "matrix", "elements" or "scale".
Piece: TypeAlias = "tuple[str, str, int, str]"


def size_math(size: Size) -> Math:
    """A size as mathematics: 3, N, 2·N."""
    text = str(size)
    return Math(text.replace("*", "·"), text.replace("*", r" "))


def shape_math(shape: Sequence[Size]) -> Math:
    """N×3, without brackets."""
    parts = [size_math(s) for s in shape]
    return Math("×".join(p.text for p in parts), r" \times ".join(p.tex for p in parts))


class ArrayWriting:
    """Writes nodes, those in `names` by name; `tex_names` has what `tex_name` turns into TeX, bold for an array."""

    def __init__(self, notation: Notation, names: Mapping[Expr, str], tex_names: Mapping[Expr, str]) -> None:
        self.n, self.names, self.tex_names = notation, names, tex_names

    def formula(self, expr: Expr, limit: int = 400, tidy: bool = True) -> Math | None:
        """The node written out; None when that would be longer than `limit` characters or has no short spelling.

        With `tidy`, scalar factors are gathered in front.
        """
        known = self.names
        if expr not in known and len(postorder([expr])) > MOST:
            return None
        found = self.piece(tidied(expr, known) if tidy else expr)
        if found is None or len(found[0]) > limit:
            return None
        text, tex = found[:2]
        if expr.type.dtype == "bool" and expr.label is None and expr not in known:
            text, tex = indicator(text, "unicode"), indicator(tex, "latex")
        return Math(self.n.local(text), latex_safe(unbracketed(self.n.local(tex))))

    def piece(self, root: Expr) -> Piece | None:
        """The pieces are put together bottom up; a node that is written by its name hides what is below it."""
        done: dict[Expr, Piece | None] = {}
        stack = [root]
        while stack:
            node = stack[-1]
            if node in done:
                stack.pop()
                continue
            short = self._short(node)
            if short is not None or not node.args:
                done[node] = short if short is not None else self._constant(node)
                continue
            todo = [a for a in node.args if a not in done]
            if todo:
                stack.extend(todo)
                continue
            parts = [done[a] for a in node.args]
            whole = None if any(p is None for p in parts) else self._apply(node, [p for p in parts if p is not None])
            done[node] = None if whole is None or len(whole[0]) > 2000 else whole
        return done[root]

    def _short(self, node: Expr) -> Piece | None:
        if node in self.names:
            return self.names[node], tex_name(self.tex_names[node], node.ndim), ATOM, ""
        if node.label is not None:
            return node.label, tex_name(node.label, node.ndim), ATOM, ""
        return None

    def _constant(self, node: Expr) -> Piece | None:
        if node.op.name == "const" and not node.ndim and node.type.is_float:
            root = _root(float(node.attrs[0].value))
            if root is not None:
                return root
        text, tex = format_node(node, "unicode", lang=self.n.lang), format_node(node, "latex", lang=self.n.lang)
        text, tex = text.replace("1·10^", "10^"), tex.replace(r"1 \cdot 10^", "10^")
        if "…" in text or (node.ndim and node.op.name == "const"):
            return self._array(node)
        return text, tex, PREFIX if text.startswith("−") else ATOM if node.op.name == "const" else _strength(text), ""

    def _array(self, node: Expr) -> Piece | None:
        """A constant array: of one value c it is c·𝟏, otherwise it is short or has no spelling here."""
        value = node.attrs[0].value
        if value.size and (value == value.flat[0]).all():
            return ones(self._constant_scalar(value.flat[0]), node.shape)
        if value.size > 6 or value.ndim > 1:
            return None
        parts = [self._constant_scalar(v) for v in value]
        mark = " ; " if self.n.lang == "fr" else ", "
        tex_mark = r"\,;\, " if self.n.lang == "fr" else ",\\, "
        return f"[{mark.join(p[0] for p in parts)}]", f"[{tex_mark.join(p[1] for p in parts)}]", ATOM, ""

    def _constant_scalar(self, value: Any) -> Piece:
        text = number_text(value.item(), "unicode", self.n.lang)
        tex = number_text(value.item(), "latex", self.n.lang)
        return text, tex, PREFIX if text.startswith("−") else ATOM, ""

    def _apply(self, node: Expr, parts: list[Piece]) -> Piece | None:
        special = SPECIAL.get(node.op.name)
        found = special(node, parts) if special else None
        return found if found is not None else _by_form(node, parts)


def _root(value: float) -> Piece | None:
    """√3 or 1/√3 for the float nearest to it."""
    if not value > 0 or value == int(value):
        return None
    for square, inverse in ((value * value, False), (1 / (value * value), True)):
        n = round(square)
        if 1 < n <= 10_000 and abs(square - n) < 1e-12 * n and float(n) ** 0.5 % 1:
            if inverse:
                return f"1/√{n}", rf"\frac{{1}}{{\sqrt{{{n}}}}}", PRODUCT, "scale"
            return f"√{n}", rf"\sqrt{{{n}}}", ATOM, ""
    return None


def _strength(text: str) -> int:
    return ATOM if text.isidentifier() or text.isdigit() else SUM


def _by_form(node: Expr, parts: Sequence[Piece]) -> Piece | None:
    """As the op's row says."""
    text, level = apply_form(node, [(p[0], p[2]) for p in parts], "unicode")
    tex, _ = apply_form(node, [(p[1], p[2]) for p in parts], "latex")
    return text, tex, level, ""


def bracketed(p: Piece, free: bool) -> tuple[str, str]:
    """The text and the TeX, in brackets unless `free`."""
    if free:
        return p[0], p[1]
    tall = any(mark in p[1] for mark in (r"\frac", r"\sum", r"\bmatrix"))
    return f"({p[0]})", rf"\left({p[1]}\right)" if tall else f"({p[1]})"


def _subscripted(p: Piece) -> tuple[str, str]:
    """A value that gets indices: in TeX in brackets where it has a subscript of its own."""
    bare = p[2] == ATOM
    return bracketed(p, bare)[0], bracketed(p, bare and "_" not in p[1] and "^" not in p[1])[1]


def factor(p: Piece, kinds: tuple[str, ...]) -> tuple[str, str]:
    """A product's operand: in brackets where it is a sum, a negative, or a product of another kind."""
    if p[3] == "quotient":
        return f"({p[0]})", p[1]  # the bar of a fraction is a bracket
    return bracketed(p, (p[2] > PRODUCT and p[2] != PREFIX) or (p[2] == PRODUCT and p[3] in kinds))


def _indicators(node: Expr, parts: list[Piece]) -> list[Piece]:
    return [(indicator(p[0], "unicode"), indicator(p[1], "latex"), ATOM, "")
            if a.type.dtype == "bool" and a.label is None and p[2] < ATOM else p for a, p in zip(node.args, parts)]


def _is_scalar(node: Expr) -> bool:
    return not node.ndim


def _multiply(node: Expr, parts: list[Piece]) -> Piece | None:
    a, b = _indicators(node, parts)
    x, y = node.args
    if _is_scalar(x) and _is_scalar(y):
        p, q = factor(a, ("scale",)), factor(b, ("scale",))
        return f"{p[0]}·{q[0]}", rf"{p[1]} \cdot {q[1]}", PRODUCT, "scale"
    if _is_scalar(x) or _is_scalar(y):
        s, v = (a, b) if _is_scalar(x) else (b, a)
        if "1" in (s[0], v[0]):
            return v if s[0] == "1" else s
        p, q = factor(s, ("scale",)), factor(v, ("matrix", "elements", "scale", "sum"))
        digit = q[0][:1].isdigit() or q[0].startswith("𝟏")
        between = r"\cdot" if digit else r"\,"
        return f"{p[0]}·{q[0]}", f"{p[1]} {between} {q[1]}", PRODUCT, "scale"
    if {a[3], b[3]} == {"column", "row"}:
        p, q = (factor(v, ()) for v in ((a, b) if a[3] == "column" else (b, a)))
        return f"{p[0]} ⊗ {q[0]}", rf"{p[1]} \otimes {q[1]}", PRODUCT, "outer"
    rows = _rows(x, y, a, b) or _rows(y, x, b, a)
    if rows:
        return rows
    p, q = factor(a, ("elements", "scale")), factor(b, ("elements",))
    return f"{p[0]} ⊙ {q[0]}", rf"{p[1]} \odot {q[1]}", PRODUCT, "elements"


def _rows(x: Expr, y: Expr, a: Piece, b: Piece) -> Piece | None:
    """A vector made a column scales the rows of a matrix: diag(s) X."""
    if x.op.name != "reshape" or x.args[0].ndim != 1 or y.ndim != 2 or x.shape != (y.shape[0], 1):
        return None
    if a[3] != "column":
        return None
    q = factor(b, ("matrix",))
    return f"diag({a[0]}) {q[0]}", rf"\operatorname{{diag}}({a[1]}) \, {q[1]}", PRODUCT, "matrix"


def _matmul(node: Expr, parts: list[Piece]) -> Piece:
    a, b = factor(parts[0], ("matrix",)), factor(parts[1], ())
    x, y = node.args
    dot = x.ndim == 1 and y.ndim == 1
    between = r"\cdot" if dot else r"\,"
    return f"{a[0]}{'·' if dot else ' '}{b[0]}", f"{a[1]} {between} {b[1]}", PRODUCT, "matrix"


def _transpose(node: Expr, parts: list[Piece]) -> Piece | None:
    n = node.ndim
    if n < 2 or node.attrs[0] != (*range(n - 2), n - 1, n - 2):
        order = ", ".join(LETTERS[i] for i in node.attrs[0][:len(LETTERS)])
        tex = rf"\operatorname{{transpose}}_{{{order}}}({parts[0][1]})"
        return f"transpose({parts[0][0]} → {order})", tex, ATOM, ""
    a = bracketed(parts[0], parts[0][2] == ATOM and "^" not in parts[0][1])
    return f"{a[0]}ᵀ", rf"{a[1]}^{{\top}}", ATOM, ""


def _slots(ndim: int, axes: Sequence[int]) -> tuple[str, list[str]]:
    """The indices summed over, and all indices with a colon for each that stays: ("i", ["i", ":"])."""
    return "".join(LETTERS[i] for i in axes), [LETTERS[i] if i in axes else ":" for i in range(ndim)]


def _axes(node: Expr) -> tuple[int, ...] | None:
    axis = node.attrs[0]
    axes = tuple(axis) if isinstance(axis, tuple) else (axis,)
    known = 0 < node.args[0].ndim <= len(LETTERS) and all(isinstance(i, int) for i in axes)
    return axes if known else None


def _reduction(sign: str, tex_sign: str) -> Callable[[Expr, list[Piece]], Piece | None]:
    def write(node: Expr, parts: list[Piece]) -> Piece | None:
        axes = _axes(node)
        if axes is None:
            return None
        over, slots = _slots(node.args[0].ndim, axes)
        body = _subscripted(parts[0])
        tex_slots = ("," if ":" in slots else "").join(slots)
        return (f"{sign}_{over} {body[0]}[{','.join(slots)}]",
                rf"{tex_sign}_{{{','.join(over)}}} {body[1]}_{{{tex_slots}}}", PRODUCT, "sum")

    return write


_sum = _reduction("Σ", r"\sum")


def _mean(node: Expr, parts: list[Piece]) -> Piece | None:
    axes, total = _axes(node), _sum(node, parts)
    if axes is None or total is None:
        return None
    count: Size = 1
    for i in axes:
        count = count * node.args[0].shape[i]
    n = size_math(count)
    low = n.text if _strength(n.text) == ATOM else f"({n.text})"
    return f"1/{low}·{total[0]}", rf"\frac{{1}}{{{n.tex}}} {total[1]}", PRODUCT, "sum"


def ones(a: Piece, shape: Sequence[Size]) -> Piece:
    """An array of this shape that is `a` everywhere."""
    size = shape_math(shape)
    one = f"𝟏_{{{size.text}}}" if len(shape) > 1 else f"𝟏_{size.text}", rf"\mathbf{{1}}_{{{size.tex}}}"
    if a[0] == "1":
        return *one, ATOM, ""
    p = factor(a, ("scale",))
    return f"{p[0]}·{one[0]}", rf"{p[1]} \, {one[1]}", PRODUCT, "scale"


def _broadcast(node: Expr, parts: list[Piece]) -> Piece | None:
    """c·𝟏 of a scalar; of a vector or a row, its product with a 𝟏 of the other size."""
    source = node.args[0]
    a = parts[0]
    if all(s == 1 for s in source.shape):
        return ones(a, node.shape)
    if node.ndim == 2:
        inner = source.args[0] if source.op.name == "reshape" and a[3] in ("column", "row") else source
        p = factor(a, ("matrix",))
        if source.ndim == 2 and inner is source:
            side = 0 if source.shape[0] == 1 else 1
            unit = ones(("1", "1", ATOM, ""), (node.shape[0], 1) if side == 0 else (1, node.shape[1]))
            first, second = (unit, p) if side == 0 else (p, unit)
            return f"{first[0]} {second[0]}", rf"{first[1]} \, {second[1]}", PRODUCT, "matrix"
        column = source.ndim == 2 and source.shape[1] == 1
        unit = ones(("1", "1", ATOM, ""), (node.shape[1] if column else node.shape[0],))
        first, second = (p, unit) if column else (unit, p)
        return f"{first[0]} ⊗ {second[0]}", rf"{first[1]} \otimes {second[1]}", PRODUCT, "outer"
    size = shape_math(node.shape)
    return f"repeat({a[0]} → {size.text})", rf"\operatorname{{repeat}}_{{{size.tex}}}\left({a[1]}\right)", ATOM, ""


def _reshape(node: Expr, parts: list[Piece]) -> Piece | None:
    """A scalar in another number of axes is written as it is; a vector as a column is known by its place."""
    a, source = parts[0], node.args[0]
    if all(s == 1 for s in source.shape):
        return a
    if source.ndim == 1 and node.shape == (source.shape[0], 1):
        return *a[:3], "column"
    if source.ndim == 1 and node.shape == (1, source.shape[0]):
        return *a[:3], "row"
    if node.ndim == 1 and source.shape == (node.shape[0], 1):
        return a
    size = shape_math(node.shape)
    return f"reshape({a[0]} → {size.text})", rf"\operatorname{{reshape}}_{{{size.tex}}}\left({a[1]}\right)", ATOM, ""


def _einsum(node: Expr, parts: list[Piece]) -> Piece | None:
    operands, out = node.attrs[0].replace(" ", "").split("->")
    if operands.count(",") != 1:
        return None
    s, t = operands.split(",")
    if out == s + t and not set(s) & set(t) and s and t:
        p, q = factor(parts[0], ()), factor(parts[1], ())
        return f"{p[0]} ⊗ {q[0]}", rf"{p[1]} \otimes {q[1]}", PRODUCT, "outer"
    p, q = map(_subscripted, parts)
    inner = "".join(dict.fromkeys(c for c in s + t if c not in out))
    sign = (f"Σ_{inner} ", rf"\sum_{{{inner}}} ") if inner else ("", "")
    text = f"{sign[0]}{p[0]}[{s}]·{q[0]}[{t}]"
    tex = rf"{sign[1]}{p[1]}_{{{s}}} \, {q[1]}_{{{t}}}"
    return (f"({text})[{out}]", rf"\left({tex}\right)_{{{out}}}", ATOM, "") if out else (text, tex, PRODUCT, "scale")


def _call(name: str, tex: str) -> Callable[[Expr, list[Piece]], Piece | None]:
    def write(node: Expr, parts: list[Piece]) -> Piece:
        return (f"{name}({', '.join(p[0] for p in parts)})",
                rf"{tex}\left({', '.join(p[1] for p in parts)}\right)", ATOM, "")

    return write


def _divide(node: Expr, parts: list[Piece]) -> Piece | None:
    a, b = _indicators(node, parts)
    p = bracketed(a, a[2] >= PRODUCT and a[2] != PREFIX and a[3] in ("", "scale"))
    q = bracketed(b, b[2] > PRODUCT and b[2] != PREFIX)
    kind = "quotient" if node.ndim else "scale"
    return f"{p[0]}/{q[0]}", rf"\frac{{{a[1]}}}{{{b[1]}}}", PRODUCT, kind


def _place(node: Expr, parts: list[Piece]) -> Piece | None:
    where = index_text(node.attrs[0], node.attrs[1])
    size = shape_math(node.shape)
    tex_where = latex_safe(where.replace("_", r"\_"))
    return (f"place({parts[0][0]} in [{where}] of 0_{{{size.text}}})",
            rf"\operatorname{{place}}_{{[{tex_where}]}}\left({parts[0][1]}, \mathbf{{0}}_{{{size.tex}}}\right)",
            ATOM, "")


SPECIAL: Mapping[str, Callable[[Expr, list[Piece]], Piece | None]] = {
    "multiply": _multiply, "matmul": _matmul, "transpose": _transpose, "sum": _sum, "mean": _mean,
    "max": _reduction("max", r"\max"), "min": _reduction("min", r"\min"), "prod": _reduction("Π", r"\prod"),
    "broadcast_to": _broadcast, "reshape": _reshape, "einsum": _einsum, "place": _place,
    "stop_gradient": lambda node, parts: parts[0], "astype": lambda node, parts: _indicators(node, parts)[0],
    "divide": _divide, "safe_divide": _divide,
    "conv": _call("corr", r"\operatorname{corr}"), "conv_transpose": _call("conv", r"\operatorname{conv}"),
    "conv_weight": _call("corr_w", r"\operatorname{corr}_{w}"),
}  # fmt: skip
