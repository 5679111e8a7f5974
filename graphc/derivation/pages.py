"""A derivation as HTML: MathML that browsers set and screen readers speak, no script, nothing from the net."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from html import escape
from typing import Any

from .notation import Math, Prose
from .steps import Equation, Step

STYLE = """\
.graphc-derivation{max-width:52rem;line-height:1.5}
.graphc-derivation h2{font-size:1.35em}
.graphc-derivation h3{font-size:1.05em;margin:1.2em 0 .3em}
.graphc-derivation ol{padding-left:1.6em}
.graphc-derivation li::marker{font-weight:bold}
.graphc-derivation p{margin:.4em 0}
.graphc-derivation dl{display:grid;grid-template-columns:max-content 1fr;gap:.5em .45em;
margin:.5em 0 .8em 1.2em;align-items:baseline}
.graphc-derivation dt{text-align:right;font-weight:normal}
.graphc-derivation dd{margin:0;overflow:auto hidden;padding:.15em 0}
.graphc-derivation dd math{margin-right:.35em}
.graphc-derivation math{font-size:1.08em}
@media print{.graphc-derivation li{break-inside:avoid-page}}
"""
PAGE_STYLE = """\
body{font-family:Georgia,"Times New Roman",serif;margin:2em auto;padding:0 1em;max-width:54rem;
color:#1b2430;background:#fff}
@media(prefers-color-scheme:dark){body{color:#e8edf3;background:#12161c}}
@media print{body{color:#000;background:#fff;margin:0}}
"""


def as_html(title: Prose, preface: Sequence[Prose], steps: Sequence[Step], lang: str, document: bool) -> str:
    """The derivation as a fragment with its own style, or as a whole page."""
    lines = [f'<article class="graphc-derivation" lang="{lang}">', f"<style>\n{STYLE}</style>",
             f"<h2>{_prose(title)}</h2>", *(f"<p>{_prose(p)}</p>" for p in preface), "<ol>",
             *(_item(step) for step in steps), "</ol>", "</article>"]
    body = "\n".join(lines) + "\n"
    if not document:
        return body
    return (f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(title.text())}</title>\n<style>\n{PAGE_STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n"
            "</body>\n</html>\n")


def _item(step: Step) -> str:
    lines = [f"<li><h3>{_prose(step.heading)}</h3>", *(f"<p>{_prose(p)}</p>" for p in step.sentences)]
    for lead, equations in step.blocks():
        lines += [f"<p>{_prose(lead)}</p>"] if lead else []
        rows = [_row(e) for e in equations if e.sides]
        lines += ["<dl>", *rows, "</dl>"] if rows else []
    lines += [f"<p>{_prose(p)}</p>" for p in step.remarks]
    return "\n".join([*lines, "</li>"])


def _row(e: Equation) -> str:
    """The left side, and beside it the others, which wrap where the page is narrow."""
    signs = ["=" for _ in e.sides[1:]]
    if e.approximate and signs:
        signs[-1] = "≈"
    right = [Math(f"{sign} {side.text}", f"{'=' if sign == '=' else APPROX} {side.tex}")
             for sign, side in zip(signs, e.sides[1:])]
    if e.note:
        right[-1] = right[-1] + e.note
    shown = [_math(m).replace("<math ", '<math displaystyle="true" ', 1) for m in (e.sides[0], *right)]
    return f"<dt>{shown[0]}</dt><dd>{' '.join(shown[1:])}</dd>"


APPROX = r"\approx"


def _prose(p: Prose) -> str:
    # The template comes from the catalogue; a slot is mathematics, escaped by its own writer.
    return p.filled(escape(p.template, quote=False), _math)


def _math(m: Math) -> str:
    return mathml(m.tex, m.text)


@lru_cache(maxsize=4096)
def mathml(tex: str, text: str) -> str:
    """TeX as a MathML element whose `alttext` is its plain reading; that reading alone where TeX cannot be read.

    >>> mathml("w_{1}", "w1")
    '<math alttext="w1"><mrow><msub><mi>w</mi><mrow><mn>1</mn></mrow></msub></mrow></math>'
    """
    try:
        found = _converter()(tex)
    except Exception:  # a formula that cannot be set costs its beauty, not the document
        return f"<span>{escape(text)}</span>"
    inner = re.sub(r"^<math[^>]*>|</math>$", "", found)
    inner = VARIANT.sub(_bold, inner)
    return f'<math alttext="{escape(text)}">{inner}</math>'


@cache
def _converter() -> Any:
    from latex2mathml.converter import convert

    return convert


# Browsers know no `mathvariant` but normal: bold letters and digits are characters of their own.
VARIANT = re.compile(r'<(m[in]) mathvariant="(bold|bold-italic)">([^<]*)</\1>')
GREEK_SMALL, GREEK_LARGE = 0x1D736, 0x1D71C  # bold italic


def _bold(found: re.Match[str]) -> str:
    tag, variant, content = found.groups()
    letters = re.sub(r"&#x([0-9A-Fa-f]+);", lambda m: chr(int(m[1], 16)), content)
    return f"<{tag}>{''.join(_bold_letter(c, variant == 'bold-italic') for c in letters)}</{tag}>"


def _bold_letter(c: str, italic: bool) -> str:
    if c.isascii() and c.isdigit():
        return chr(0x1D7CE + int(c))
    if c.isascii() and c.isalpha():
        base = (0x1D468 if c.isupper() else 0x1D482) if italic else (0x1D400 if c.isupper() else 0x1D41A)
        return chr(base + ord(c) - ord("A" if c.isupper() else "a"))
    if "α" <= c <= "ω":
        return chr(GREEK_SMALL + ord(c) - ord("α"))
    if "Α" <= c <= "Ω":
        return chr(GREEK_LARGE + ord(c) - ord("Α"))
    return escape(c)
