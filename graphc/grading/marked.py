r"""Answers marked in a text, in Markdown or LaTeX.

Markdown. A mark is the name of a part, `q1.z`, or of a question, `Question 1` or `q1`, as a heading, in bold, as an
item of a list, or at the beginning of a line before a colon. Below the mark of a question, a heading, bold text or an
item may name one of its parts alone: `**w1:** $3$`. The answer is the first mathematics after the mark, `$…$`, `$$…$$`,
`\(…\)` or `\[…\]`; where there is none before the next mark, what stands on the line of the mark, after its colon.
`student: ada` on a line of its own, or at the top between two lines `---`, tells whose answers these are.

LaTeX. `\answer{q1.z}{…}`, or `\begin{answers} \item[q1.z] … \end{answers}`, and `\student{ada}`; comments are left
out, and so is what stands before \begin{document}, except for \student. `MACROS` is a small style file for this.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from .submission import LONGEST_NAME, MOST_ANSWERS, MOST_CHARACTERS, STUDENT_KEYS, Fault, clean_name, part_key

MACROS = r"""% Marks of answers for `graphc grade`: \usepackage{answers}, then
%   \student{ada}
%   \answer{q1.z}{$3$}
%   \begin{answers} \item[q4.w1] $w_3 (x_1 + x_2)$ \end{answers}
\ProvidesPackage{answers}
\newcommand{\student}[1]{\noindent\textbf{#1}\par}
\newcommand{\answer}[2]{\par\noindent\textbf{#1}\quad #2\par}
\newenvironment{answers}{\begin{description}}{\end{description}}
"""

_NAME = r"[^\W\d_]\w{0,40}"
_QUESTION = re.compile(rf"(?:question|q)[ \t]{{0,4}}(\d{{1,4}})(?:[ \t]?\.[ \t]?({_NAME})(?![\w^(]))?", re.IGNORECASE)
_ITEM = re.compile(r"[ \t]{0,12}\d{1,3}[.)][ \t]{1,4}")
_PART = re.compile(rf"\$?({_NAME})\$?")
_END = re.compile(r"[ \t*_`.)]{0,8}([:=–—-]|$)")
_PAIRS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"))


def _add(answers: dict[str, str], key: str, text: str, line: int) -> None:
    if key in answers:
        raise Fault("twice", line, name=key[:60])
    if len(answers) == MOST_ANSWERS:
        raise Fault("many_answers", line, limit=MOST_ANSWERS)
    answers[key] = text[:MOST_CHARACTERS]


def first_mathematics(text: str) -> str | None:
    r"""What stands between the first pair of marks of mathematics.

    >>> first_mathematics(r"so \$2 and $w_3$, $x$"), first_mathematics("none")
    ('w_3', None)
    """
    position = 0
    while (start := _first_mark(text, position)) >= 0:
        opening, closing = next(p for p in _PAIRS if text.startswith(p[0], start))
        end = _closing(text, closing, start + len(opening))
        if end < 0:
            return None
        inside = text[start + len(opening) : end].strip()
        if inside:
            return inside
        position = end + len(closing)
    return None


def _first_mark(text: str, position: int) -> int:
    for found in re.compile(r"\\[([]|\\.|\$", re.DOTALL).finditer(text, position):
        if found[0] in ("$", r"\(", r"\["):
            return found.start()
    return -1


def _closing(text: str, closing: str, position: int) -> int:
    end = text.find(closing, position)
    while closing[0] == "$" and end > 0 and text[end - 1] == "\\":
        end = text.find(closing, end + 1)
    return end


# -- Markdown -----------------------------------------------------------------------------------------------------


def markdown_answers(text: str, parts: Collection[str] = ()) -> tuple[str, dict[str, str]]:
    r"""The student that the text names, or "", and the marked answers. Raises Fault.

    Where the `parts` of the exercise are known, only they are marks below that of a question.

    >>> markdown_answers("## Question 1\n**z:** $3$\n\n**f**: $w_3 z$\n\nq2.b: 4")
    ('', {'q1.z': '3', 'q1.f': 'w_3 z', 'q2.b': '4'})
    """
    student, question, known = "", "", {_loose(p) for p in parts}
    marks: list[tuple[str, int, str, list[str]]] = []  # key, line, rest of its line, lines that follow
    for number, line in enumerate(_without_comments(text).split("\n"), 1):
        named = _student(line)
        if named and not student:
            student = named
            continue
        mark = _mark(line, question, known)
        if mark is None:
            if marks:
                marks[-1][3].append(line)
            continue
        question = mark[0].split(".")[0]
        marks.append((mark[0], number, mark[1], []))
    return student, _answers(marks)


def _answers(marks: list[tuple[str, int, str, list[str]]]) -> dict[str, str]:
    answers: dict[str, str] = {}
    for key, line, rest, below in marks:
        found = first_mathematics("\n".join([rest, *below]))
        told = found if found is not None else rest.strip(" \t*_`")
        if told:
            _add(answers, key, told, line)
    named = {key.partition(".")[0] for key in answers if "." in key}  # what stands above its parts is no answer
    return {key: text for key, text in answers.items() if key not in named}


def _loose(key: str) -> str:
    return key.replace("_", "").lower()


def _without_comments(text: str) -> str:
    """Comments of HTML give way to their line breaks, so that lines keep their numbers."""
    pieces, position = [], 0
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    while (start := text.find("<!--", position)) >= 0:
        end = text.find("-->", start)
        end = len(text) if end < 0 else end + 3
        pieces += [text[position:start], "\n" * text.count("\n", start, end)]
        position = end
    return "".join([*pieces, text[position:]])


def _student(line: str) -> str:
    head, colon, name = line.strip().lstrip("#*_- \t")[: 2 * LONGEST_NAME].partition(":")
    return clean_name(name.strip(" \t*_\"'")) if colon and head.strip(" \t*_").lower() in STUDENT_KEYS else ""


def _mark(line: str, question: str, known: Collection[str]) -> tuple[str, str] | None:
    """(key, what follows on the line) if a part is marked here."""
    bare = _ITEM.sub("", line).lstrip(" \t#>*_`-+")
    bold = bool(set(line[: len(line) - len(bare)]) & set("#*_`-+123456789"))
    found = _QUESTION.match(bare)
    if found:
        end = _END.match(bare, found.end())
        if not (end and end[1]) and not bold:
            return None
        key = part_key(f"q{found[1]}.{found[2]}" if found[2] else f"q{found[1]}")
        return key, bare[end.end():] if end else ""
    found = _PART.match(bare) if bold and question else None
    end = _END.match(bare, found.end()) if found else None
    if not found or not end or end[1] not in (":", "="):
        return None
    key = f"{question}.{found[1]}"
    return (key, bare[end.end():]) if not known or _loose(key) in known else None


# -- LaTeX --------------------------------------------------------------------------------------------------------


def tex_answers(text: str) -> tuple[str, dict[str, str]]:
    r"""The student that the text names, or "", and the marked answers. Raises Fault.

    >>> tex_answers(r"\student{ada} \answer{q1.z}{$\frac{1}{2}$} % \answer{q1.f}{0}")
    ('ada', {'q1.z': '\\frac{1}{2}'})
    """
    plain = "\n".join(_uncommented(line) for line in text.replace("\r\n", "\n").split("\n"))
    student = next((clean_name(_group(plain, at)[0]) for at in _commands(plain, r"\student")), "")
    body = plain.find(r"\begin{document}")
    answers: dict[str, str] = {}
    for at in _commands(plain, r"\answer", max(body, 0)):
        key, after = _group(plain, at)
        content, _ = _group(plain, after)
        _add(answers, part_key(key), _content(content), _line(plain, at))
    for key, content, at in _items(plain, max(body, 0)):
        _add(answers, part_key(key), _content(content), _line(plain, at))
    return student, answers


def _uncommented(line: str) -> str:
    r"""Up to the first % that no backslash escapes."""
    found = re.match(r"(?:[^%\\]+|\\.?)*", line)
    return found[0] if found else line


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _commands(text: str, name: str, start: int = 0) -> Iterator[int]:
    r"""Where the braces of each `name` begin; a definition of it, or a longer name, is passed over."""
    at = text.find(name, start)
    while at >= 0:
        after = at + len(name)
        while after < len(text) and text[after].isspace():
            after += 1
        if text.startswith("{", after):
            yield after
        at = text.find(name, at + len(name))


def _group(text: str, at: int) -> tuple[str, int]:
    r"""What stands between the braces that open here, and where they end. Raises Fault."""
    while at < len(text) and text[at].isspace():
        at += 1
    if not text.startswith("{", at):
        raise Fault("brace", _line(text, at))
    depth, position = 0, at
    for found in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, at):
        depth += (found[0] == "{") - (found[0] == "}")
        position = found.end()
        if depth == 0:
            return text[at + 1 : position - 1], position
    raise Fault("unclosed", _line(text, at))


def _items(text: str, start: int) -> Iterator[tuple[str, str, int]]:
    opening, closing = r"\begin{answers}", r"\end{answers}"
    at = text.find(opening, start)
    while at >= 0:
        end = text.find(closing, at)
        if end < 0:
            raise Fault("no_end", _line(text, at))
        pieces = text[at + len(opening) : end].split(r"\item")
        position = at + len(opening) + len(pieces[0])
        for piece in pieces[1:]:
            key, bracket, content = piece.lstrip().partition("]")
            if not bracket or not key.startswith("["):
                raise Fault("item_name", _line(text, position))
            yield key[1:], content, position
            position += len(r"\item") + len(piece)
        at = text.find(opening, end)


def _content(text: str) -> str:
    found = first_mathematics(text)
    return text.strip() if found is None else found
