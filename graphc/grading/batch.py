"""Many submissions of one exercise: read, graded each by itself, and reported."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from os import PathLike
from typing import Any

from ..errors import InputError, choose
from ..exercise import Exercise
from ..exercise.source import Source
from ..trusted import PLACE
from .files import listed
from .folders import together
from .journal import Journal, key_of
from .limits import MEMORY, MOST_WORKERS, TIMEOUT, processors
from .marking import exact, load, part_keys
from .numbers import shown
from .phrases import LANGUAGES, plural, say
from .progress import Progress
from .report import write_report
from .server import forks
from .submission import Record, Submission, Unread, clean_name
from .workers import Failure, Pool

MOST_LOST = 3  # answers of one submission that may take all their time, before the rest is left to a person
FILES_AT_ONCE = 20  # that one job reads


@dataclass(frozen=True)
class Exam:
    """The exercise of a batch, in the language of its report, and what its results depend on."""

    exercise: Exercise
    settings: Mapping[str, Any]
    key: str

    @cached_property
    def parts(self) -> list[str]:
        return part_keys(self.exercise)

    @property
    def lang(self) -> str:
        return self.exercise.language


@dataclass
class Batch:
    """What was graded: `graded` pairs each submission with the place of its marks in the journal, sorted by student."""

    exam: Exam
    journal: Journal
    graded: list[tuple[Submission, int]] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    replaced: list[tuple[Submission, Submission]] = field(default_factory=list)  # (left out, kept)
    reused: int = 0

    def records(self) -> Iterator[tuple[Submission, dict[str, Any]]]:
        """One after another, so that no more than one is in memory."""
        for submission, place in self.graded:
            yield submission, self.journal.read(place)


@dataclass(frozen=True)
class Outcome:
    """What a run came to. `points` is the mean total; `files` are the report's main files."""

    students: int
    reused: int
    undecided: int
    unread: tuple[Unread, ...]
    points: Fraction
    max_points: Fraction
    files: tuple[str, ...]
    lang: str

    @property
    def status(self) -> int:
        """An exit status: 2 where a person is needed, for an undecided answer or a file that could not be read."""
        return 2 if self.undecided or self.unread else 0

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold; points are exact, as text."""
        return {"students": self.students, "reused": self.reused, "undecided": self.undecided,
                "unread": [u.to_json() for u in self.unread], "mean": str(self.points),
                "max_points": str(self.max_points), "files": list(self.files)}

    def __str__(self) -> str:
        lang = self.lang
        lines = [plural(lang, "summary", self.students, students=self.students, mean=shown(self.points, lang),
                        most=shown(self.max_points, lang))]
        if self.reused:
            lines.append(say(lang, "reused", n=self.reused))
        if self.undecided:
            lines.append(plural(lang, "to_look_at", self.undecided))
        if self.unread:
            first = self.unread[0]
            lines.append(plural(lang, "unread_files", len(self.unread), place=first.place, why=first.why))
        return "\n".join([*lines, *self.files])


def grade_folder(exam: str | PathLike[str], answers: str | PathLike[str], output: str | PathLike[str], *,
                 workers: int | None = None, timeout: float = TIMEOUT, memory: int = MEMORY, lang: str | None = None,
                 trusted: bool = False, fresh: bool = False, version: str = "",
                 prepare: str = "graphc.grading.marking:prepare", fork: bool | None = None) -> Outcome:
    """Grade the answers in a folder (or one file) to the exercise file `exam`, and write a report into `output`.

    The folder holds files of answers, or a folder for each student, or both.

    Each submission is graded by a process of its own. An answer may take `timeout` seconds of computing (thrice that
    by the clock) and `memory` megabytes beyond what the process starts with; one that takes more is undecided.
    `lang` reads and reports in another language than the exercise's. What an earlier run into the same `output` has
    graded, and is unchanged, is not graded again unless `fresh`. `trusted` runs a Python file that the exercise names.
    `prepare` names what makes the grader, as "module:function", for tests of what surrounds it; `fork` False lets the
    processes grade by themselves, as where there is no fork.
    Raises InputError for an exercise that cannot be loaded, a wrong option, no answers, or an `output` in use.

    >>> import tempfile
    >>> from pathlib import Path
    >>> here = Path(tempfile.mkdtemp())
    >>> _ = (here / "exam.toml").write_text('''title = "One product"
    ... function = "w*x"
    ... [[question]]
    ... ask = "formula"
    ... wrt = "w"''')
    >>> _ = (here / "class.csv").write_text("student,q1.w\\nada,x\\nben,w")
    >>> outcome = grade_folder(here / "exam.toml", here / "class.csv", here / "report", workers=1)
    >>> outcome.students, str(outcome.points), [Path(f).name for f in outcome.files]
    (2, '1/2', ['report.html', 'report.json', 'grades.csv'])
    """
    _check(workers, timeout, memory, lang)
    loaded = _exam(os.fspath(exam), lang, trusted, version, prepare, timeout, memory, forks() if fork is None else fork)
    source, folder = os.fspath(answers), os.fspath(output)
    names = _names(source, os.fspath(exam), folder)
    try:
        os.makedirs(os.path.join(folder, "students"), exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the directory {folder!r}: {error.strerror}") from None
    batch = Batch(loaded, Journal(os.path.join(folder, "journal.jsonl"), fresh))
    try:
        with Pool(loaded.settings, workers or processors()) as pool:
            records = _read(pool, loaded, source if os.path.isdir(source) else os.path.dirname(source) or ".", names)
            chosen = _chosen(batch, records)
            _grade(pool, batch, chosen)
        return _outcome(batch, write_report(batch, folder))
    finally:
        batch.journal.close()


def _check(workers: int | None, timeout: float, memory: int, lang: str | None) -> None:
    if lang is not None and lang not in LANGUAGES:
        raise choose("language", lang, LANGUAGES)
    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        raise InputError(f"workers must lie between 1 and {MOST_WORKERS}, got {workers}")
    if not 0.05 <= timeout <= 3600:
        raise InputError(f"timeout is in seconds, from 0.05 to 3600, got {timeout:g}")
    if not 16 <= memory <= 2**20:
        raise InputError(f"memory is in megabytes, from 16 to {2**20:,}, got {memory}")


def _exam(path: str, lang: str | None, trusted: bool, version: str, prepare: str, timeout: float, memory: int,
          fork: bool) -> Exam:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path!r}: {getattr(error, 'strerror', None) or error}") from None
    Source.open(path)  # its limits, and its errors with their lines
    text = data.decode("utf-8-sig").replace("\r\n", "\n")
    folder = os.path.dirname(os.path.abspath(path))
    settings = {"text": text, "name": os.path.basename(path), "folder": folder, "trusted": trusted,
                "timeout": timeout, "memory": memory, "prepare": prepare, "fork": fork, "version": version}
    exercise = Exercise.loads(text, name=os.path.basename(path), folder=folder, trusted=trusted)
    settings["lang"] = lang or exercise.language
    key = key_of(text, _model(text, folder), version, settings["lang"], prepare)
    return Exam(load(settings), settings, key)


def _model(text: str, folder: str) -> str:
    """The Python file that the model is taken from: a change in it changes the exercise."""
    named = PLACE.fullmatch(str(Source(text, "").values.get("model", "")))
    if not named:
        return ""
    with open(os.path.join(folder, named[1]), "rb") as file:
        return file.read().hex()


def _names(source: str, exam: str, output: str) -> list[str]:
    """The files of answers; the exercise itself and the report may lie in the same folder."""
    names = listed(source)
    if not os.path.isdir(source):
        return names
    apart = [path for path in (exam, output) if os.path.exists(path)]
    kept = [n for n in names if not any(_same(os.path.join(source, n), path) for path in apart)]
    if not kept:
        raise InputError(f"{source!r} has no files of answers")
    return kept


def _same(a: str, b: str) -> bool:
    try:
        return os.path.samefile(a, b)
    except OSError:
        return False


# -- reading ----------------------------------------------------------------------------------------------------


def _read(pool: Pool, exam: Exam, folder: str, names: Sequence[str]) -> list[Record]:
    items, folders = together(folder, names)
    cuts = [items[i : i + FILES_AT_ONCE] for i in range(0, len(items), FILES_AT_ONCE)]
    jobs = [{"job": "read", "folder": os.path.abspath(folder), "items": cut,
             "folders": {name: folders[name] for name in cut if name in folders}} for cut in cuts]
    found: dict[str, list[Record]] = {}
    progress = Progress(len(items), exam.lang, "reading")
    for job, values in pool.each(jobs):
        for name in job["items"]:
            found[name] = _records(values[name], name, exam)
        progress.step(len(job["items"]))
    progress.close()
    return [record for name in items for record in found[name]]


def _records(value: Any, name: str, exam: Exam) -> list[Record]:
    if isinstance(value, Failure):
        why = say(exam.lang, "reader_stopped", why=told(value, exam))
        return [Unread(clean_name(os.path.splitext(name)[0]), clean_name(name), why)]
    return [Unread(**v) if "why" in v else Submission(**v) for v in value]


def _chosen(batch: Batch, records: Sequence[Record]) -> list[Submission]:
    """One submission a student: the later by the name of its file, and the lower row of one file."""
    kept: dict[str, Submission] = {}
    for record in records:
        if isinstance(record, Unread):
            batch.unread.append(record)
            continue
        if record.student in kept:
            batch.replaced.append((kept[record.student], record))
        kept[record.student] = record
    return [kept[student] for student in sorted(kept)]


# -- grading ----------------------------------------------------------------------------------------------------


def _grade(pool: Pool, batch: Batch, chosen: Sequence[Submission]) -> None:
    exam, journal = batch.exam, batch.journal
    limits = [exam.settings["timeout"], exam.settings["memory"]]
    keys = {s.student: key_of(exam.key, s.student, list(s.answers.items())) for s in chosen}
    places = {s.student: journal.find(keys[s.student], limits) for s in chosen}
    new = [s for s in chosen if places[s.student] is None]
    progress = Progress(len(new), exam.lang)
    jobs = ({"job": "grade", "student": s.student, "answers": dict(s.answers), "items": exam.parts,
             "most_lost": MOST_LOST} for s in new)
    for job, values in pool.each(jobs):
        record = _record(job, values, exam)
        places[job["student"]] = journal.end
        journal.add({"key": keys[job["student"]], "limited": limits if record.pop("limited") else None, **record})
        progress.step()
    progress.close()
    batch.reused = len(chosen) - len(new)
    batch.graded = [(s, place) for s in chosen if (place := places[s.student]) is not None]


def _record(job: Mapping[str, Any], values: Mapping[str, Any], exam: Exam) -> dict[str, Any]:
    parts, limited = {}, False
    for key in exam.parts:
        limited = limited or isinstance(values[key], Failure)
        parts[key] = _stopped(job, key, values[key], exam) if isinstance(values[key], Failure) else values[key]
    return {"parts": parts, "notes": values.get("notes", []), "numbers": values.get("numbers", []),
            "limited": limited}


def _stopped(job: Mapping[str, Any], key: str, failure: Failure, exam: Exam) -> dict[str, Any]:
    """The mark of a part on which the worker was lost: undecided, whatever it is."""
    question = next(q for q in exam.exercise.questions if q.name == key.split(".")[0])
    share = question.worth(key.split(".", 1)[1])
    why = told(failure, exam)
    given = job["answers"].get(key, job["answers"].get(question.name, ""))
    return {"status": "undecided", "given": given[:2000], "points": "0", "max_points": exact(share),
            "message": say(exam.lang, "stopped", why=why), "read_as": "", "certainty": why, "findings": [], "flags": [],
            "follows_from": []}


def told(failure: Failure, exam: Exam) -> str:
    """Why a worker was lost, in words."""
    kind, _, name = failure.reason.partition(" ")
    key = f"limit_{kind}" if kind in ("time", "memory", "size", "signal", "error", "given_up") else "limit_signal"
    return say(exam.lang, key, name=name or failure.reason, timeout=f"{exam.settings['timeout']:g}", most=MOST_LOST,
               memory=exam.settings["memory"])


def _outcome(batch: Batch, written: tuple[Any, Sequence[str]]) -> Outcome:
    tally, files = written
    return Outcome(len(batch.graded), batch.reused, tally.undecided, tuple(batch.unread), tally.mean, tally.most,
                   tuple(files), batch.exam.lang)


