"""Tables of counts in Markdown and LaTeX, in English and French. Counts are integers or polynomials in named sizes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .dims import Size
from .errors import choose

HEADINGS: dict[str, dict[str, str]] = {
    "en": {"node": "value", "shape": "shape", "flops": "flops", "multiply_adds": "multiply-adds",
           "transcendental": "exp, log, …", "bytes_read": "bytes read", "bytes_written": "bytes written",
           "total": "total", "more": "… {n} more"},
    "fr": {"node": "valeur", "shape": "forme", "flops": "opérations", "multiply_adds": "multiplications-additions",
           "transcendental": "exp, log, …", "bytes_read": "octets lus", "bytes_written": "octets écrits",
           "total": "total", "more": "… encore {n}"},
}  # fmt: skip
assert HEADINGS["en"].keys() == HEADINGS["fr"].keys()
Row = tuple[str, Sequence[Size] | None, Sequence[Size]]  # name, shape (None for a row of several), counts


def headings(lang: object) -> dict[str, str]:
    """The words of that language. Raises InputError listing the known ones."""
    if not isinstance(lang, str) or lang not in HEADINGS:
        raise choose("language", lang, HEADINGS)
    return HEADINGS[lang]


def markdown_table(head: Sequence[str], rows: Sequence[Row], lang: str) -> str:
    """A Markdown table: names in code, counts to the right."""
    lines = [list(head), ["---", "---", *["---:"] * (len(head) - 2)]]
    for name, shape, counts in rows:
        sizes = " × ".join(_factor(size_text(s, lang)) for s in shape or ())
        lines.append([f"**{name}**" if shape is None else f"`{name}`", sizes, *(size_text(c, lang) for c in counts)])
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def latex_table(head: Sequence[str], rows: Sequence[Row], lang: str) -> str:
    """A LaTeX tabular; it needs no package."""
    body = [r"{\renewcommand{\arraystretch}{1.15}%", r"\begin{tabular}{ll" + "r" * (len(head) - 2) + "}", r"\hline"]
    body += [" & ".join(h.replace("…", r"\dots") for h in head) + r" \\", r"\hline"]
    for i, (name, shape, counts) in enumerate(rows):
        if i == len(rows) - 1:
            body.append(r"\hline")
        sizes = r" \times ".join(_factor(size_tex(s, lang)) for s in shape or ())
        cells = [_tex_words(name, shape is not None), f"${sizes}$" if sizes else ""]
        cells += [f"${size_tex(c, lang)}$" for c in counts]
        body.append(" & ".join(cells) + r" \\")
    return "\n".join([*body, r"\hline", r"\end{tabular}}", ""])


def size_text(size: Size, lang: str) -> str:
    """A count to read: thousands parted as the language does, a raised dot for products.

    >>> size_text(86400, "en"), size_text(86400, "fr") == "86\\u202f400"
    ('86,400', True)
    """
    mark = "," if lang == "en" else "\u202f"
    return _grouped(str(size), mark).replace("*", "·").replace("-", "−")


def size_tex(size: Size, lang: str) -> str:
    r"""A count in TeX.

    >>> from graphc.dims import Dim
    >>> size_tex(Dim.named("N") * 86400 + 10, "en"), size_tex(1234, "fr")
    ('86{,}400\\,N + 10', '1\\,234')
    """
    mark = "{,}" if lang == "en" else r"\,"
    text = _grouped(str(size), mark).replace("*", r"\,").replace("_", r"\_")
    return text.replace("//", r"\mathbin{/\mkern-5mu/}")


def _grouped(text: str, mark: str) -> str:
    return re.sub(r"(?<![\w])\d{4,}(?!\w)", lambda m: f"{int(m[0]):,}".replace(",", mark), text)


def _factor(size: str) -> str:
    return f"({size})" if " " in size else size


def _tex_words(name: str, code: bool) -> str:
    escaped = "".join("\\" + c if c in "#$%&{}_" else {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}",
                      "^": r"\textasciicircum{}", "…": r"\dots{}"}.get(c, c) for c in name)
    return rf"\texttt{{{escaped}}}" if code else escaped
