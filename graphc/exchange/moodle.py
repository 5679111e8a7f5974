"""An exercise as a Moodle quiz in XML: STACK for formulas, Cloze or numerical questions for numbers."""

from __future__ import annotations

import base64
import html as markup
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..drawing.png import png_bytes
from ..errors import InputError, choose
from ..exercise import Exercise, Question
from ..exercise.texts import LANGUAGES
from ..sheets.blocks import Display, Para
from .carried import digest, packed
from .cloze import Asked, boxes_of, cloze_question, numeric, numerical_questions, scale_of, unaligned
from .phrases import said
from .pieces import Part, Pieces
from .stack import Model, decimal, model_of, stack_question, tags_xml
from .stack_numbers import Numbers, numbers_question
from .webtext import inline, shown, tex, words
from .xml_text import element, finished, plain, texts

FORMS = ("cloze", "numerical", "stack")
MOST_VARIANTS = 200
FIGURE = "graph.png"


@dataclass(frozen=True)
class Options:
    """How an exercise is exported. `student` fixes the numbers; else there are `variants` draws of them."""

    lang: str
    variants: int = 10
    numbers: str = "cloze"
    student: str = ""
    figure: bool = True

    def facts(self) -> dict[str, Any]:
        return {"lang": self.lang, "variants": self.variants, "numbers": self.numbers, "student": self.student,
                "figure": self.figure}


def options_of(exercise: Exercise, given: Mapping[str, Any]) -> Options:
    """Options with their defaults. Raises InputError for one that is unknown or out of range."""
    lang = given.get("lang") or exercise.language
    variants = given.get("variants", 10)
    found = Options(lang, variants, given.get("numbers", "cloze"), given.get("student", ""),
                    bool(given.get("figure", True)))
    if not isinstance(found.student, str):
        raise InputError(f"a student is a name, got {found.student!r:.60}")
    if lang not in LANGUAGES:
        raise choose("language", lang, LANGUAGES)
    if found.numbers not in FORMS:
        raise choose("form of numeric questions", found.numbers, FORMS)
    if type(variants) is not int or not 1 <= variants <= MOST_VARIANTS:
        raise InputError(f"variants must be a whole number from 1 to {MOST_VARIANTS}, got {variants!r}")
    return found


@dataclass
class Quiz:
    """A quiz under way: its questions, and notes on what could not be put as asked."""

    exercise: Exercise
    options: Options
    entries: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @cached_property
    def figure(self) -> str:
        """The file of the graph, the same for every question."""
        data = base64.b64encode(png_bytes(Pieces(self.exercise, self.options.lang, numbers=False).figure().scene, 1.5))
        return element("file", data.decode(), name=FIGURE, path="/", encoding="base64")

    def note(self, key: str, **slots: object) -> None:
        text = said(key, self.options.lang, **slots)
        if text not in self.notes:
            self.notes.append(text)


def moodle_quiz(exercise: Exercise, options: Options, text: str) -> tuple[bytes, list[str]]:
    """The quiz as XML, and the notes. `text` is the exercise's source, which the file carries."""
    quiz = Quiz(exercise, options)
    bare = Pieces(exercise, options.lang, numbers=False)
    title = plain_title(bare.title)
    formulas = [q for q in exercise.questions if not numeric(q)]
    if formulas:
        quiz.entries += [formula_entry(quiz, bare, q, title) for q in formulas]
    numbers = [q for q in exercise.questions if numeric(q)]
    if numbers:
        quiz.entries.append(category(title, said("answers", options.lang)))
        quiz.entries += numeric_entries(quiz, numbers, title)
    seen = digest("".join(quiz.entries))
    quiz.entries[:0] = [category(title, ""), source_entry(text, options, seen)]
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n{element("quiz", *quiz.entries)}\n'
    return finished(document).encode(), quiz.notes


def plain_title(title: str) -> str:
    """A title on one line, its mathematics as TeX."""
    return " ".join(title.split())


def category(title: str, below: str) -> str:
    """A folder of the question bank; a slash in its name is doubled, a single one parts names."""
    path = "/".join(["$course$", "top", *(p.replace("/", "//") for p in (title or "graphc", below) if p)])
    return element("question", element("category", element("text", plain(path))), texts("info", ""), type="category")


def source_entry(text: str, options: Options, seen: str) -> str:
    """A description that carries the source of the exercise, and the digest of what is seen beside it."""
    lines = packed(text, {**options.facts(), "seen": seen})
    lang = options.lang
    body = (f"<p>{words(said('source', lang))}</p>\n"
            f'<pre class="graphc-exercise">{words(chr(10).join(lines))}</pre>')
    return element("question", element("name", element("text", plain(said("do not use", lang)))),
                   texts("questiontext", body), texts("generalfeedback", ""), element("defaultgrade", "0.0000000"),
                   element("penalty", "0.0000000"), element("hidden", "0"), element("idnumber", "graphc-source"),
                   tags_xml(), type="description")


def head_html(quiz: Quiz, pieces: Pieces) -> tuple[str, list[str]]:
    """Statement, numbers and figure; and the figure's file."""
    lines = ['<div class="graphc-statement">', *blocks_html(pieces.statement()), "</div>"]
    if pieces.numbers():
        lines.append(f"<p>{inline(pieces.taken())}</p>")
    if not quiz.options.figure:
        return "\n".join(lines) + "\n", []
    alt = markup.escape(said("diagram", pieces.lang))
    lines.append(f'<p><img src="@@PLUGINFILE@@/{FIGURE}" alt="{alt}"></p>')
    return "\n".join(lines) + "\n", [quiz.figure]


def blocks_html(blocks: list[Para | Display]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Para):
            yield f"<p>{inline(block.text)}</p>"
        else:
            yield shown(r"\begin{aligned}" + r" \\ ".join(block.lines) + r"\end{aligned}")


# -- formulas ---------------------------------------------------------------------------------------------------


def formula_entry(quiz: Quiz, pieces: Pieces, question: Question, title: str) -> str:
    """STACK where every part has a form there; else an essay that shows a person the model answer."""
    head, files = head_html(quiz, pieces)
    name = f"{title}, {said('question', pieces.lang, number=question.number)}"
    models: list[Model] = []
    for i, part in enumerate(pieces.parts(question), 1):
        try:
            models.append(model_of(pieces, part, i))
        except InputError as error:
            quiz.note("no stack", number=question.number, part=part.name, why=str(error))
            return essay(pieces, question, head, files, name)
    return stack_question(pieces, question, models, head, files, name, f"graphc-q{question.number}")


def essay(pieces: Pieces, question: Question, head: str, files: list[str], name: str) -> str:
    """A question that a person grades, beside the model answer."""
    parts: list[Part] = pieces.parts(question)
    body = f'{head}<p><span class="graphc-ask">{inline(pieces.sentence(question))}</span></p>'
    solved = "".join(f"<p>{tex(unaligned(line))}</p>" for line in pieces.solution_lines(question))
    points = sum((p.points for p in parts), start=parts[0].points * 0)
    return element(
        "question", element("name", element("text", plain(name))), texts("questiontext", body, *files),
        texts("generalfeedback", solved), element("defaultgrade", decimal(points)), element("penalty", "0.0000000"),
        element("hidden", "0"), element("idnumber", f"graphc-q{question.number}"),
        element("responseformat", "editor"), element("responserequired", "1"), element("responsefieldlines", "10"),
        element("attachments", "0"), element("attachmentsrequired", "0"),
        texts("graderinfo", f"<p>{words(said('model answer', pieces.lang))}</p>{solved}"),
        texts("responsetemplate", ""), tags_xml(), type="essay")


# -- numbers ----------------------------------------------------------------------------------------------------


def numeric_entries(quiz: Quiz, questions: list[Question], title: str) -> list[str]:
    """The numeric questions for every draw, or as one STACK question that draws by itself."""
    draws = list(drawn(quiz))
    asked = 1 if quiz.options.student or not quiz.exercise.random else quiz.options.variants
    if len(draws) < asked:
        quiz.note("same numbers", got=len(draws), asked=asked)
    if quiz.options.numbers == "stack":
        try:
            return [stack_numbers_entry(quiz, questions, draws, title)]
        except InputError as error:
            quiz.note("no stack numbers", why=str(error))
    found = []
    for number, pieces in enumerate(draws, 1):
        name = title if len(draws) == 1 else f"{title}, {said('variant', pieces.lang, number=number)}"
        found += variant_entries(quiz, pieces, [(q, boxes_of(pieces, q)) for q in questions], name, number)
    return found


def stack_numbers_entry(quiz: Quiz, questions: list[Question], draws: list[Pieces], title: str) -> str:
    """All the numbers in one STACK question, which draws a variant by itself."""
    numbers = Numbers(draws[0], questions, draws)
    head, files = head_html(quiz, Pieces(quiz.exercise, quiz.options.lang, numbers=False))
    return numbers_question(numbers, head, files, title, "graphc-numbers")


def variant_entries(quiz: Quiz, pieces: Pieces, asked: Asked, name: str, number: int) -> list[str]:
    """The questions of one draw: one of Cloze, or one numerical for each number."""
    for question, parts in asked:
        for part, boxes in parts:
            if not boxes:
                quiz.note("too large", number=question.number, part=part.name)
    head, files = head_html(quiz, pieces)
    if quiz.options.numbers != "numerical":
        scale = scale_of(asked)
        if scale > 1:
            quiz.note("scaled", scale=scale)
        return [cloze_question(pieces, asked, head, files, name, f"graphc-v{number}", scale)]
    return [entry for q, parts in asked for entry in numerical_questions(
        pieces, q, parts, head, files, f"{name}, {said('question', pieces.lang, number=q.number)}",
        f"graphc-v{number}-q{q.number}")]


def drawn(quiz: Quiz) -> Iterator[Pieces]:
    """The exercise with each draw of its numbers, no two alike."""
    e, options = quiz.exercise, quiz.options
    if options.student or not e.random:
        yield Pieces(e, options.lang, options.student)
        return
    seen: set[str] = set()
    for number in range(1, options.variants + 1):
        for again in range(20):
            student = f"variant-{number:02d}" + (f"-{again}" if again else "")
            key = repr(e.numbers(student))
            if key not in seen:
                seen.add(key)
                yield Pieces(e, options.lang, student)
                break

