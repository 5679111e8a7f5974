"""A sheet as a LaTeX document: amsmath and graphicx (or tikz) are all it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..derivation.notation import latex_safe
from ..drawing import Drawing
from ..exercise.texts import parts
from .blocks import Block, Boxes, Display, Heading, NewPage, Paper, Para, Picture, Rules, Table, Title, Together

SPECIAL = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
           "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}",
           ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
           "\u00a0": "~", "\u202f": r"\,", "\u2009": r"\,", "’": "'", "‘": "`", "“": "``", "”": "''",
           "«": r"\guillemotleft{}",
           "»": r"\guillemotright{}", "–": "--", "—": "---", "…": r"\ldots{}", "×": r"$\times$", "−": "$-$",
           "œ": r"\oe{}", "Œ": r"\OE{}", "•": r"\textbullet{}", "\n": " ", "\t": " "}  # fmt: skip


def sheet_tex(blocks: Sequence[Block], paper: Paper, title: str, figure: Callable[[Drawing, int], str]) -> str:
    """The document. `figure` gives the TeX that shows a figure: TikZ, or the name of a file beside it."""
    head = [
        rf"\documentclass[11pt,{paper.name}paper]{{article}}",
        r"\usepackage[T1]{fontenc}", r"\usepackage[utf8]{inputenc}", r"\usepackage{amsmath,amssymb}",
        r"\usepackage{graphicx}", "@TIKZ@",
        rf"\usepackage[{paper.name}paper,margin={paper.margin:g}bp]{{geometry}}",
        r"\setlength{\parindent}{0pt}\setlength{\parskip}{5pt}\raggedright",
        r"\newcommand{\blank}[1]{\rule[-1pt]{#1}{0.4pt}}",
        r"\newcommand{\answerbox}[2]{\raisebox{-0.35\height}{\framebox[#1]{\rule{0pt}{#2}}}}",
        rf"\title{{{words(title)}}}", r"\begin{document}",
    ]  # fmt: skip
    body = "\n".join(_block(b, figure) for b in blocks)
    tikz = r"\usepackage{tikz}" + "\n" + r"\usetikzlibrary{arrows.meta}" if r"\begin{tikzpicture}" in body else ""
    return "\n".join(line for h in head if (line := h.replace("@TIKZ@", tikz))) + f"\n{body}\n\\end{{document}}\n"


def words(text: str) -> str:
    """Plain words as LaTeX, nothing of them a command.

    >>> words(r"100 % \\input{x} 日")
    '100 \\\\% \\\\textbackslash{}input\\\\{x\\\\} [U+65E5]'
    """
    return "".join(SPECIAL.get(c, c if c.isascii() or "\u00c0" <= c <= "\u00ff" else f"[U+{ord(c):04X}]") for c in text)


def mixed(text: str) -> str:
    """Words and the mathematics between dollar signs."""
    return "".join(f"${latex_safe(piece)}$" if is_tex else words(piece) for piece, is_tex in parts(text))


def _block(block: Block, figure: Callable[[Drawing, int], str]) -> str:
    if isinstance(block, Together):
        inner = "\n".join(_block(b, figure) for b in block.blocks)
        return ("\\par\\noindent\\begin{minipage}{\\linewidth}\\setlength{\\parskip}{5pt}\\raggedright\n"
                f"{inner}\n\\end{{minipage}}\\par\n")
    if isinstance(block, NewPage):
        return r"\clearpage"
    if isinstance(block, Title):
        return _title(block)
    if isinstance(block, Heading):
        return rf"\subsection*{{{mixed(block.text)}}}"
    if isinstance(block, Para):
        return _para(block)
    if isinstance(block, Display):
        return "\\begin{align*}\n" + " \\\\\n".join(latex_safe(line) for line in block.lines) + "\n\\end{align*}"
    if isinstance(block, Picture):
        shown = figure(block.drawing, block.number)
        return f"\\begin{{center}}\\scalebox{{{block.scale:.3f}}}{{%\n{shown}%\n}}\\end{{center}}"
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Rules):
        return "\n".join([r"\vspace{12pt}\blank{\linewidth}\par"] * block.count)
    return _boxes(block)


def _title(block: Title) -> str:
    lines = [rf"{{\small {mixed(block.course)}\par}}"] if block.course else []
    lines.append(rf"{{\Large\bfseries {mixed(block.title)}\par}}")
    if block.fields:
        fields = r"\hfill ".join(rf"{words(f)} \blank{{{w}\linewidth}}" for f, w in zip(block.fields, ("0.4", "0.2")))
        lines.append(rf"\vspace{{6pt}}{fields}\hfill {_score(block.score)}\par")
    return "\n".join([*lines, r"\rule{\linewidth}{0.6pt}", ""])


def _score(score: str) -> str:
    name, slash, total = score.partition("/")
    return rf"{words(name.strip())} \hspace{{3em}}/{words(total.strip())}" if slash else words(score)


def _para(block: Para) -> str:
    text = mixed(block.text)
    lead = rf"\textbf{{{mixed(block.lead)}}} " if block.lead else ""
    note = f" {words(block.note)}" if block.note else ""
    if block.label:
        return rf"\par\vspace{{8pt}}\textbf{{{words(block.label)}}} {lead}{text}{note}" + "\n"
    return f"{lead}{text}{note}\n"


def _table(block: Table) -> str:
    cells = [[_cell(cell) for cell in row] for row in block.rows]
    lines = [" & ".join(mixed(h) for h in block.head) + r" \\ \hline"]
    lines += [" & ".join(row) + r" \\ \hline" for row in cells]
    blank = any(not c for row in block.rows for c in row)
    columns = "|".join(r"p{0.13\linewidth}" if any(not row[j] for row in block.rows) else "l"
                       for j in range(len(block.head)))
    body = "\n".join(lines)
    stretch = "1.6" if blank else "1.4"
    return (f"\\begin{{center}}\\small\\renewcommand{{\\arraystretch}}{{{stretch}}}\n"
            f"\\begin{{tabular}}{{|{columns}|}}\\hline\n{body}\n\\end{{tabular}}\\end{{center}}")


def _cell(lines: Sequence[str]) -> str:
    if len(lines) < 2:
        return "".join(mixed(line) for line in lines)
    return r"\begin{tabular}{@{}l@{}}" + r" \\ ".join(mixed(line) for line in lines) + r"\end{tabular}"


def _boxes(block: Boxes) -> str:
    width = r"0.8\linewidth" if block.wide else f"{max(80, min(300, 20 + 36 * block.size[1]))}pt"
    height = f"{max(20, 10 + 14 * block.size[0])}pt"
    gap = r"\par " if block.wide else r"\quad "
    shown = (rf"\mbox{{$\displaystyle {latex_safe(tex)}$ \answerbox{{{width}}}{{{height}}}}}" for tex in block.labels)
    return r"\par\vspace{8pt}" + gap.join(shown) + r"\par"
