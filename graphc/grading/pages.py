"""The report as pages of HTML: one for the class, one for each student. They need no script and nothing beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from ..sheets.html_sheet import mixed
from .asked import part_html, question_html
from .bars import counted, outcome_bar, spread_chart
from .numbers import percent, shown
from .phrases import plural, say
from .statistics import STATUSES, Look, PartTally, Slip, Tally
from .style import STYLE
from .submission import Submission, Unread

if TYPE_CHECKING:
    from .batch import Batch, Exam

MOST_GIVEN = 90  # characters of an answer in a table
MOST_LOOKS = 500  # of undecided answers on the page; report.json has all


def safe(text: str, limit: int = 2000) -> str:
    """Text from outside, for HTML: escaped, and what cannot be seen or turns the direction of writing shown as code.

    >>> safe("<b>\\u202e")
    '&lt;b&gt;\\\\u202e'
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    plain = "".join(c if c.isprintable() or c in "\n\u00a0\u202f" else c.encode("unicode_escape").decode() for c in cut)
    return escape(plain)


def told(text: str) -> str:
    return f'<span class="told">{text}</span>'


def page(title: str, lang: str, body: str) -> str:
    return (f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n'
            f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n")


def table(heads: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], kinds: Sequence[str] = ()) -> str:
    """A table; a head is (class, text), and so are the cells below it."""
    top = "".join(f"<th{_class(c)}>{text}</th>" for c, text in heads)
    kinds = kinds or [c for c, _ in heads]
    body = "\n".join("<tr>" + "".join(f"<td{_class(c)}>{cell}</td>" for c, cell in zip(kinds, row)) + "</tr>"
                     for row in rows)
    return f'<div class="wide"><table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def student_file(number: int, count: int) -> str:
    """A page is named by a number, never by a student.

    >>> student_file(7, 1200)
    '0007.html'
    """
    return f"{number:0{max(3, len(str(count)))}d}.html"


class Pages:
    """Writes pages of one batch in its language."""

    def __init__(self, exam: Exam) -> None:
        self.exam, self.exercise, self.lang = exam, exam.exercise, exam.lang
        self.rows: list[list[str]] = []

    def say(self, key: str, **parts: Any) -> str:
        return say(self.lang, key, **parts)

    def _of(self, got: Fraction, most: Fraction) -> str:
        return self.say("of_points", got=shown(got, self.lang), most=shown(most, self.lang))

    @cached_property
    def title(self) -> str:
        return mixed(self.exercise.title.in_(self.lang))

    @cached_property
    def plain_title(self) -> str:
        return escape(self.exercise.title.in_(self.lang).replace("$", ""))

    @cached_property
    def questions(self) -> dict[str, str]:
        return {q.name: question_html(self.exercise, q) for q in self.exercise.questions}

    @cached_property
    def goals(self) -> dict[str, str]:
        """Each part as mathematics."""
        by_name = {q.name: q for q in self.exercise.questions}
        return {key: part_html(self.exercise, by_name[key.partition(".")[0]], key) for key in self.exam.parts}

    def _link(self, number: int, count: int, student: str) -> str:
        return f'<a href="students/{student_file(number, count)}">{safe(student, 200)}</a>'

    def _goal(self, key: str) -> str:
        """A part in a table: the same derivative may be asked twice, so its question is told."""
        return f"{escape(key.partition('.')[0])}\u2002{self.goals[key]}"

    @cached_property
    def _legend(self) -> str:
        items = "".join(f'<li><i class="{s}"></i>{self.say(s)}</li>' for s in STATUSES)
        return f'<ul class="legend">{items}</ul>'

    # -- a student --------------------------------------------------------------------------------------------

    def student(self, number: int, submission: Submission, record: Mapping[str, Any], total: Fraction,
                most: Fraction, count: int) -> str:
        """The page of one student; a row for the page of the class is kept."""
        parts = record["parts"]
        name = safe(submission.student, 200)
        opened = sum(p["status"] == "undecided" for p in parts.values())
        self.rows.append([self._link(number, count, submission.student), shown(total, self.lang),
                          self._states(parts)])
        open_parts = [f"<p>{plural(self.lang, 'open_parts', opened)}</p>" if opened > 1 else
                f"<p>{self.say('open_part')}</p>"] if opened else []
        notes = self._numbers(record["numbers"]) + [f'<p class="soft">{safe(note)}</p>' for note in record["notes"]]
        sections = [self._section(name, parts) for name in self.questions]
        body = "\n".join([
            f'<header><small>{self.title}</small><h1>{name}</h1></header>',
            f'<ul class="figures"><li><b>{self._of(total, most)}</b>{self.say("points")}</li></ul>',
            *open_parts, *notes, *sections])
        return page(f"{name} – {self.plain_title}", self.lang, f"<main>\n{body}\n</main>")

    def _numbers(self, numbers: Sequence[Sequence[str]]) -> list[str]:
        """The numbers drawn for a student, where they are drawn."""
        listed = "\u202f; " if self.lang == "fr" else ", "
        told = listed.join(f"{name}\u00a0=\u00a0{value}" for name, value in numbers)
        return [f'<p class="soft">{self.say("numbers")} {safe(told)}</p>'] if told else []

    def _states(self, parts: Mapping[str, Mapping[str, Any]]) -> str:
        """A small square for each part."""
        marks = "".join(f'<i class="{p["status"]}" title="{escape(key)}: {self.say(p["status"])}"></i>'
                        for key, p in parts.items())
        return f'<span class="chip">{marks}</span>'

    def _section(self, question: str, parts: Mapping[str, Mapping[str, Any]]) -> str:
        mine = {k: p for k, p in parts.items() if k.partition(".")[0] == question}
        cards = "\n".join(self._card(key, part) for key, part in mine.items())
        return (f'<section class="question"><header><h3>{question[1:]}. {self.questions[question]}</h3></header>\n'
                f"{cards}\n</section>")

    def _card(self, key: str, part: Mapping[str, Any]) -> str:
        status = part["status"]
        points = self._of(Fraction(part["points"]), Fraction(part["max_points"]))
        given = f'<span class="given">{safe(part["given"])}</span>' if part["given"].strip() else ""
        message = f'<p class="told">{safe(part["message"])}</p>' if status != "missing" else ""
        return (f'<article class="{status}"><header><b>{self.goals[key]}</b>'
                f'<span class="chip"><i class="{status}"></i>{self.say(status)}</span><span class="n">{points}</span>'
                f"</header>{given}{message}</article>")

    # -- the class --------------------------------------------------------------------------------------------

    def report(self, batch: Batch, tally: Tally) -> str:
        """The page of the class."""
        blocks = [
            f'<header><small>{self.say("report")}</small><h1>{self.title}</h1></header>', self._figures(batch, tally),
            *self._looks(tally.looks, len(batch.graded)), *self._unread(batch.unread), *self._replaced(batch.replaced),
            *self._questions(tally), *self._spread(tally), *self._slips(tally.slips), *self._students()]
        body = "\n".join(blocks)
        return page(f"{self.say('report')} – {self.plain_title}", self.lang, f"<main>\n{body}\n</main>")

    def _figures(self, batch: Batch, tally: Tally) -> str:
        if not batch.graded:
            return f"<p>{self.say('nobody')}</p>"
        rows = [(str(len(batch.graded)), self.say("students")), (self._of(tally.mean, tally.most), self.say("mean")),
                (shown(tally.median, self.lang), self.say("median")),
                (str(tally.undecided), self.say("undecided")), (str(len(batch.unread)), self.say("not_read"))]
        return '<ul class="figures">' + "".join(f"<li><b>{n}</b>{what}</li>" for n, what in rows) + "</ul>"

    def _looks(self, looks: Sequence[Look], count: int) -> list[str]:
        head = f"<h2>{self.say('look')}</h2>"
        if not looks:
            return [head, f'<p>{self.say("nothing_to_look_at")}</p>']
        rows = [[self._link(x.number, count, x.student), self._goal(x.part),
                 f"<code>{safe(x.given, MOST_GIVEN)}</code>", told(safe(x.why, 300))] for x in looks[:MOST_LOOKS]]
        if len(looks) > MOST_LOOKS:
            rows.append(["…", "", "", f"+ {len(looks) - MOST_LOOKS} (report.json)"])
        heads = [("", self.say("student")), ("key", self.say("part")), ("", self.say("answer")), ("", self.say("why"))]
        return [head, f"<p>{self.say('look_note')}</p>", table(heads, rows)]

    def _unread(self, unread: Sequence[Unread]) -> list[str]:
        rows = [[f"<code>{safe(u.place, 300)}</code>", safe(u.why)] for u in unread]
        heads = [("", self.say("place")), ("", self.say("why"))]
        return [f"<h2>{self.say('unread')}</h2>", table(heads, rows)] if rows else []

    def _replaced(self, replaced: Sequence[tuple[Submission, Submission]]) -> list[str]:
        rows = [[safe(kept.student, 200),
                 self.say("replaced_note", place=f"<code>{safe(kept.place, 300)}</code>",
                          earlier=f"<code>{safe(left.place, 300)}</code>")] for left, kept in replaced]
        heads = [("", self.say("student")), ("", self.say("note"))]
        return [f"<h2>{self.say('replaced')}</h2>", table(heads, rows)] if rows else []

    def _questions(self, tally: Tally) -> list[str]:
        if not tally.totals:
            return []
        rows = [self._part(part) for part in tally.parts.values()]
        heads = [("key", self.say("part")), ("key", self.say("asked")), ("bars", self.say("answers_head")),
                 ("n", self.say("correct")), ("n", self.say("mean_points")), ("n", self.say("discrimination"))]
        return [f"<h2>{self.say('questions')}</h2>", self._legend, table(heads, rows),
                f'<p class="soft">{self.say("discrimination_note")}</p>']

    def _part(self, part: PartTally) -> list[str]:
        rate = part.discrimination
        number = "–" if rate is None else shown(Fraction(round(100 * rate), 100), self.lang).replace("-", "−")
        return [escape(part.key), self.goals[part.key], self._outcomes(part),
                percent(part.share("correct"), self.lang), self._of(part.mean, part.most),
                number]

    def _outcomes(self, part: PartTally) -> str:
        return f"{outcome_bar(part.counts, self.lang)}<small>{counted(part.counts, self.lang)}</small>"

    def _spread(self, tally: Tally) -> list[str]:
        if not tally.totals or not tally.most:
            return []
        bins = 10
        edges = [shown(tally.most * i / bins, self.lang, 1) for i in range(bins + 1)]
        label = self.say("spread_axis", most=shown(tally.most, self.lang))
        return [f"<h2>{self.say('spread')}</h2>", spread_chart(tally.spread(bins), edges, label),
                f'<p class="soft">{label}</p>']

    def _slips(self, slips: Sequence[Slip]) -> list[str]:
        head = f"<h2>{self.say('slips')}</h2>"
        if not slips:
            return [head, f"<p>{self.say('no_slips')}</p>"]
        rows = [[str(s.count), self._goal(s.part), safe(s.message, 400), f"<code>{safe(s.given, MOST_GIVEN)}</code>"]
                for s in slips]
        heads = [("n", self.say("count")), ("key", self.say("part")), ("", self.say("slip")),
                 ("", self.say("example"))]
        return [head, table(heads, rows)]

    def _students(self) -> list[str]:
        heads = [("", self.say("student")), ("n", self.say("total")), ("", self.say("answers_head"))]
        return [f"<h2>{self.say('students')}</h2>", self._legend, table(heads, self.rows)] if self.rows else []


