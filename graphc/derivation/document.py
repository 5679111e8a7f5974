"""A finished derivation, and the documents it can be written to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import PathLike

from ..errors import choose
from ..files import write_whole
from ..ir import Expr
from .notation import Prose
from .pages import as_html
from .steps import Step, as_latex, as_markdown, as_text


@dataclass(frozen=True)
class Derivation:
    """A derivation in numbered steps. `results[w]` is ∂f/∂w as it is written in the last step.

    `print(D)` shows plain text; `to_markdown()`, `to_latex()` and `to_html()` give documents; `save` writes one.
    `symbols` has, for each name that stands in the equations, the value it stands for.
    """

    output: Expr
    wrt: tuple[Expr, ...]
    lang: str
    steps: tuple[Step, ...]
    results: Mapping[Expr, Expr]
    heading: Prose
    preface: tuple[Prose, ...]
    symbols: Mapping[Expr, Expr] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return as_text(self.heading, self.preface, self.steps)

    def __repr__(self) -> str:
        return f"<Derivation of {self.heading.slots['goal'].text}: {len(self.steps)} steps, {self.lang}>"

    def to_markdown(self) -> str:
        """Markdown, with TeX between dollar signs."""
        return as_markdown(self.heading, self.preface, self.steps)

    def to_latex(self, document: bool = False) -> str:
        """A LaTeX fragment, numbered steps in an `enumerate`, or a whole `document`; it needs `amsmath` alone."""
        return as_latex(self.heading, self.preface, self.steps, self.lang if document else None)

    def to_html(self, document: bool = False) -> str:
        """HTML with MathML, a fragment or a whole page; it needs no script and nothing from the net."""
        return as_html(self.heading, self.preface, self.steps, self.lang, document)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the derivation as the ending of `path` says: .md, .tex, .html or .txt. Whole or not at all.

        .tex and .html are whole documents. Raises InputError for another ending, or a path that cannot be written.
        """
        ending = os.path.splitext(os.fspath(path))[1].lower()
        if ending not in WRITERS:
            raise choose("document format", ending or os.fspath(path), WRITERS)
        write_whole(path, WRITERS[ending](self).encode())

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def _repr_html_(self) -> str:
        return self.to_html()


# A new format is one function and one line here.
WRITERS: Mapping[str, Callable[[Derivation], str]] = {
    ".md": Derivation.to_markdown,
    ".tex": lambda d: d.to_latex(document=True),
    ".html": lambda d: d.to_html(document=True),
    ".txt": str,
}
