"""The bodies of `graphc exercise export` and `graphc exercise import`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from ..errors import InputError
from ..exercise import Exercise
from ..files import write_whole
from .files import export_exercise, import_exercises
from .moodle import FORMS

ACTIONS = ("export", "import")


def add_options(parser: argparse.ArgumentParser) -> None:
    """What export and import take beyond the file."""
    parser.add_argument("-o", "--output", metavar="FILE", help="export: .xml for Moodle, .tex for LaTeX's class exam; "
                        "import: the exercise file to write")
    parser.add_argument("--variants", type=int, default=10, metavar="N",
                        help="export: how many draws of the numbers (default: 10)")
    parser.add_argument("--numbers", choices=FORMS, default="cloze",
                        help="export: form of the questions that ask for numbers (default: cloze)")
    parser.add_argument("--student", default="", metavar="NAME", help="export: the numbers of this student alone")
    parser.add_argument("--trust", action="store_true", help="run the Python file that the exercise's model names")


def run(options: argparse.Namespace, lang: str | None = None) -> dict[str, Any]:
    """Export or import; what was written, and the notes, which go to the standard error as well.

    Raises InputError as `export_exercise` and `import_exercises` do, and for an import over a file that exists.
    """
    if not options.output:
        raise InputError(f"exercise {options.action}: -o FILE is needed, where to write to")
    facts: dict[str, Any]
    if options.action == "export":
        exercise = Exercise.load(options.file, trusted=options.trust)
        done = export_exercise(exercise, options.output, lang=lang, variants=options.variants,
                               numbers=options.numbers, student=options.student)
        facts, notes = {"path": done.path}, list(done.notes)
    else:
        facts, notes = _import(options, lang)
    for note in notes:
        print(f"graphc exercise {options.action}: {note}", file=sys.stderr)
    return {**facts, "notes": notes}


def _import(options: argparse.Namespace, lang: str | None) -> tuple[dict[str, Any], list[str]]:
    """One file for one exercise; for several -1, -2, … before the ending."""
    found = import_exercises(options.file, trusted=options.trust, lang=lang or "en")
    stem, ending = os.path.splitext(options.output)
    paths = [options.output] if len(found) == 1 else [f"{stem}-{i}{ending}" for i in range(1, len(found) + 1)]
    for path in paths:
        if os.path.exists(path):
            raise InputError(f"{path!r} exists already, and is kept; give another name")
    for path, exercise in zip(paths, found):
        write_whole(path, exercise.text.encode())
    return {"path": paths[0], "files": paths}, [note for exercise in found for note in exercise.notes]
