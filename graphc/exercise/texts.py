"""Texts of an exercise: one for each language, with mathematics between dollar signs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

LANGUAGES = ("en", "fr")

_SPLIT = re.compile(r"(?<!\\)\$")
_COMMAND = re.compile(r"\\(?:[A-Za-z]+|.)", re.DOTALL)

# The mathematics that a sheet can set. A list of what is known, so that no text reaches files or macros by way of TeX.
_KNOWN = """
frac tfrac dfrac sqrt bar hat tilde dot ddot vec overline underline widehat widetilde mathbf mathrm mathit
mathsf mathbb mathcal boldsymbol operatorname text left right big Big bigl bigr Bigl Bigr lvert rvert lVert
rVert vert Vert lfloor rfloor lceil rceil langle rangle mid cdot cdots ldots dots vdots ddots times div pm mp
ast circ odot oplus otimes star bullet le leq ge geq ne neq approx equiv sim simeq propto ll gg in notin
subset subseteq cup cap forall exists to rightarrow leftarrow Rightarrow Leftrightarrow mapsto infty partial
nabla sum prod int lim log ln exp sin cos tan tanh sinh cosh min max arg det dim top bot prime ell hbar Re Im
quad qquad displaystyle textstyle limits nolimits begin end land lor lnot wedge vee neg emptyset alpha beta
gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi
varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
"""
COMMANDS = frozenset(_KNOWN.split())
ENVIRONMENTS = frozenset({"bmatrix", "pmatrix", "matrix", "vmatrix", "cases"})
SIGNS = frozenset("\\,;:! {}|%#&_$")


@dataclass(frozen=True)
class Words:
    """A text by language; `in_` gives it in one, or in the language that there is.

    >>> Words({"fr": "Feuille"}).in_("en"), Words({"": "Sheet 1"}).in_("fr")
    ('Feuille', 'Sheet 1')
    """

    by_language: Mapping[str, str]

    def in_(self, lang: str) -> str:
        found = self.by_language
        return found.get(lang) or found.get("") or next(iter(found.values()), "")

    def __bool__(self) -> bool:
        return any(self.by_language.values())


def parts(text: str) -> list[tuple[str, bool]]:
    r"""A text cut into words and mathematics: (piece, whether it is mathematics). `\$` is a dollar sign.

    >>> parts(r"Let $x > 0$, for 5 \$.")
    [('Let ', False), ('x > 0', True), (', for 5 $.', False)]
    """
    pieces = _SPLIT.split(text)
    return [(p if i % 2 else p.replace(r"\$", "$"), i % 2 == 1) for i, p in enumerate(pieces) if p]


def fault_of(text: str) -> str | None:
    r"""What is wrong with a text: a dollar sign without its other, or TeX beyond plain mathematics.

    >>> fault_of(r"$\input{x}$"), fault_of("$x$")
    ('the mathematics has \\input, which is not known; did you mean \\int?', None)
    """
    bad = next((c for c in text if not c.isprintable() and c not in "\n\t\u00a0\u202f\u2009"), None)
    if bad is not None:
        return f"the character U+{ord(bad):04X} cannot be printed"
    if len(_SPLIT.split(text)) % 2 == 0:
        return r"a $ has no other $ to close the mathematics; a dollar sign itself is \$"
    return next((fault for piece, is_tex in parts(text) if is_tex and (fault := _tex_fault(piece))), None)


def _tex_fault(tex: str) -> str | None:
    for word in _COMMAND.findall(tex):
        name = word[1:]
        if name not in COMMANDS and name not in SIGNS:
            close = get_close_matches(name, COMMANDS, 1)
            hint = f"; did you mean \\{close[0]}?" if close else ""
            return f"the mathematics has {word}, which is not known{hint}"
    for name in re.findall(r"\\(?:begin|end)\s*\{?([^}]*)\}?", tex):
        if name not in ENVIRONMENTS:
            known = ", ".join(sorted(ENVIRONMENTS))
            return f"the mathematics has the environment {name[:30]!r}; known are {known}"
    bare = _COMMAND.sub("", tex)
    for sign in ("%", "#", "^^", "~"):
        if sign in bare:
            return f"the mathematics has {sign}, which TeX reads as something else"
    depth = 0
    for c in bare:
        depth += (c == "{") - (c == "}")
        if depth < 0:
            break
    return "the braces of the mathematics do not match" if depth else None
