"""An exercise as a document of the LaTeX class `exam`: questions with points, parts, answer lines and solutions."""

from __future__ import annotations

import re
from fractions import Fraction

from ..exercise import Exercise, Question
from ..formula import number_text
from ..sheets.blocks import Display, Para
from ..sheets.tex_sheet import mixed
from ..sheets.tex_sheet import words as tex_words
from .carried import Carried, as_comments, digest, from_comments, packed, written_alike
from .edits import Edits, close, number_of, squeezed
from .moodle import Options, options_of
from .phrases import said
from .pieces import Pieces, points_of

BABEL = {"en": "english", "fr": "french"}
SPACE = {"value": "1.2cm", "gradient": "3.5cm", "adjoint": "2.5cm", "local": "1.2cm", "formula": "3.5cm"}
BEGIN, END = "%% graphc question ", "%% graphc end of sentence"


def exam_document(exercise: Exercise, options: Options, text: str) -> tuple[bytes, list[str]]:
    """The document, and no notes: everything has a form on paper."""
    pieces = Pieces(exercise, options.lang, options.student)
    shown = "\n".join([*_head(pieces, options), r"\begin{questions}",
                       *(line for q in exercise.questions for line in _question(pieces, q)),
                       r"\end{questions}", *_worked(pieces), r"\end{document}", ""])
    carried = as_comments(packed(text, {**options.facts(), "seen": digest(shown)}))
    return "\n".join([*_preamble(pieces, carried), shown]).encode(), []


def _preamble(pieces: Pieces, carried: str) -> list[str]:
    lang = pieces.lang
    adds = ",addpoints" if _adds(pieces) else ""
    points = [tex_words(said(k, lang)) for k in ("point", "points")]
    return [
        r"% \printanswers shows the solutions; without it they are left out.",
        rf"\documentclass[11pt,a4paper{adds}]{{exam}}", r"\usepackage[T1]{fontenc}", r"\usepackage[utf8]{inputenc}",
        rf"\usepackage[{BABEL[lang]}]{{babel}}", r"\usepackage{amsmath,amssymb}", r"\usepackage{graphicx}",
        r"\usepackage{tikz}", r"\usetikzlibrary{arrows.meta}", carried.rstrip("\n"), r"%\printanswers",
        rf"\pointpoints{{{points[0]}}}{{{points[1]}}}", r"\pointsinrightmargin", r"\bracketedpoints",
        rf"\renewcommand{{\solutiontitle}}{{\noindent\textbf{{{_colon(said('model answer', lang), lang)}}}\enspace}}",
        rf"\title{{{mixed(pieces.title)}}}", r"\date{}", r"\sloppy", r"\pagestyle{headandfoot}",
        r"\cfoot{\thepage/\numpages}",
        r"\begin{document}",
    ]  # fmt: skip


def _adds(pieces: Pieces) -> bool:
    """Whether the class can add the points up: it knows whole numbers and halves."""
    return all((2 * points_of(q)).denominator == 1 for q in pieces.e.questions)


def _colon(text: str, lang: str) -> str:
    return tex_words(text) + ("~:" if lang == "fr" else ":")


def _head(pieces: Pieces, options: Options) -> list[str]:
    lang = pieces.lang
    lines = [r"\noindent " + mixed(pieces.course) + r"\par"] if pieces.course else []
    lines.append(rf"\noindent{{\Large\bfseries {mixed(pieces.title)}\par}}")
    total = r"\numpoints" if _adds(pieces) else exam_points(sum(map(points_of, pieces.e.questions), Fraction(0)), lang)
    student = tex_words(options.student) or r"\hrulefill"
    lines.append(rf"\medskip\noindent {_colon(said('name', lang), lang)} \makebox[0.5\linewidth][l]{{{student}}}"
                 rf"\hfill {_colon(said('total', lang), lang)} \hspace{{3em}}/\,{total}\par\medskip")
    lines += _blocks(pieces.statement())
    if pieces.numbers():
        lines.append(r"\noindent " + mixed(pieces.taken()) + r"\par")
    if options.figure:
        tikz = str(getattr(pieces.figure(), "tikz", ""))
        lines += [r"\begin{center}", r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%", tikz.rstrip()
                  + "%", r"}", r"\end{center}"] if tikz else []
    return lines


def _blocks(blocks: list[Para | Display]) -> list[str]:
    lines = []
    for block in blocks:
        if isinstance(block, Display):
            lines += [r"\begin{align*}", " \\\\\n".join(block.lines), r"\end{align*}"]
        else:
            label = rf"\textbf{{{tex_words(block.label)}}} " if block.label else ""
            lead = rf"\textbf{{{mixed(block.lead)}}} " if block.lead else ""
            lines.append(rf"\noindent {label}{lead}{mixed(block.text)}" + ("" if block.keep else r"\par"))
    return lines


def _question(pieces: Pieces, question: Question) -> list[str]:
    """The sentence, then a line for each part, or all in one where there is but one; then its solution."""
    points = points_of(question)
    marks = f"[{exam_points(points, pieces.lang)}]" if points else ""
    parts = pieces.parts(question)
    lines = [r"\filbreak", f"{BEGIN}{question.number}", rf"\question{marks}", mixed(pieces.sentence(question)), END]
    room = f"{question.lines * 0.8:.1f}cm" if question.lines else SPACE.get(question.ask, "2cm")
    solution = [rf"\begin{{solution}}[{room}]", r"\begin{align*}", " \\\\\n".join(pieces.solution_lines(question)),
                r"\end{align*}", r"\end{solution}"]
    sign = r"\colon" if question.ask == "shape" else "="
    if len(parts) == 1:
        return [*lines, *solution, rf"\par\medskip\noindent ${parts[0].label} {sign} {{}}$ \fillin[][8cm]"]
    lines += [*solution, r"\begin{parts}"]
    lines += [rf"\part ${p.label} {sign} {{}}$ \fillin[][8cm]" for p in parts]
    return [*lines, r"\end{parts}"]


def exam_points(points: Fraction, lang: str) -> str:
    r"""Points as the class adds them up, whole numbers and \half; others as a decimal, which it only shows.

    >>> exam_points(Fraction(3), "en"), exam_points(Fraction(5, 2), "en"), exam_points(Fraction(1, 4), "fr")
    ('3', '2\\half', '0{,}25')
    """
    whole, rest = divmod(points, 1)
    if rest == Fraction(1, 2):
        return rf"{whole or ''}\half"
    shown = points if not rest or 10**6 % points.denominator else float(points)
    return number_text(shown, "latex", lang)


def _worked(pieces: Pieces) -> list[str]:
    blocks = pieces.derivation()
    if not blocks:
        return []
    return [r"\ifprintanswers", r"\clearpage", rf"\section*{{{tex_words(said('derivation', pieces.lang))}}}",
            *_blocks(blocks), r"\fi"]


# -- reading it back --------------------------------------------------------------------------------------------

_POINTS = re.compile(r"\\question(?:\[([^\]\n]{0,20})\])?")
_ENTITIES = {v: k for k, v in (("%", r"\%"), ("&", r"\&"), ("#", r"\#"), ("_", r"\_"), ("{", r"\{"), ("}", r"\}"),
                               ("\u00a0", "~"), ("\u202f", r"\,"), ("’", "'"), ("–", "--"), ("…", r"\ldots{}"))}


def edits_in_tex(tex: str, exercise: Exercise, carried: Carried) -> Edits:
    """Points, sentences and the title that were changed in the document."""
    options = options_of(exercise, carried.options)
    edits = Edits(options.lang)
    ours = exam_document(exercise, options, carried.text)[0].decode()
    if not written_alike(from_comments(ours), carried):
        edits.only_points()
    mine, theirs = questions_of(ours), questions_of(tex)
    for question in exercise.questions:
        number = question.number
        if number not in theirs:
            edits.note("gone", where=said("question", edits.lang, number=number))
            continue
        (marks, sentence), (new_marks, new_sentence) = mine[number], theirs[number]
        if new_marks != marks:
            value = points_in(new_marks)
            if value is None:
                edits.note("not taken", where=said("question", edits.lang, number=number), field="points")
            elif not close(value, points_of(question)):
                edits.propose(number, "points", {value})
        if squeezed(new_sentence) != squeezed(sentence):
            edits.propose(number, "text", {author_tex(squeezed(new_sentence))})
    titles = [re.search(r"\\title\{([^\n]{0,500})\}\n", t) for t in (ours, tex)]
    if all(titles) and titles[0][1] != titles[1][1]:  # type: ignore[index]
        edits.taken["title",] = author_tex(titles[1][1])  # type: ignore[index]
    return edits


def questions_of(tex: str) -> dict[int, tuple[str, str]]:
    """By number: the points in brackets, and the sentence."""
    found = {}
    lines = [line.removesuffix("\r") for line in tex.split("\n")]
    for i, line in enumerate(lines):
        number = re.fullmatch(r"%% graphc question (\d{1,3})", line.strip())
        if number and END in (rest := [x.strip() for x in lines[i + 1 : i + 60]]):
            inside = "\n".join(lines[i + 1 : i + 1 + rest.index(END)])
            head = _POINTS.match(inside.strip())
            if head:
                found[int(number[1])] = (head[1] or "", inside.strip()[head.end():].strip())
    return found


def points_in(marks: str) -> Fraction | None:
    r"""Points as the class has them.

    >>> points_in(r"2\half"), points_in("1.5"), points_in(""), points_in("x")
    (Fraction(5, 2), Fraction(3, 2), Fraction(0, 1), None)
    """
    if not marks:
        return Fraction(0)
    whole, half, rest = marks.partition(r"\half")
    value = number_of(whole.replace("{,}", ".")) if whole or not half else Fraction(0)
    return None if value is None or rest else value + (Fraction(1, 2) if half else 0)


def author_tex(text: str) -> str:
    """A sentence of the document as an author writes it in the exercise file; the mathematics stays."""
    pieces = re.split(r"(?<!\\)\$", text)
    for i in range(0, len(pieces), 2):
        for tex, plain in _ENTITIES.items():
            pieces[i] = pieces[i].replace(tex, plain)
    return "$".join(pieces)


