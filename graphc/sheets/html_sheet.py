"""A sheet as one HTML file: mathematics and figures as SVG outlines with their TeX as names, ready to be printed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..drawing.mathtext import outline
from ..drawing.plain import unicode_text
from ..drawing.svg import number, path_data
from ..exercise.texts import parts
from .blocks import Block, Boxes, Display, Heading, NewPage, Paper, Para, Picture, Rules, Table, Title, Together
from .typeset import BODY

STYLE = """
body { font: 11pt/1.5 "STIX Two Text", "STIX Two Math", "Times New Roman", serif; color: #000; background: #fff;
  max-width: 46em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; margin: 0; } h2 { font-size: 1.15em; margin: 1.4em 0 .4em; }
header { border-bottom: 1px solid; padding-bottom: .5em; margin-bottom: 1em; }
header small { display: block; } header .fields { display: flex; gap: 1.2em; margin-top: .6em; }
header .field { flex: 2; border-bottom: 1px solid; } header .field + .field { flex: 1; }
p { margin: .4em 0; } p.item { margin-top: 1.1em; }
figure { margin: 1em 0; text-align: center; overflow-x: auto; break-inside: avoid; }
table { border-collapse: collapse; margin: .8em auto; font-size: .92em; break-inside: avoid; }
th, td { border: 1px solid #777; padding: .25em .6em; text-align: left; font-weight: normal; height: 1.6em; }
thead th { border-bottom: 2px solid #000; } td.blank { min-width: 6em; }
.display { margin: .4em 0 .4em 1.6em; border-spacing: 0; font-size: 1em; }
.display td { border: 0; padding: .3em 0; vertical-align: baseline; }
.display td:first-child { text-align: right; padding-right: .3em; }
.rule { border-bottom: 1px solid #999; height: 2em; }
.boxes { display: flex; flex-wrap: wrap; gap: .6em 1.6em; margin: .8em 0; align-items: center; }
.box { display: inline-block; width: 7.5em; height: 2.1em; border: 1px solid; border-radius: 3px; margin-left: .4em;
  vertical-align: middle; }
.wide > span { display: flex; width: 100%; align-items: center; } .wide .box { flex: 1; }
.math { overflow: visible; margin: 0 .07em; } .score { white-space: pre; }
section.page { break-before: page; margin-top: 3em; }
@media print { body { margin: 0; max-width: none; } }
"""


def sheet_html(blocks: Sequence[Block], paper: Paper, title: str, lang: str) -> str:
    """The page."""
    body = "\n".join(_block(b) for b in blocks)
    size = f"@page {{ size: {paper.name.capitalize() if paper.name == 'a4' else paper.name}; margin: 19mm; }}"
    return (f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
            f"<style>{STYLE}{size}\n</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n")


def math(tex: str, display: bool = False) -> str:
    """A formula as an inline SVG that stands on the line of the text, its size in em of that text."""
    ink = outline(rf"\displaystyle {tex}" if display else tex, BODY)
    name = escape(unicode_text(tex))
    width, height = ink.width, ink.height + ink.depth
    return (f'<svg class="math" role="img" aria-label="{name}" viewBox="0 {number(-ink.height)} {number(width)} '
            f'{number(height)}" style="width:{width / BODY:.3f}em;height:{height / BODY:.3f}em;'
            f'vertical-align:{-ink.depth / BODY:.3f}em"><title>{name}</title>'
            f'<path d="{path_data(ink.commands)}"/></svg>')


def mixed(text: str) -> str:
    """Words, escaped, and mathematics."""
    return "".join(math(piece.strip()) if is_tex else escape(piece) for piece, is_tex in parts(text))


def _block(block: Block) -> str:
    if isinstance(block, Together):
        return "\n".join(_block(b) for b in block.blocks)
    if isinstance(block, NewPage):
        return '<section class="page"></section>'
    if isinstance(block, Title):
        return _title(block)
    if isinstance(block, Heading):
        return f"<h2>{mixed(block.text)}</h2>"
    if isinstance(block, Para):
        label = f"<b>{escape(block.label)}</b> " if block.label else ""
        lead = f"<b>{mixed(block.lead)}</b> " if block.lead else ""
        note = f" {escape(block.note)}" if block.note else ""
        return f'<p{" class=item" if label else ""}>{label}{lead}{mixed(block.text)}{note}</p>'
    if isinstance(block, Display):
        return _display(block)
    if isinstance(block, Picture):
        return f"<figure>{block.drawing.svg}</figure>"
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Rules):
        return '<div class="rule"></div>' * block.count
    return _boxes(block)


def _title(block: Title) -> str:
    course = f"<small>{mixed(block.course)}</small>" if block.course else ""
    fields = "".join(f'<span class="field">{escape(f)}</span>' for f in block.fields)
    score = f'<span class="score">{escape(block.score)}</span>' if block.score else ""
    row = f'<div class="fields">{fields}{score}</div>' if fields or score else ""
    return f"<header>{course}<h1>{mixed(block.title)}</h1>{row}</header>"


def _display(block: Display) -> str:
    rows = []
    for line in block.lines:
        left, mark, right = line.partition("&")
        sides = (left.strip(), right.strip()) if mark else ("", line.strip())
        rows.append("<tr>" + "".join(f"<td>{math(s, True) if s else ''}</td>" for s in sides) + "</tr>")
    return f'<table class="display">{"".join(rows)}</table>'


def _table(block: Table) -> str:
    head = "".join(f"<th>{mixed(h)}</th>" for h in block.head)
    rows = ["".join(f"<td{'' if cell else ' class=blank'}>{'<br>'.join(map(mixed, cell))}</td>" for cell in row)
            for row in block.rows]
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(f'<tr>{r}</tr>' for r in rows)}</tbody></table>"


def _boxes(block: Boxes) -> str:
    shown = "".join(f'<span>{math(tex, True)}<span class="box"></span></span>' for tex in block.labels)
    return f'<div class="boxes{" wide" if block.wide else ""}">{shown}</div>'
