"""The `graphc exercise` command: new, check, export, import, each with its own options."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import Any

import graphc as G

from .arguments import Parser, command, print_json, trust_option
from .errors import InputError
from .files import write_whole

MOST_STUDENTS = 10_000
EXAMPLES = {
    "new": "graphc exercise new exam.toml --lang fr",
    "check": "graphc exercise check exam.toml --students 20",
    "export": "graphc exercise export exam.toml -o quiz.xml --variants 20",
    "import": "graphc exercise import quiz.xml -o back.toml",
}


def exercise_actions(commands: Any) -> None:
    """`graphc exercise` and its actions."""
    says = "an exercise file: new, checked, exported, imported"
    parser: argparse.ArgumentParser = commands.add_parser(
        "exercise", help=says, description="An exercise file: write one to begin with, check it, take it elsewhere and "
        "back.", epilog="examples:\n" + "\n".join(f"  {e}" for e in EXAMPLES.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True, metavar="action", parser_class=Parser)
    _new_options(_action(actions, "new", new, "an exercise file to begin with, with a comment on every key", "en"))
    _check_options(_action(actions, "check", check, "is the author's answer accepted, are the questions well-posed?"))
    _export_options(_action(actions, "export", export, "to a Moodle quiz, or a document of LaTeX's class exam"))
    _import_options(_action(actions, "import", import_, "from a file that was exported, or from a Moodle quiz",
                           "en"))


def _action(actions: Any, name: str, run: Callable[[argparse.Namespace], int], says: str,
            lang: str | None = None) -> argparse.ArgumentParser:
    return command(actions, name, run, says, EXAMPLES[name], lang)


def _new_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="where to write it, as in exam.toml; a file that exists is kept")


def _check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="the exercise, a TOML file")
    parser.add_argument("--students", type=int, default=20, metavar="N",
                        help="for the numbers of how many students (default: 20)")
    trust_option(parser)


def _export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="the exercise, a TOML file")
    parser.add_argument("-o", "--output", metavar="FILE", required=True,
                        help=".xml for Moodle, .tex for LaTeX's class exam")
    parser.add_argument("--student", default="", metavar="NAME", help="the numbers of this student alone")
    parser.add_argument("--variants", type=int, default=10, metavar="N",
                        help="in Moodle: how many draws of the numbers (default: 10)")
    parser.add_argument("--numbers", default="cloze", metavar="FORM",
                        help="in Moodle: questions that ask for numbers as cloze, numerical or stack (default: cloze)")
    trust_option(parser)


def _import_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="the quiz (.xml) or document (.tex)")
    parser.add_argument("-o", "--output", metavar="FILE", required=True,
                        help="the exercise file to write; of several, -1, -2 and so on come before its ending")
    trust_option(parser)


def new(options: argparse.Namespace) -> int:
    """`graphc exercise new`: a file to begin with; one that exists is never written over."""
    _absent(options.file)
    write_whole(options.file, G.Exercise.template(options.lang).encode())
    _print_files(options, [options.file])
    return 0


def check(options: argparse.Namespace) -> int:
    """`graphc exercise check`: is the author's answer accepted, are the questions well-posed?"""
    if not 1 <= options.students <= MOST_STUDENTS:
        raise InputError(f"--students must lie between 1 and {MOST_STUDENTS}, got {options.students}")
    report = G.posed(G.Exercise.load(options.file, trusted=options.trust), options.students, options.lang or "")
    if options.json:
        print_json(**report.to_json())
    else:
        print(report)
    return 0 if report.ok else 1


def export(options: argparse.Namespace) -> int:
    """`graphc exercise export`: the file, and notes on the standard error."""
    done = G.export_exercise(G.Exercise.load(options.file, trusted=options.trust), options.output, lang=options.lang,
                             variants=options.variants, numbers=options.numbers, student=options.student)
    _print_files(options, [done.path], list(done.notes))
    return 0


def import_(options: argparse.Namespace) -> int:
    """`graphc exercise import`: one file for one exercise; for several -1, -2, … before the ending."""
    found = G.import_exercises(options.file, trusted=options.trust, lang=options.lang or "en")
    stem, ending = os.path.splitext(options.output)
    paths = [options.output] if len(found) == 1 else [f"{stem}-{i}{ending}" for i in range(1, len(found) + 1)]
    for path in paths:
        _absent(path)
    for path, exercise in zip(paths, found):
        write_whole(path, exercise.text.encode())
    _print_files(options, paths, [note for exercise in found for note in exercise.notes])
    return 0


def _absent(path: str) -> None:
    if os.path.lexists(path):
        raise InputError(f"{path!r} exists already, and is kept; give another name")


def _print_files(options: argparse.Namespace, paths: list[str], notes: list[str] | None = None) -> None:
    for note in notes or ():
        print(f"{options.called}: {note}", file=sys.stderr)
    if options.json:
        print_json(path=paths[0], files=paths, notes=notes)
    else:
        print("\n".join(paths))
