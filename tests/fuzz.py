"""The long run against reading and checking: `python tests/fuzz.py --minutes 10`.

Texts are made from seeds (our traps, the hostile texts, what earlier runs saved) by mutation, and given to one target:
`parse` raises ParseError or LimitExceeded alone; `G.check` never raises, has a status that exists, and prints nothing
that is not printable, in English and French. Each runs in a worker with 300 MB more than it began with and 5 s of
processor time. A text with an outcome not seen before is saved in the corpus; one that fails is cut down as far as it
goes on failing, saved, and printed. With atheris installed (the extra `fuzz`) and `--engine atheris`, coverage of the
code leads the mutations instead.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "checking")]

STATUSES = ("correct", "wrong", "undecided", "invalid")
SECONDS, MEGABYTES = 5.0, 300
SPACES = "\n\u00a0\u202f"  # the last two are French typography

TOKENS = [
    'x', 'y', 'w', 'W', 'X', 'a', 'w1', 'x_1', 'ŷ', 'y_hat', 'sigma', 'σ', 'e', 'pi', 'π', 'I', 'T', '1', '0',
    '2', '10', '0.5', '0,5', '1e3', '1e300', '9999', '+', '-', '*', '/', '^', '**', '·', '×', '⊙', '@', '(', ')',
    '[', ']', '{', '}', '|', '||', '‖', ',', ';', ':', '=', '==', '<', '<=', '>', '>=', '!=', '≤', '≥', '≠', "'",
    '²', '₁', '⁻', '_', '^2', '^T', '^⊤', '.T', '√', '∛', '∂', '∇', 'Σ', '1[x>0]', '1_{x>0}', '[z>0]', 'sin',
    'cos', 'tan', 'ln', 'log', 'exp', 'max', 'min', 'abs', 'sqrt', 'relu', 'H', 'sign', 'sigmoid', 'tanh',
    'softmax', 'where', 'Piecewise', 'sum', 'tr', 'det', 'inv', 'diag', 'outer', 'dot', 'and', 'or', 'not', 'si',
    'sinon', 'et', 'True', 'dL/dx', '∂f/∂x', "f'(x)", 'd/dx', 'sum_i', 'sum_{i=1}^{N}', 'x_i', 'W_{ij}', 'x[0]',
    'W[0,1]', '[1,2;3,4]', '[[1,2],[3,4]]',
]
LATEX = [
    '\\frac', '\\frac{', '}{', '}', '{', '\\sqrt', '\\sqrt[3]{', '\\left(', '\\right)', '\\left|', '\\right|',
    '\\left.', '\\sigma', '\\cdot', '\\times', '\\odot', '\\top', '^\\top', '^{', '_{', '\\mathbb{1}', '\\mathbf',
    '1', '\\mathrm{ReLU}', '\\operatorname{tr}', '\\text{if}', '\\text{otherwise}', '\\begin{cases}',
    '\\end{cases}', '&', '\\\\', '\\begin{pmatrix}', '\\end{pmatrix}', '\\begin{aligned}', '\\end{aligned}',
    '\\partial', '\\nabla', '\\sum', '\\sum_{i=1}^{N}', '\\prod', '\\delta_{ij}', '\\hat', '\\hat{x}', '\\bar{w}',
    '\\lVert', '\\rVert', '\\|', '\\exp', '\\ln', '\\log_2', '\\sin^2', '\\sin^{-1}', '\\prime', '\\,', '\\;',
    '\\quad', '~', '$', '\\(', '\\)', '\\[', '\\]', '{,}', '\\ge', '\\le', '\\land', 'x', 'y', 'w', 'z', '2', '+',
    '-', '=', '(', ')', '|', ',', ';',
]


# -- the target -------------------------------------------------------------------------------------------------


def questions() -> list[tuple[Any, Any]]:
    """Of scalars and of arrays."""
    import graphc as G

    x, y, w = *G.inputs("x y"), G.param("w")
    a, v = G.input("a", 3, 2), G.param("W", 2)
    return [(G.sigmoid(w * x) * y + G.relu(x), x), (G.sum(G.sigmoid(a @ v) ** 2), v)]


def attempt(text: str, asked: list[tuple[Any, Any]]) -> tuple[str, ...]:
    """What became of a text, in a few words; AssertionError or another exception where the promise is broken."""
    import graphc as G
    from graphc.checking.reading.parse import parse
    from graphc.errors import LimitExceeded, ParseError

    seen = []
    for lang in ("en", "fr"):
        try:
            reading = parse(text, ["x", "y", "w"], lang=lang)
            seen.append(" ".join(sorted({link.head for link in reading.links})))
        except (ParseError, LimitExceeded) as error:
            seen.append(re.sub(r"[\d'\"«].*", "", str(error))[:40])
        for of, wrt in asked:
            verdict = G.check(text, of=of, wrt=wrt, lang=lang)
            assert verdict.status in STATUSES, verdict.status
            shown = str(verdict)
            bad = [c for c in shown + verdict.read_as if not c.isprintable() and c not in SPACES]
            assert not bad, f"prints {bad[0]!r}"
            seen += [verdict.status, re.sub(r"[\d'\"«].*", "", verdict.certainty)[:30],
                     " ".join(f.kind for f in verdict.diagnosis)]
    return tuple(seen)


# -- texts ------------------------------------------------------------------------------------------------------


def seeds(folder: Path) -> list[str]:
    """Our own texts that are short enough, and those saved."""
    from hostile_texts import TEXTS
    from traps import SCALARS

    saved = [p.read_text(encoding="utf-8", errors="surrogatepass") for p in sorted(folder.glob("*.txt"))]
    return [t for t in [*(trap.answer for trap in SCALARS), *TEXTS.values(), *saved] if len(t) <= 4096]


def mutated(text: str, other: str, chance: random.Random) -> str:
    """One to four changes: what people do to answers, and what nobody would."""
    for _ in range(chance.randint(1, 4)):
        i, j = sorted((chance.randint(0, len(text)), chance.randint(0, len(text))))
        text = chance.choice(CHANGES)(text, i, j, other, chance)[:6000]
    return text


Change = Callable[[str, int, int, str, random.Random], str]
CHANGES: tuple[Change, ...] = (
    lambda t, i, j, o, c: t[:i] + c.choice(TOKENS) + t[i:],
    lambda t, i, j, o, c: t[:i] + c.choice(LATEX) + t[i:],
    lambda t, i, j, o, c: t[:i] + c.choice(TOKENS) + t[i + 1 :],
    lambda t, i, j, o, c: t[:i] + t[j:] if j - i < 12 else t[:i] + t[i + 1 :],
    lambda t, i, j, o, c: t[:i] + "(" + t[i:j] + ")" + t[j:],
    lambda t, i, j, o, c: t[:j] + t[i:j] + t[j:],
    lambda t, i, j, o, c: t[:i] + o[: c.randint(0, 40)] + t[j:],
    lambda t, i, j, o, c: t[:i] + t[i:j][:20] * c.choice((2, 3, 8, 60, 400)) + t[j:],
    lambda t, i, j, o, c: t[:i] + chr(c.choice((0, 27, 0x202E, 0x300, 0x2028, 0xFF11, c.randint(32, 0x2FFF)))) + t[i:],
    lambda t, i, j, o, c: "".join(c.choice((*TOKENS, *LATEX)) + c.choice(("", " ")) for _ in range(c.randint(1, 30))),
    lambda t, i, j, o, c: c.choice(("sin(", "max(x,", r"\frac{1}{", "|", "1[x>", "e^{", "√", "-", "[", r"\hat{"))
    * c.randint(1, 70) + t,
)


# -- the worker -------------------------------------------------------------------------------------------------


def worker() -> None:
    """Reads texts as lines of Python literals from standard input, writes a line for each."""
    import ast

    asked = questions()
    for text in ("3xy", r"\frac{2xy}{1", "x^", "1e999", "sin(x)/3 + 1[x>0]", "W", "a^T"):
        attempt(text, asked)
    _limit()
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            said = ascii(attempt(ast.literal_eval(line), asked))
        except Exception as error:
            said = "FAILED " + ascii(f"{type(error).__name__}: {str(error)[:200]}")
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(said, flush=True)


def _limit() -> None:
    import resource

    pages = Path("/proc/self/statm")
    if pages.exists():
        now = int(pages.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MEGABYTES * 2**20,) * 2)


class Worker:
    """A process that is begun again when a text ends it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def run(self, text: str) -> tuple[str, str]:
        """"" and the outcome, or the fault and nothing."""
        if self.process is None:
            self.process = subprocess.Popen([sys.executable, "-B", str(HERE / "fuzz.py"), "--worker"], text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii")
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(ascii(text) + "\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline().strip()
        if not said:
            code, self.process = self.process.wait(), None
            ends = {-signal.SIGPROF: f"more than {SECONDS:g} s", -signal.SIGSEGV: "a crash"}
            return ends.get(code, f"the process ended with {code}"), ""
        return (said.removeprefix("FAILED "), "") if said.startswith("FAILED ") else ("", said)

    def close(self) -> None:
        if self.process is not None and self.process.stdin:
            self.process.stdin.close()
            self.process.wait()


def minimised(text: str, fails: Callable[[str], bool], looks: int = 300) -> str:
    """The text cut down, pieces first large and then small, as long as it fails (Zeller's ddmin, one side)."""
    size = max(1, len(text) // 2)
    while size and looks > 0:
        for start in range(0, len(text), size):
            shorter = text[:start] + text[start + size :]
            looks -= 1
            if shorter != text and looks > 0 and fails(shorter):
                text = shorter
                break
        else:
            size //= 2
    return text


# -- the run ----------------------------------------------------------------------------------------------------


def texts(known: list[str], chance: random.Random) -> Iterator[str]:
    """First what is known as it is, then mutations of it for ever."""
    yield from list(known)
    while True:
        yield mutated(chance.choice(known), chance.choice(known), chance)


def run(folder: Path, minutes: float, seed: int) -> int:
    """The own engine; the number of failures."""
    folder.mkdir(parents=True, exist_ok=True)
    known, seen, failures = seeds(folder), set[str](), set[str]()
    at, until, tried = Worker(), time.monotonic() + 60 * minutes, 0
    for text in texts(known, random.Random(seed)):
        if time.monotonic() > until:
            break
        tried += 1
        fault, outcome = at.run(text)
        if fault and fault not in failures:
            failures.add(fault)
            least = minimised(text, lambda t, fault=fault: at.run(t)[0] == fault)  # type: ignore[misc]
            print(f"FAILS ({fault}): {least!r}\n  saved as {_save(folder / 'failures', least)}", flush=True)
        elif not fault and outcome not in seen:
            seen.add(outcome)
            if tried > len(known):
                known.append(text)
                _save(folder, text)
    at.close()
    print(f"{tried} texts, {len(seen)} different outcomes, {len(failures)} failures")
    return len(failures)


def _save(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    data = text.encode("utf-8", "surrogatepass")
    path = folder / f"{hashlib.sha256(data).hexdigest()[:16]}.txt"
    path.write_bytes(data)
    return path


def run_atheris(folder: Path, minutes: float, seed: int) -> int:
    """libFuzzer through atheris: coverage of the branches of graphc.checking leads it."""
    import atheris

    folder.mkdir(parents=True, exist_ok=True)
    for text in seeds(folder):
        _save(folder, text)
    with atheris.instrument_imports(include=["graphc.checking"]):
        asked = questions()
        attempt("3xy", asked)

    def one(data: bytes) -> None:
        attempt(data.decode("utf-8", "replace"), asked)

    atheris.Setup([sys.argv[0], str(folder), f"-max_total_time={int(60 * minutes)}", f"-timeout={int(SECONDS)}",
                   f"-rss_limit_mb={MEGABYTES + 500}", "-max_len=4200", f"-seed={seed}",
                   f"-artifact_prefix={folder}/failure-"], one)
    atheris.Fuzz()
    return 0


def main() -> int:
    """Exit status 1 where a text failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--corpus", type=Path, default=Path("fuzz-corpus"), metavar="DIR")
    parser.add_argument("--engine", choices=("own", "atheris"), default="own")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker()
        return 0
    engine = run_atheris if options.engine == "atheris" else run
    return int(engine(options.corpus, options.minutes, options.seed) > 0)


if __name__ == "__main__":
    sys.exit(main())
