"""Questions that ask for numbers, as Moodle's Cloze questions, one for each draw; or as single numerical questions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..checking.deciding.core import Pool
from ..checking.deciding.decide import as_fmpq
from ..checking.deciding.evaluate import Evaluator, Undefined, Unsure
from ..checking.diagnosing.diagnose import Mutation
from ..checking.phrases import say
from ..exercise import Question
from ..exercise.numeric import Tolerance
from ..exercise.parts import NUMERIC
from .pieces import Part, Pieces, exact, points_of
from .stack import slips_of, tags_xml
from .webtext import inline, tex, words
from .xml_text import element, plain, texts

MOST_BOXES = 40  # of one answer
MOST_REMARKS = 6  # slips that one box recognises
PRECISION = 128


@dataclass(frozen=True)
class Box:
    """One number to be typed: what is right, how far off still is, and remarks on other numbers."""

    place: tuple[int, ...]
    value: Fraction
    tolerance: Fraction
    points: Fraction
    remarks: Sequence[tuple[Fraction, str]] = ()


def numeric(question: Question) -> bool:
    """Whether numbers are asked, not formulas."""
    return question.ask in NUMERIC


Boxes = list[tuple[Part, list[Box]]]
Asked = Sequence[tuple[Question, Boxes]]


def boxes_of(pieces: Pieces, question: Question) -> Boxes:
    """The boxes of each part of a question. A part with too many has none."""
    parts = pieces.parts(question)
    reach_of = Tolerance.of(pieces.e.tolerance, [p.answer.value for p in parts if p.answer.value is not None])
    found = []
    for part in parts:
        entries = part.entries if len(part.entries) <= MOST_BOXES else []
        boxes = []
        for place, value in entries:
            reach = reach_of.relative * (abs(value) or reach_of.scale)
            remarks = remarks_of(pieces, part, value, reach) if not place else []
            boxes.append(Box(place, value, reach, part.points / len(entries), remarks))
        found.append((part, boxes))
    return found


def remarks_of(pieces: Pieces, part: Part, right: Fraction, reach: Fraction) -> list[tuple[Fraction, str]]:
    """The numbers that single slips give here, apart from the right one and from each other.

    A number that several slips give is said to be compatible with the likeliest.
    """
    if pieces.point is None or any(getattr(v, "ndim", 0) for v in pieces.point.values()):
        return []
    place = {n: exact(v) for n, v in pieces.point.items()}
    found: list[tuple[Fraction, str]] = []
    shared: set[Fraction] = set()
    for slip in slips_of(pieces, part):
        value = value_of(slip, place)
        if value is None or abs(value - right) <= 3 * reach:
            continue
        near = [v for v, _ in found if abs(value - v) <= 3 * reach]
        shared.update(near)
        if not near:
            found.append((value, slip.message))
    return [(v, say(pieces.lang, "compatible", text=m) if v in shared else m) for v, m in found[:MOST_REMARKS]]


def value_of(slip: Mutation, place: Mapping[str, Fraction]) -> Fraction | None:
    core = Pool().lower(slip.tree)
    try:
        value: Any = Evaluator(as_fmpq(dict(place)), PRECISION).value(core)
    except (Undefined, Unsure, KeyError):
        return None
    found = Fraction(float(value.mid())) if hasattr(value, "rad") else Fraction(int(value.p), int(value.q))
    return found if abs(found) < 10**12 else None


def number(value: Fraction) -> str:
    """A decimal as Moodle reads it: a point, and 15 digits at most.

    >>> number(Fraction(-8)), number(Fraction(1, 3)), number(Fraction(1, 10**7))
    ('-8', '0.333333333333333', '1e-07')
    """
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.15g}"


# -- Cloze ------------------------------------------------------------------------------------------------------


def scale_of(asked: Asked) -> int:
    """What makes the points of every box a whole number, which Cloze wants."""
    shares = [b.points for _, parts in asked for _, boxes in parts for b in boxes]
    return math.lcm(*(s.denominator for s in shares)) if shares else 1


def cloze_question(pieces: Pieces, asked: Asked, head: str, files: Sequence[str], name: str, idnumber: str,
                   scale: int) -> str:
    """One Cloze question with all the numbers asked, for the numbers of one draw."""
    lines, questions = [head], [q for q, _ in asked]
    for question, parts in asked:
        marks = f" {words(pieces.marks(question))}" if pieces.marks(question) else ""
        lines.append(f'<p class="graphc-question graphc-q{question.number}"><b>{question.number}.</b> '
                     f'<span class="graphc-ask">{inline(pieces.sentence(question))}</span>{marks}</p>')
        lines += [part_html(part, boxes, scale) for part, boxes in parts if boxes]
    total = sum((points_of(q) for q in questions), Fraction(0)) * scale
    return element(
        "question", element("name", element("text", plain(name))), texts("questiontext", "\n".join(lines), *files),
        texts("generalfeedback", solution_html(pieces, questions)), element("defaultgrade", f"{float(total):.7f}"),
        element("penalty", "0.3333333"), element("hidden", "0"), element("idnumber", plain(idnumber)), tags_xml(),
        type="cloze")


def part_html(part: Part, boxes: Sequence[Box], scale: int) -> str:
    """The label and its box; a matrix as a table of boxes."""
    label = tex(part.label + " =")
    if not boxes[0].place:
        return f"<p>{label} {box_text(boxes[0], scale)}</p>"
    rows: dict[int, list[str]] = {}
    for box in boxes:
        row = box.place[0] if len(box.place) > 1 else 0
        rows.setdefault(row, []).append(f"<td>{box_text(box, scale)}</td>")
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows.values())
    return f"<p>{label}</p><table><tbody>{body}</tbody></table>"


def box_text(box: Box, scale: int) -> str:
    """{2:NUMERICAL:=8:0.008~%0%4:0.008#Remark}"""
    reach = number(box.tolerance)
    text = f"{{{box.points * scale}:NUMERICAL:={number(box.value)}:{reach}"
    for value, remark in box.remarks:
        text += f"~%0%{number(value)}:{reach}#{cloze_words(remark)}"
    return text + "}"


def cloze_words(remark: str) -> str:
    """Words inside the braces of Cloze: its own signs as entities."""
    return words(remark).replace("~", "&#126;").replace("/", "&#47;").replace("=", "&#61;").replace("%", "&#37;")


def solution_html(pieces: Pieces, questions: Sequence[Question]) -> str:
    lines = []
    for question in questions:
        shown = [tex(line.replace("&", "")) for line in pieces.solution_lines(question)]
        lines.append(f"<p><b>{question.number}.</b> {'; '.join(shown)}</p>")
    return "\n".join(lines)


# -- numerical --------------------------------------------------------------------------------------------------


def numerical_questions(pieces: Pieces, question: Question, parts: Boxes, head: str, files: Sequence[str], name: str,
                        idnumber: str) -> list[str]:
    """A question of type numerical for each number asked, with its points as they are."""
    found = []
    for part, boxes in parts:
        for box in boxes:
            at = "".join(f"-{i + 1}" for i in box.place)
            label = part.label + (rf"_{{{','.join(str(i + 1) for i in box.place)}}}" if box.place else "")
            text = (f'{head}<p><span class="graphc-ask">{inline(pieces.sentence(question))}</span></p>'
                    f"<p>{tex(label + ' = ?')}</p>")
            found.append(numerical(box, text, files, f"{name} {part.name}{at}", f"{idnumber}-{part.name}{at}"))
    return found


def numerical(box: Box, html: str, files: Sequence[str], name: str, idnumber: str) -> str:
    answers = [answer_xml(box.value, box.tolerance, "100", "")]
    answers += [answer_xml(v, box.tolerance, "0", f"<p>{words(remark)}</p>") for v, remark in box.remarks]
    return element(
        "question", element("name", element("text", plain(name))), texts("questiontext", html, *files),
        texts("generalfeedback", ""), element("defaultgrade", f"{float(box.points):.7f}"),
        element("penalty", "0.3333333"), element("hidden", "0"), element("idnumber", plain(idnumber)), *answers,
        element("unitgradingtype", "0"), element("unitpenalty", "0.1000000"), element("showunits", "3"),
        element("unitsleft", "0"), tags_xml(), type="numerical")


def answer_xml(value: Fraction, reach: Fraction, share: str, feedback: str) -> str:
    return element("answer", element("text", number(value)), texts("feedback", feedback),
                   element("tolerance", number(reach)), fraction=share, format="moodle_auto_format")

