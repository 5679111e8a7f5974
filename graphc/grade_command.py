"""The `graphc grade` command: its options, and what it prints."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import graphc as G

from . import grading
from .arguments import print_json, trust_option
from .files import write_whole
from .grading.limits import MEMORY, TIMEOUT

ABOUT = """\
answers are files in one folder, or one file:
  .csv           one row a student; the first row names the columns: student,q1.z,q1.f,q4.w1
  .toml .json    one student a file (q1.z = "3"), or many: tables by name, in JSON also a list
  .md            marked in Markdown: a heading, bold text or a list item `q1.z:` and then $...$
  .tex           marked in LaTeX: \\answer{q1.z}{$...$}; --macros writes the style file for it
a student is called what `student` says in the file, or else what the file is called.
there may be a folder for each student, as learning platforms hand them out: the student is called what the folder is
called, of `Ada Lovelace_12345_assignsubmission_file_` the part before the first `_`; its files are put together.

the report: report.html, students/001.html and so on, grades.csv, report.json.
exit status: 0 all is decided, 2 a person looks at an answer or a file, 3 invalid input or usage."""


class Macros(argparse.Action):
    """Writes the LaTeX style file and ends, as --version does."""

    def __call__(self, parser: argparse.ArgumentParser, *rest: Any) -> None:
        write_whole(str(rest[1]), grading.MACROS.encode())
        print(rest[1])
        parser.exit()


def grade_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `graphc grade`."""
    parser.epilog = f"{ABOUT}\n\n{parser.epilog}"
    parser.add_argument("file", help="the exercise, a TOML file; `graphc exercise new` writes one to begin with")
    parser.add_argument("answers", help="a folder of files of answers, or one file")
    parser.add_argument("-o", "--output", metavar="DIR", default="report", help="the report (default: report)")
    parser.add_argument("--workers", type=int, metavar="N", help="processes at work (default: one a processor)")
    parser.add_argument("--timeout", type=float, metavar="S", default=TIMEOUT,
                        help="seconds of computing for one answer, and about three times as many by the clock; one "
                             f"that takes longer is undecided (default: {TIMEOUT:g})")
    parser.add_argument("--memory", type=int, metavar="MB", default=MEMORY,
                        help=f"memory that one submission may take (default: {MEMORY})")
    parser.add_argument("--fresh", action="store_true", help="grade again what an earlier run into DIR has graded")
    trust_option(parser)
    parser.add_argument("--macros", action=Macros, metavar="FILE", help="write the LaTeX style file for marked answers")


def grade(options: argparse.Namespace) -> int:
    """`graphc grade`: the report of many submissions."""
    try:
        outcome = G.grade_folder(options.file, options.answers, options.output, workers=options.workers,
                                 timeout=options.timeout, memory=options.memory, lang=options.lang,
                                 trusted=options.trust, fresh=options.fresh, version=G.__version__)
    except KeyboardInterrupt:
        print(f"\n{grading.say(options.lang or 'en', 'interrupted')}", file=sys.stderr)
        return 130
    if options.json:
        print_json(**outcome.to_json())
    else:
        print(outcome)
    return outcome.status
