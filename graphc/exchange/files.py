"""Files of other systems, out and in: the ending says which."""

from __future__ import annotations

import os
from dataclasses import dataclass
from os import PathLike

from ..errors import InputError, choose
from ..exercise import Exercise
from ..exercise.source import LARGEST as LARGEST_EXERCISE
from ..files import write_whole
from .carried import Carried, from_comments
from .edits import Edits, applied
from .exam_class import edits_in_tex, exam_document
from .foreign import foreign_quiz
from .moodle import moodle_quiz, options_of
from .moodle_in import carried_in, edits_in
from .phrases import said
from .xml_text import LARGEST, parse_xml

ENDINGS = (".xml", ".tex")


@dataclass(frozen=True)
class Exported:
    """A file that was written, and what could not be put into it as it is."""

    path: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Imported:
    """The text of an exercise file that was read out of another file, and what to know about it."""

    text: str
    exercise: Exercise
    notes: tuple[str, ...] = ()


def export_exercise(exercise: Exercise, path: str | PathLike[str], *, lang: str | None = None, variants: int = 10,
                    numbers: str = "cloze", student: str = "", figure: bool = True) -> Exported:
    """Write an exercise as a Moodle quiz (.xml) or a document of the LaTeX class `exam` (.tex).

    In Moodle, formulas become STACK questions whose response trees know the slips of a single mistake, and numbers
    Cloze questions (or `numbers="numerical"` ones), with `variants` draws of the numbers, or those of `student`.
    The file carries the exercise itself: `import_exercise` gives it back. Raises InputError for an unknown option
    or ending, an exercise without its text, or a path that cannot be written.

    >>> import graphc as G, tempfile, os
    >>> e = G.Exercise.loads(G.Exercise.template("en"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = export_exercise(e, os.path.join(folder, "exam.tex"))
    ...     import_exercise(done.path).text == e.source
    True
    """
    target = os.fspath(path)
    ending = os.path.splitext(target)[1].lower()
    if ending not in ENDINGS:
        raise choose("format of an exported exercise", ending or target, ENDINGS)
    if not exercise.source:
        raise InputError("this exercise has no text of its own to carry; load it from a file or a text")
    options = options_of(exercise, {"lang": lang, "variants": variants, "numbers": numbers, "student": student,
                                    "figure": figure})
    write = moodle_quiz if ending == ".xml" else exam_document
    data, notes = write(exercise, options, exercise.source)
    write_whole(target, data)
    return Exported(target, tuple(notes))


def import_exercise(path: str | PathLike[str], *, trusted: bool = False, lang: str = "en") -> Imported:
    """Read an exercise back from a Moodle quiz (.xml) or a LaTeX document (.tex).

    A file that graphc wrote gives its exercise again, with the points, sentences, title and tolerance that were
    edited in it since; other edits are told in `notes`. Of another quiz, questions that ask for a derivative and
    numerical ones are taken, and `notes` says what was not and why, in `lang`. A model in a Python file is run only
    when `trusted`. Raises InputError for a file that holds no exercise, or is not what its ending says.
    """
    name = os.fspath(path)
    data, short = _read(name), os.path.basename(name)
    folder = os.path.dirname(os.path.abspath(name))
    ending = os.path.splitext(name)[1].lower()
    if ending == ".tex":
        return _from_tex(data, short, folder, trusted)
    if ending != ".xml":
        raise choose("format of an exercise to import", ending or name, ENDINGS)
    root = parse_xml(data, short)
    carried = carried_in(root)
    if carried is None:
        return import_exercises(path, trusted=trusted, lang=lang)[0]
    exercise = _exercise(carried, short, folder, trusted)
    return _imported(carried, exercise, edits_in(root, exercise, carried), folder, trusted)


def import_exercises(path: str | PathLike[str], *, trusted: bool = False, lang: str = "en") -> list[Imported]:
    """Every exercise in a file: of a quiz that graphc did not write, one for each question that could be taken.

    As `import_exercise`, which gives the first of them. The last one's notes tell what was not taken.
    """
    name = os.fspath(path)
    short = os.path.basename(name)
    if os.path.splitext(name)[1].lower() != ".xml":
        return [import_exercise(path, trusted=trusted, lang=lang)]
    root = parse_xml(_read(name), short)
    if carried_in(root) is not None:
        return [import_exercise(path, trusted=trusted, lang=lang)]
    found, notes = foreign_quiz(root, lang)
    if not found:
        raise InputError(said("foreign nothing", lang, name=short, notes="\n".join(notes[:20])))
    exercises = [Imported(f.text, f.exercise, tuple(f.notes)) for f in found]
    last = exercises[-1]
    return [*exercises[:-1], Imported(last.text, last.exercise, (*last.notes, *notes))]


def _from_tex(data: bytes, name: str, folder: str, trusted: bool) -> Imported:
    try:
        tex = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}:{data[: error.start].count(10) + 1}: not UTF-8") from None
    carried = from_comments(tex)
    if carried is None:
        raise InputError(f"{name} carries no exercise: a LaTeX document is read back only where graphc wrote it")
    exercise = _exercise(carried, name, folder, trusted)
    return _imported(carried, exercise, edits_in_tex(tex, exercise, carried), folder, trusted)


def _exercise(carried: Carried, name: str, folder: str, trusted: bool) -> Exercise:
    if len(carried.text.encode()) > LARGEST_EXERCISE:
        raise InputError(f"{name} carries an exercise of more than {LARGEST_EXERCISE:,} bytes, the limit of one")
    return Exercise.loads(carried.text, name=name, folder=folder, trusted=trusted)


def _imported(carried: Carried, exercise: Exercise, edits: Edits, folder: str, trusted: bool) -> Imported:
    if not carried.intact:
        edits.notes.insert(0, said("edited source", edits.lang))
    text = applied(carried.text, edits, exercise, folder, trusted)
    if text != carried.text:
        exercise = Exercise.loads(text, name=exercise.name, folder=folder, trusted=trusted)
    return Imported(text, exercise, tuple(edits.notes))


def _read(name: str) -> bytes:
    try:
        with open(name, "rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {name!r}: {getattr(error, 'strerror', None) or error}") from None


