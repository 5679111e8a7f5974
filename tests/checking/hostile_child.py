"""Reads every hostile text by every road, under limits of memory and time, and says what happened.

Run as a program in an empty folder: `python hostile_child.py [part ...]`. One line of JSON a text; a text past
a limit ends the process, and the last line names the text before it. Everything that Python audits after the
start (a file opened, a process, a socket, a name imported, code compiled or executed) is written down.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import graphc as G
from graphc import interpret
from graphc.checking.reading.parse import parse
from graphc.cli import main
from graphc.errors import LimitExceeded, ParseError

sys.path.insert(0, str(Path(__file__).resolve().parent))
from hostile_texts import ARRAYS, TEXTS, WRAPPED

SECONDS, MEGABYTES = 5.0, 300
FORMULA = "x^2*y"
WATCHED = ("open", "import", "compile", "exec", "subprocess", "os.", "socket", "ctypes", "shutil", "pickle", "marshal",
           "urllib", "http", "tempfile", "glob", "webbrowser", "code.", "pty", "sqlite3")
# An op's row in NumPy over its operands: names with dots, numbers, and at most the letters of an einsum in quotes.
SPELLING = re.compile(r"""def step\([\w, ]*\):\n    return ([\w\s.,()\[\]:+*/<>=&|~%!-]|'[a-z,\->.]*')*""")
NAMES = re.compile(r"np(\.[a-z_0-9]+)+|_operand\d+_")
events: list[str] = []
listening = False


def listen(event: str, arguments: tuple[Any, ...]) -> None:
    if listening and event.startswith(WATCHED) and not spelled(event, arguments):
        events.append(f"{event} {str(arguments)[:200]}")


def spelled(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether this is the interpreter of graphs at its work: the NumPy text of an op's row, nobody else's words."""
    caller = sys._getframe(2).f_code
    if event not in ("compile", "exec") or (caller.co_name, caller.co_filename) != ("_function", interpret.__file__):
        return False
    text = arguments[0].decode() if isinstance(arguments[0], bytes) else ""
    return not text.startswith("def step(") or bool(SPELLING.fullmatch(text) and NAMES.search(text))


def limit() -> None:
    """No more memory than now and 300 MB; 5 s of processor time for a text. Where the system has such limits."""
    try:
        import resource
    except ImportError:
        return
    pages = Path("/proc/self/statm")
    if pages.exists():
        now = int(pages.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MEGABYTES * 2**20,) * 2)


@contextlib.contextmanager
def hurried() -> Iterator[None]:
    """The process ends by a signal when this lasts longer than 5 s of its time."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def read(text: str, lang: str) -> str:
    try:
        parse(text, ["x", "y"], lang=lang)
    except (ParseError, LimitExceeded) as error:
        return type(error).__name__
    return "read"


def check(text: str, lang: str, of: Any, wrt: Any) -> tuple[str, str]:
    """The verdict's status, and what is not as it should be."""
    verdict = G.check(text, of=of, wrt=wrt, lang=lang)
    shown = str(verdict)
    bad = [c for c in shown if not c.isprintable() and c not in "\n\u00a0\u202f"]  # French has its own blanks
    found = f"shows {bad[0]!r}" if bad else ""
    return verdict.status, found if verdict.status in ("correct", "wrong", "undecided", "invalid") else "status"


def command(text: str, lang: str) -> int | str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            code: int | str | None = main(["check", FORMULA, "--wrt", "x", "--lang", lang, "--json", "--", text])
        except SystemExit as leave:
            code = leave.code
    return code if isinstance(code, int) else f"left with {code}"


def questions() -> list[tuple[Any, Any]]:
    x, y = G.inputs("x y")
    a, w = G.input("a", 3, 2), G.param("w", 2)
    W, v = G.param("W", 4, 4), G.input("a", 4)
    return [(x * x * y, x), (G.sum(G.sigmoid(a @ w)), w), (G.sum((W @ v) ** 2), v), (G.sum(G.tanh(W @ v)), W)]


def one(name: str, text: str, lang: str, asked: list[tuple[Any, Any]], commands: bool) -> dict[str, Any]:
    try:
        with hurried():
            found = [check(text, lang, of, wrt) for of, wrt in asked]
            facts = {"read": read(text, lang), "status": [s for s, _ in found],
                     "fault": next((fault for _, fault in found if fault), "")}
            if commands:
                facts["command"] = command(text, lang)
    except BaseException as error:
        facts = {"status": [], "read": "", "fault": f"raises {type(error).__name__}: {str(error)[:200]}"}
    return {"name": name, "lang": lang, **facts, "events": events[:5]}


def run(parts: list[str]) -> None:
    global listening
    asked = questions()
    for text in ("3xy", r"\frac{2xy}{1}", "x^", "1e999", "sin(x)/3 + 1[x>0]", "w", r"\begin{cases} x \end{cases}"):
        for lang in ("en", "fr"):
            one("warm-up", text, lang, asked, commands=True)
    sys.addaudithook(listen)
    limit()
    listening = True
    for part in parts or ["texts", "wrapped", "arrays"]:
        for name, text in {"texts": TEXTS, "wrapped": WRAPPED, "arrays": ARRAYS}[part].items():
            numbers = part == "wrapped" or name.startswith(("numbers", "balls", "proofs"))  # alike in any language
            for lang in ("en",) if numbers else ("en", "fr"):
                typed = lang == "en" and name.startswith(("code", "characters", "numbers"))
                these = asked[2:] if part == "arrays" else asked[:2] if part == "texts" and lang == "en" else asked[:1]
                facts = one(name, text, lang, these, commands=typed)
                sys.__stdout__.write(json.dumps(facts) + "\n")  # type: ignore[union-attr]
                sys.__stdout__.flush()  # type: ignore[union-attr]
                events.clear()


if __name__ == "__main__":
    run(sys.argv[1:])
