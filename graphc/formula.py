"""Writing a node as a formula: calculator text, Unicode text, LaTeX.

The printer walks any node that has `op`, `args`, `attrs`, `label` and `type`; each op's row carries
its three templates and its binding strength, so a formula never needs SymPy and keeps the order in
which the author wrote it. A shared node is written where it is used; a formula that would pass
`limit` characters shows an ellipsis instead of growing without bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

Surface = Literal["text", "unicode", "latex"]

# Binding strength, weakest first.
RELATION, SUM, PRODUCT, PREFIX, POWER, ATOM = range(6)


@dataclass(frozen=True, slots=True)
class Form:
    """How an op is written. `{0}`, `{1}` are the operands; `{axis}` and the like are attributes."""

    text: str
    unicode: str
    latex: str
    level: int = ATOM
    needs: tuple[int, ...] = ()  # weakest strength each operand may have without brackets
    logical: bool = False  # operands of type bool stay as they are, not 1[...]


def infix(text: str, level: int, *, unicode: str = "", latex: str = "", strict: bool = False,
          logical: bool = False) -> Form:
    """A binary operator; `strict` brackets a right operand of the same strength (a - (b - c))."""
    uni = unicode or text
    return Form(f"{{0}}{text}{{1}}", f"{{0}}{uni}{{1}}", f"{{0}}{latex or text}{{1}}", level,
                (level, level + 1 if strict else level), logical)


def call(name: str, latex: str = "", *, arity: int = 1) -> Form:
    """A function call; `latex` is the function's name in LaTeX."""
    inner = ", ".join(f"{{{i}}}" for i in range(arity))
    tex = latex or r"\operatorname{" + name.replace("_", r"\_") + "}"
    tex = tex.replace("{", "{{").replace("}", "}}")
    return Form(f"{name}({inner})", f"{name}({inner})", rf"{tex}\left({inner}\right)", ATOM, (RELATION,) * arity)


def format_node(
    root: Any,
    surface: Surface = "text",
    *,
    names: Mapping[Any, str] | None = None,
    limit: int = 4000,
    lang: str = "en",
    expand_root: bool = True,
) -> str:
    """The formula of `root`. Nodes in `names` (besides the root) and named nodes are written by name."""
    names = names or {}
    done: dict[Any, tuple[str, int]] = dict.fromkeys(_too_deep(root, limit, names), (_ellipsis(surface), ATOM))
    stack = [root]
    while stack:
        node = stack[-1]
        if node in done:
            stack.pop()
            continue
        short = _short(node, names, surface, lang) if node is not root or not expand_root else None
        if short is None and not node.args:
            short = _leaf(node, surface, lang)
        if short is not None:
            done[node] = short
            continue
        todo = [a for a in node.args if a not in done]
        if todo:
            stack.extend(reversed(todo))
        else:
            done[node] = _apply(node, [done[a] for a in node.args], surface, limit)
    return done[root][0]


def _too_deep(root: Any, limit: int, names: Mapping[Any, str]) -> list[Any]:
    """The nodes that lie just below `limit` levels: whatever holds them in full is longer than `limit`.

    Below a node that is written by its name there is nothing to write.
    """
    level, seen = [root], {root}
    for _ in range(limit):
        below = dict.fromkeys(a for node in level for a in node.args)
        level = [a for a in below if a not in seen and a.label is None and a not in names]
        seen.update(level)
        if not level:
            break
    return level


def _ellipsis(surface: Surface) -> str:
    return r"\ldots" if surface == "latex" else "…"


def _short(node: Any, names: Mapping[Any, str], surface: Surface, lang: str) -> tuple[str, int] | None:
    if node in names:
        return (tex_name(names[node], node.type.ndim) if surface == "latex" else names[node]), ATOM
    if node.label is not None:
        return (tex_name(node.label, node.type.ndim) if surface == "latex" else node.label), ATOM
    return None


def _leaf(node: Any, surface: Surface, lang: str) -> tuple[str, int]:
    if node.label is not None:
        return (tex_name(node.label, node.type.ndim) if surface == "latex" else node.label), ATOM
    if node.op.name == "const":
        return constant_text(node.attrs[0].value, surface, lang)
    text = node.op.form_of(node)[("text", "unicode", "latex").index(surface)]  # a size: N, 2*N + 1
    return text, (ATOM if text.isidentifier() else SUM)


def _apply(node: Any, parts: list[tuple[str, int]], surface: Surface, limit: int) -> tuple[str, int]:
    form = node.op.form
    index = {"text": 0, "unicode": 1, "latex": 2}[surface]
    template = node.op.form_of(node)[index]
    if surface == "latex" and node.op.name == "multiply" and all(a.type.ndim for a in node.args):
        template = r"{0} \odot {1}"  # of arrays: element by element
    operands = []
    for i, (text, level) in enumerate(parts):
        arg = node.args[i]
        if arg.type.dtype == "bool" and not form.logical and arg.label is None and level == RELATION:
            text, level = indicator(text, surface), ATOM
        elif _wants_brackets(form, template, i, (text, level), surface):
            text = _brackets(text, surface)
        operands.append(text)
    written = template.format(*operands)
    return (_ellipsis(surface), ATOM) if len(written) > limit else (written, form.level)


def _wants_brackets(form: Form, template: str, i: int, operand: tuple[str, int], surface: Surface) -> bool:
    text, level = operand
    if f"{{{{{{{i}}}}}}}" in template:
        return False  # a TeX group of its own: a fraction's part, an exponent
    if level == PREFIX and (form.level == PREFIX or (i > 0 and form.level in (SUM, PRODUCT))):
        return True  # −(−a), a·(−b), a − (−2)
    need = form.needs[min(i, len(form.needs) - 1)] if form.needs else RELATION
    return level < need or (surface == "latex" and _raised_twice(template, i, text))


def _raised_twice(template: str, i: int, text: str) -> bool:
    """Whether an operand with a superscript or subscript of its own gets another: TeX refuses x^2^2."""
    return any(template.startswith(f"{{{i}}}{mark}") and _at_top(text, mark) for mark in "^_")


def _at_top(text: str, mark: str) -> bool:
    """Whether `mark` stands in LaTeX text outside all braces and brackets."""
    depth = 0
    for c in text:
        depth += (c in "{([") - (c in "})]")
        if c == mark and depth == 0:
            return True
    return False


def indicator(condition: str, surface: Surface) -> str:
    """1 where the condition holds and 0 elsewhere, as courses write it."""
    return rf"\mathbf{{1}}_{{{condition}}}" if surface == "latex" else f"1[{condition}]"


def _brackets(text: str, surface: Surface) -> str:
    tall = surface == "latex" and (r"\frac" in text or r"\sum" in text)
    return rf"\left({text}\right)" if tall else f"({text})"


def constant_text(value: Any, surface: Surface, lang: str = "en") -> tuple[str, int]:
    """A constant as text and its binding strength: numbers exactly, small arrays in full."""
    if getattr(value, "ndim", 0) == 0:
        text = number_text(value, surface, lang)
        return text, (PREFIX if text[0] in "-−{" else ATOM)
    if value.size > 6:
        return _ellipsis(surface), ATOM
    text = str([v.item() for v in value.ravel()] if value.ndim == 1 else value.tolist())
    return text, ATOM


def number_text(value: Any, surface: Surface = "unicode", lang: str = "en", digits: int | None = None) -> str:
    """A number as a reader expects it: 2 not 2.0, a real minus, the language's decimal mark.

    >>> number_text(-0.5), number_text(12.0), number_text(2.5, "latex", "fr"), number_text(1/3, digits=4)
    ('−0.5', '12', '2{,}5', '0.3333')
    """
    if isinstance(value, Fraction):
        text = str(value)
    elif float(value) == int(value) if _is_finite(value) else False:
        text = str(int(value)) if abs(value) < 1e16 else repr(float(value))
    else:
        text = repr(float(value)) if digits is None else f"{float(value):.{digits}g}"
    return _dress(text, surface, lang)


def size_texts(text: str) -> dict[str, str]:
    """A size such as 5*N on each surface."""
    return {"text": text, "unicode": text.replace("*", "·"), "latex": text.replace("*", r" \cdot ")}


def _is_finite(value: Any) -> bool:
    return value == value and abs(value) != float("inf")


def _dress(text: str, surface: Surface, lang: str) -> str:
    special = {"inf": ("inf", "∞", r"\infty"), "nan": ("nan", "nan", r"\mathrm{nan}")}
    minus, text = text.startswith("-"), text.removeprefix("-")
    if text in special:
        text = special[text][("text", "unicode", "latex").index(surface)]
    mantissa, e, exponent = text.partition("e")
    if e and exponent.lstrip("+-").isdigit() and surface != "text":
        power = str(int(exponent))
        plain, tex = f"{mantissa}·10^{power}".replace("^-", "^−"), rf"{mantissa} \cdot 10^{{{power}}}"
        text = (tex if surface == "latex" else plain).removeprefix(r"1 \cdot ").removeprefix("1·")
    if lang == "fr" and surface != "text":
        text = text.replace(".", "{,}" if surface == "latex" else ",")
    sign = {"text": "-", "unicode": "−", "latex": "{-}"}[surface] if minus else ""
    return sign + text


GREEK = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
    "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
]  # fmt: skip
_LETTERS = dict(zip("αβγδεζηθικλμνξπρστυφχψω", [g for g in GREEK if g.islower()]))
_UPPER = dict(zip("ΓΔΘΛΞΠΣΥΦΨΩ", [g for g in GREEK if g[0].isupper()]))
_ACCENTS = {"hat": r"\hat", "bar": r"\bar", "tilde": r"\tilde", "dot": r"\dot", "vec": r"\vec"}
_SIGNS = {"minus": "-", "plus": "+"}


def tex_name(name: str, ndim: int = 0) -> str:
    r"""A user's name as TeX: subscripts, accents, primes, differentials, Greek; bold for vectors and matrices.

    >>> tex_name("w1"), tex_name("W_hh", 2), tex_name("y_hat"), tex_name("theta_0"), tex_name("loss")
    ('w_{1}', '\\mathbf{W}_{hh}', '\\hat{y}', '\\theta_{0}', '\\mathrm{loss}')
    >>> tex_name("h_t_minus_1"), tex_name("x_prime"), tex_name("dW", 2)
    ('h_{t-1}', 'x^{\\prime}', '\\mathrm{d}\\mathbf{W}')
    """
    head, *rest = [part for part in name.split("_") if part] or [name]
    stem = head.rstrip("0123456789₀₁₂₃₄₅₆₇₈₉")
    digits = head[len(stem):]
    subscripts = [digits] if stem and digits else []
    core, primes = _core(stem or head, ndim), 0
    for part in rest:
        if part in _ACCENTS:
            core = f"{_ACCENTS[part]}{{{core}}}"
        elif part == "prime":
            primes += 1
        elif subscripts and part in _SIGNS:
            subscripts[-1] += _SIGNS[part]
        elif subscripts and subscripts[-1].endswith(tuple(_SIGNS.values())):
            subscripts[-1] += _core(part, 0, subscript=True)
        else:
            subscripts.append(_core(part, 0, subscript=True))
    below = f"_{{{','.join(subscripts)}}}" if subscripts else ""
    return core + below + ("^{" + r"\prime" * primes + "}" if primes else "")


def _core(stem: str, ndim: int, subscript: bool = False) -> str:
    greek = stem if stem in GREEK else _LETTERS.get(stem) or _UPPER.get(stem)
    if greek:
        return rf"\boldsymbol{{\{greek}}}" if ndim else rf"\{greek}"
    if len(stem) == 2 and stem[0] == "d" and stem[1].isalpha() and not subscript:  # dW, dx: a differential
        return rf"\mathrm{{d}}{_core(stem[1], ndim)}"
    escaped = "".join(c if c.isalnum() else rf"\{c}" if c in "#$%&{}_" else " " for c in stem)
    if len(stem) == 1 or (subscript and (len(stem) <= 2 or stem.isdigit())):
        return rf"\mathbf{{{escaped}}}" if ndim else escaped
    return rf"\{'mathbf' if ndim else 'mathrm'}{{{escaped}}}"


def apply_form(node: Any, parts: list[tuple[str, int]], surface: Surface) -> tuple[str, int]:
    """The node as its row is written, over operands that are written already: (text, binding strength) of each."""
    return _apply(node, parts, surface, 100_000)
