"""A quiz of Moodle read back: the exercise that it carries, and what was edited around it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from ..exercise import Exercise
from .carried import Carried, unpacked, written_alike
from .edits import Edits, close, number_of, squeezed
from .moodle import moodle_quiz, options_of
from .pieces import points_of
from .webtext import author_text
from .xml_text import Node, parse_xml

_PRE = re.compile(r"<pre\b[^<>]{0,300}>([^<]{0,4000000})</pre>")
_ASK = re.compile(r'<span class="graphc-ask">((?:[^<]|<(?!/span>)){0,20000})</span>')
_ITEM = re.compile(r'<p class="graphc-question graphc-q(\d{1,3})">')
_BOX = re.compile(r"\{(\d{0,9}):(?:NUMERICAL|NM):=([-+0-9.eE]{1,40}):([0-9.eE+-]{1,40})[~}]")
SKIPPED = frozenset({"file", "tags", "stackversion", "idnumber", "category", "info"})


def carried_in(root: Node) -> Carried | None:
    """The exercise in a description question, or None."""
    for question in root.all("question"):
        if question.attributes.get("type") == "description":
            for found in _PRE.finditer(question.said("questiontext", "text")):
                lines = html.unescape(found[1]).replace("\u00a0\n", "\n").split("\n")
                carried = unpacked(lines)
                if carried is not None:
                    return carried
    return None


def edits_in(root: Node, exercise: Exercise, carried: Carried) -> Edits:
    """What the file has otherwise than the exercise it carries."""
    options = options_of(exercise, carried.options)
    ours = parse_xml(moodle_quiz(exercise, options, carried.text)[0], exercise.name)
    edits = Edits(options.lang)
    if not written_alike(carried_in(ours), carried):
        edits.only_points()
    mine, theirs = by_name(ours), by_name(root)
    for key in theirs.keys() - mine.keys():
        edits.note("extra", where=repr(theirs[key].said("name", "text")[:60]))
    asked = {f"graphc-q{q.number}": q.number for q in exercise.questions}
    for key, own in mine.items():
        if key not in theirs:
            edits.note("gone", where=repr(own.said("name", "text")[:60]))
        elif key in asked:
            compare_formula(edits, exercise, asked[key], own, theirs[key])
        else:
            compare_rest(edits, own, theirs[key], known=())
    compare_numbers(edits, exercise, [(mine[k], theirs[k]) for k in mine if k in theirs and k.startswith("graphc-v")])
    return edits


def by_name(root: Node) -> dict[str, Node]:
    """Questions by their ID number, or by their name where Moodle dropped it."""
    found = {}
    for question in root.all("question"):
        kind = question.attributes.get("type")
        if kind != "category" and question.said("idnumber") != "graphc-source":
            found[question.said("idnumber").strip() or squeezed(question.said("name", "text"))] = question
    return found


def asks(question: Node) -> list[str]:
    return [squeezed(author_text(m[1])) for m in _ASK.finditer(question.said("questiontext", "text"))]


def compare_formula(edits: Edits, exercise: Exercise, number: int, own: Node, their: Node) -> None:
    mark = number_of(their.said("defaultgrade"))
    question = exercise.questions[number - 1]
    if mark is not None and not close(mark, points_of(question)):
        edits.propose(number, "points", {mark.limit_denominator(1000)})
    before, after = asks(own), asks(their)
    if before != after and len(after) == 1 and after[0]:
        edits.propose(number, "text", {after[0]})
        compare_rest(edits, own, their, known=("defaultgrade", "questiontext"))
    else:
        compare_rest(edits, own, their, known=("defaultgrade",))


def compare_rest(edits: Edits, own: Node, their: Node, known: tuple[str, ...]) -> None:
    """Every other text or number that we wrote: told when it differs, never taken."""
    where = repr(own.said("name", "text")[:60])
    numeric = own.said("idnumber").startswith("graphc-v")
    for path, text in leaves(own):
        top = path[0][0]
        if top in known or (numeric and top in ("questiontext", "defaultgrade", "answer")):
            continue
        found = at_path(their, path)
        if found is None or not alike(text, found):
            edits.note("not taken", where=where, field="/".join(tag for tag, _ in path if tag != "text"))


def leaves(node: Node, path: tuple[tuple[str, int], ...] = ()) -> Iterator[tuple[tuple[tuple[str, int], ...], str]]:
    """The texts of a question with their paths; a question is a few levels deep, as the reader made sure."""
    counts: dict[str, int] = {}
    for child in node.children:
        if not path and child.tag in SKIPPED:
            continue
        here = (*path, (child.tag, counts.get(child.tag, 0)))
        counts[child.tag] = counts.get(child.tag, 0) + 1
        if child.tag == "file":
            continue
        if child.children:
            yield from leaves(child, here)
        else:
            yield here, child.text


def at_path(node: Node, path: tuple[tuple[str, int], ...]) -> str | None:
    here: Node | None = node
    for tag, i in path:
        same = list(here.all(tag)) if here else []
        here = same[i] if i < len(same) else None
    return here.text if here else None


def alike(a: str, b: str) -> bool:
    if squeezed(html.unescape(a)) == squeezed(html.unescape(b)):
        return True
    x, y = number_of(a), number_of(b)
    return x is not None and y is not None and close(x, y)


# -- questions with numbers ---------------------------------------------------------------------------------------


def compare_numbers(edits: Edits, exercise: Exercise, pairs: list[tuple[Node, Node]]) -> None:
    """Sentences, points and tolerance of Cloze questions: taken where every variant was edited alike."""
    changes: list[dict[tuple[int, str], Any]] = []
    reach: set[Fraction] = set()
    for own, their in pairs:
        before, after = items(own), items(their)
        found = changes_of(exercise, before, after, reach) if before.keys() == after.keys() else {}
        if not found and not reach and not same_text(own, their):
            edits.note("not taken", where=repr(own.said("name", "text")[:60]), field="questiontext")
        changes.append(found)
    for number, name in sorted({key for found in changes for key in found}):
        edits.propose(number, name, {found.get((number, name)) for found in changes})
    if len(reach) == 1:
        edits.taken["tolerance",] = float(next(iter(reach)))
    elif reach:
        edits.note("not taken", where=exercise.name, field="tolerance")


def same_text(own: Node, their: Node) -> bool:
    return alike(own.said("questiontext", "text"), their.said("questiontext", "text"))


Item = tuple[str, tuple[tuple[Fraction, Fraction, Fraction], ...]]


def items(question: Node) -> dict[int, Item]:
    """By number: the sentence, and (weight, right value, tolerance) of each box."""
    text = question.said("questiontext", "text")
    starts = list(_ITEM.finditer(text))
    found = {}
    for i, start in enumerate(starts):
        piece = text[start.end() : starts[i + 1].start() if i + 1 < len(starts) else len(text)]
        ask = _ASK.search(piece)
        boxes = tuple((Fraction(int(b[1] or 1)), number_of(b[2]) or Fraction(0), number_of(b[3]) or Fraction(0))
                      for b in _BOX.finditer(piece))
        found[int(start[1])] = (squeezed(author_text(ask[1])) if ask else "", boxes)
    return found


def changes_of(exercise: Exercise, before: Mapping[int, Item], after: Mapping[int, Item],
               reach: set[Fraction]) -> dict[tuple[int, str], Any]:
    """By question and key, what one variant has otherwise; tolerances, relative to their value, go to `reach`."""
    found: dict[tuple[int, str], Any] = {}
    for number, (sentence, boxes) in before.items():
        new_sentence, new_boxes = after[number]
        if sentence != new_sentence and new_sentence:
            found[number, "text"] = new_sentence
        if len(boxes) != len(new_boxes):
            continue
        old, new = (sum((w for w, _, _ in side), Fraction(0)) for side in (boxes, new_boxes))
        if old != new and old:
            found[number, "points"] = (points_of(exercise.questions[number - 1]) * new / old).limit_denominator(1000)
        for (_, value, was), (_, _, now) in zip(boxes, new_boxes):
            if value and abs(now - was) > was / 1000:
                reach.add((now / abs(value)).limit_denominator(10**6))
    return found
