"""The `graphc` command: demo, draw, derive, compile, check, sheet, exercise, grade.

Exit status: 0 done or correct, 1 wrong, 2 undecided, 3 invalid input or usage.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import graphc as G

from .arguments import INVALID, Parser, command, print_json, trust_option
from .errors import GraphcError, InputError
from .exercise_command import EXAMPLES as EXERCISE_EXAMPLES
from .exercise_command import exercise_actions
from .grade_command import grade, grade_options
from .trusted import PLACE, load_model

STATUS = {"correct": 0, "wrong": 1, "undecided": 2, "invalid": INVALID}

EXAM = "w3*relu(w1*x1 + w1*x2 + b)"
POINT = "x1=3,x2=-1,w1=2,w3=4,b=-1"
FORMATS = ("svg", "png", "pdf", "tex", "dot", "html", "json")

FORMULA_EXAMPLE = '"w3*relu(w1*x1+w1*x2+b)"'
EXAMPLES = {
    "demo": "graphc demo -o out",
    "draw": f"graphc draw {FORMULA_EXAMPLE} --wrt w1,w3,b --at {POINT} -o exam.svg",
    "derive": f"graphc derive {FORMULA_EXAMPLE} --wrt w1 --lang fr",
    "compile": f"graphc compile {FORMULA_EXAMPLE} --wrt w1,w3,b -o exam.py",
    "check": f'graphc check {FORMULA_EXAMPLE} --wrt w1 "w3*(x1+x2)*1[w1*x1+w1*x2+b>0]"\n'
             '  graphc check "sum((W x - y)^2)" --shapes W=4x3,x=3,y=4 --wrt W "2(W x - y)x^T"',
    "sheet": "graphc sheet exam.toml -o sheet.pdf --student Ada",
    "exercise": "\n  ".join(EXERCISE_EXAMPLES[action] for action in ("new", "check")),
    "grade": "graphc grade exam.toml answers/ -o report/",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (of the process by default); the exit status.

    >>> main(["check", "w*x", "--wrt", "w", "x"])
    Correct.
    I read: x
    How sure: proved.
    0
    """
    _speak_utf8()
    options = _parser().parse_args(_formulas_apart(sys.argv[1:] if argv is None else argv))
    try:
        return int(options.run(options))
    except (GraphcError, OSError) as error:
        return _refused(error, options)
    except KeyboardInterrupt:
        return 130


def _speak_utf8() -> None:
    """Formulas need more than ASCII, whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        if (stream.encoding or "").lower().replace("-", "") != "utf8" and hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")


def _refused(error: Exception, options: argparse.Namespace) -> int:
    if isinstance(error, BrokenPipeError):  # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INVALID
    if options.json:
        print_json(status="invalid", error=type(error).__name__, message=str(error))
    print(f"{options.called}: {error}", file=sys.stderr)
    return INVALID


# -- arguments --------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="graphc", description="Symbolic computation graphs: draw, differentiate, compile, check.",
                     epilog="examples:\n" + "\n".join(f"  {e}" for e in EXAMPLES.values())
                     + "\n\nexit status: 0 done or correct, 1 wrong, 2 undecided, 3 invalid input or usage",
                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"graphc {G.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command", parser_class=Parser)
    _demo_options(_command(commands, "demo", demo, "the w3·ReLU exercise end to end: figures, derivation, code, check"))
    _draw_options(_model(_command(commands, "draw", draw, "a figure: forward graph, circuit, or backward graph")))
    _derive_options(_model(_command(commands, "derive", derive, "the derivation on paper, step by step")))
    _compile_options(_model(_command(commands, "compile", compile_, "a NumPy module of the value and its gradients")))
    _check_options(_model(_command(commands, "check", check, "is this hand derivation right?")))
    _sheet_options(_command(commands, "sheet", sheet, "an exercise sheet and its solution, from an exercise file",
                            lang=None))
    exercise_actions(commands)
    grade_options(_command(commands, "grade", grade, "the answers of many students to an exercise file", lang=None))
    return parser


def _command(commands: Any, name: str, run: Callable[[argparse.Namespace], int], says: str,
             lang: str | None = "en") -> argparse.ArgumentParser:
    return command(commands, name, run, says, EXAMPLES[name], lang)


def _model(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("model", help="a formula, or file.py:name of a graph declared in Python")
    parser.add_argument("--wrt", type=_names, metavar="a,b", help="differentiate by these")
    parser.add_argument("--shapes", type=_shapes, metavar="W=4x3,x=3", help="of the vectors and matrices in a formula; "
                        "a size may have a name, as in X=Nx3")
    return parser


def _demo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", default="out", metavar="DIR", help="directory to write to (default: out)")


def _draw_options(parser: argparse.ArgumentParser) -> None:
    _at(parser, "numbers for the inputs; values and gradients are then written on the wires")
    parser.add_argument("--backward", action="store_true", help="draw the graph of the adjoints")
    parser.add_argument("--blank", choices=("values", "gradients", "all"), help="leave boxes to fill in by hand")
    parser.add_argument("--theme", default="light",
                        help="light, dark, or print in black and grey (default: light)")
    parser.add_argument("--fold", type=_fold, default="auto", metavar="WHAT",
                        help="yes: repeated blocks once; no; a depth, or titles of scopes a,b: closed (default: auto)")
    parser.add_argument("--engine", help="lay out by pygraphviz, dot (the program) or own; "
                                         "by default the first of these that runs here")
    parser.add_argument("--rankdir", choices=("LR", "TB"), default="LR", help="left to right, or top to bottom")
    endings = ", ".join(f".{f}" for f in FORMATS)
    parser.add_argument("-o", "--output", metavar="FILE", help=f"by its ending: {endings} (.tex is TikZ, .html a page "
                        "to step through, .json every box and wire with its place); else SVG is printed")


def _fold(text: str) -> bool | int | str | list[str]:
    """What `--fold` says: yes, no, auto, a depth, or titles with commas between."""
    words: dict[str, bool | str] = {"yes": True, "no": False, "auto": "auto"}
    if text in words:
        return words[text]
    if text.isascii() and text.isdigit() and len(text) < 5:
        return int(text)
    return [title.strip() for title in text.split(",") if title.strip()]


def _derive_options(parser: argparse.ArgumentParser) -> None:
    _at(parser, "numbers for the inputs; their values then follow each line")
    parser.add_argument("--detail", choices=("long", "short"), default="long", help="every rule, or the chain alone")
    parser.add_argument("-o", "--output", metavar="FILE", help=".md, .tex, .html or .txt; printed as text otherwise")


def _compile_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--style", default="fast", help="fast or readable (default: fast)")
    parser.add_argument("--target", default="numpy", help="numpy or scalar (default: numpy)")
    parser.add_argument("-o", "--output", metavar="FILE", help="a module that needs NumPy alone; else it is printed")


def _check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("answer", help="the derivative to check, as text or LaTeX")
    parser.add_argument("--syntax", choices=("auto", "text", "latex"), default="auto", help="how to read the answer")


def _sheet_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="the exercise, a TOML file; `graphc exercise new` writes one to begin with")
    parser.add_argument("-o", "--output", metavar="FILE", default="sheet.pdf",
                        help=".pdf, .tex (its figures go beside it) or .html (default: sheet.pdf)")
    parser.add_argument("--student", default="", metavar="NAME", help="who it is for; draws numbers of their own")
    parser.add_argument("--paper", choices=("a4", "letter"), default="a4", help="size of the page (default: a4)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--no-solution", dest="solution", action="store_const", const="none", help="the sheet alone")
    which.add_argument("--solution", dest="solution", action="store_const", const="only", help="the solution alone")
    parser.set_defaults(solution="after")
    trust_option(parser)


def _at(parser: argparse.ArgumentParser, says: str) -> None:
    parser.add_argument("--at", metavar="a=1,b=1/2", help=says)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(name.isidentifier() for name in names):
        raise argparse.ArgumentTypeError(f"names parted by commas are needed, as in w1,b; got {text!r}")
    return names


SIZE = r"(?:[1-9]\d{0,5}|[^\W\d]\w{0,15}?)"
SHAPE = re.compile(rf"\s*([^\W\d]\w{{0,40}})\s*=\s*({SIZE}(?:[x×]{SIZE})*)\s*")


def _shapes(text: str) -> dict[str, tuple[int | str, ...]]:
    """Shapes by name.

    >>> _shapes("W=4x3, X=Nx3, y=N")
    {'W': (4, 3), 'X': ('N', 3), 'y': ('N',)}
    """
    found: dict[str, tuple[int | str, ...]] = {}
    for part in text.split(","):
        match = SHAPE.fullmatch(part)
        if match is None or match[1] in found:
            raise argparse.ArgumentTypeError(f"shapes are written as in W=4x3,x=3; got {part[:60]!r}")
        sizes = re.split("[x×]", match[2])
        found[match[1]] = tuple(int(s) if s.isdigit() else s for s in sizes)
    return found


def _formulas_apart(argv: Sequence[str]) -> list[str]:
    """A formula may begin with a minus; a space before it keeps argparse from reading an option."""
    return [f" {word}" if re.match(r"-[^-]", word) and not re.match(r"-[oh]$", word) else word for word in argv]


# -- models and points ------------------------------------------------------------------------------------


def model_of(text: str, wrt: Sequence[str] | None,
             shapes: dict[str, tuple[int | str, ...]] | None = None) -> G.Expr:
    """The graph of a formula, whose `wrt` become parameters, or of `file.py:name`, which has its own shapes."""
    place = PLACE.fullmatch(text.strip())
    if place and shapes:
        raise InputError("--shapes is for a formula; a graph in a Python file has its own")
    return load_model(*place.groups()) if place else G.parse(text, params=wrt, shapes=shapes)


NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})(e[+-]?\d{1,2})?", re.IGNORECASE)
FRACTION = re.compile(r"([+-]?\d{1,40})/(\d{1,40})")


def point_of(text: str | None) -> dict[str, Any] | None:
    """Exact numbers by name, from `a=3,b=-1/2,c=0.25`; with `;` between them the comma is decimal.

    >>> point_of("x1=3, b=-1/2"), point_of("x=0,5; y=2")
    ({'x1': Fraction(3, 1), 'b': Fraction(-1, 2)}, {'x': 0.5, 'y': Fraction(2, 1)})
    """
    if text is None:
        return None
    point: dict[str, Any] = {}
    decimal_comma = ";" in text
    for part in text.split(";" if decimal_comma else ","):
        name, equals, value = part.partition("=")
        if not equals or not name.strip().isidentifier():
            raise InputError(f"--at: {part.strip()[:60]!r} is not name=value; write it as x1=3,x2=-1/2")
        if name.strip() in point:
            raise InputError(f"--at: {name.strip()!r} is given twice")
        point[name.strip()] = _number(value.replace(",", ".") if decimal_comma else value, name.strip())
    return point


def _number(text: str, name: str) -> Fraction | float:
    word = text.strip().replace("−", "-")
    fraction = FRACTION.fullmatch(word)
    if fraction and int(fraction[2]):
        return Fraction(int(fraction[1]), int(fraction[2]))
    if not NUMBER.fullmatch(word):
        raise InputError(f"--at: {name} must be a number such as 3, 0.5 or 1/2, got {text.strip()[:60]!r}")
    exact = Fraction(word)
    # A float keeps "0.5" a decimal for the reader; what a float cannot hold stays exact.
    return float(word) if exact.denominator > 1 and Fraction(repr(float(word))) == exact else exact


# -- commands ---------------------------------------------------------------------------------------------


def draw(options: argparse.Namespace) -> int:
    """`graphc draw`: a figure to a file, or SVG to the standard output."""
    f, at = model_of(options.model, options.wrt, options.shapes), point_of(options.at)
    style = {"at": at, "lang": options.lang, "theme": options.theme, "rankdir": options.rankdir, "fold": options.fold,
             "engine": options.engine}
    if options.backward:
        drawing = G.draw(G.backward(f, options.wrt), **style)
    else:
        drawing = G.draw(f, wrt=options.wrt, blank=options.blank or False, **style)
    if options.output:
        drawing.save(options.output)
    if options.json:
        print_json(path=options.output, engine=drawing.engine, warnings=drawing.warnings,
                    svg=None if options.output else drawing.svg)
    else:
        print(options.output or drawing.svg)
        on_paper = os.path.splitext(options.output or "")[1].lower() in (".pdf", ".tex")
        for warning in drawing.warnings if on_paper else ():
            print(f"graphc draw: {warning}", file=sys.stderr)
    return 0


def derive(options: argparse.Namespace) -> int:
    """`graphc derive`: the derivation as text, Markdown, LaTeX or HTML."""
    f = model_of(options.model, options.wrt, options.shapes)
    derivation = G.derive(f, options.wrt, at=point_of(options.at), lang=options.lang, detail=options.detail)
    if options.output:
        derivation.save(options.output)
    if options.json:
        steps = [{"kind": s.kind, "number": s.number, "title": s.title, "prose": s.prose, "tex": s.tex,
                  "lines": [e.text for e in s.equations]} for s in derivation.steps]
        results = {str(w.name): str(g) for w, g in derivation.results.items()}
        print_json(path=options.output, steps=steps, results=results)
    else:
        print(options.output or str(derivation).rstrip())
    return 0


def compile_(options: argparse.Namespace) -> int:
    """`graphc compile`: the value and its gradients as NumPy source."""
    f = model_of(options.model, options.wrt, options.shapes)
    outputs = [f, *G.gradients(f, options.wrt)] if options.wrt else [f]
    function = G.compile(outputs, style=options.style, target=options.target, simplify="sympy")
    if options.output:
        function.save(options.output)
    if options.json:
        print_json(path=options.output, source=function.source)
    else:
        print(options.output or function.source.rstrip())
    return 0


def check(options: argparse.Namespace) -> int:
    """`graphc check`: the verdict on an answer; its status is the exit status."""
    if not options.wrt or len(options.wrt) != 1:
        raise InputError("one --wrt is needed: the input that the answer is the derivative by")
    f = model_of(options.model, options.wrt, options.shapes)
    verdict = G.check(options.answer, of=f, wrt=options.wrt[0], syntax=options.syntax, lang=options.lang)
    if options.json:
        print_json(**verdict_facts(verdict))
    else:
        print(verdict)
    return STATUS[verdict.status]


def sheet(options: argparse.Namespace) -> int:
    """`graphc sheet`: the sheet of an exercise file, and its solution."""
    made = G.sheet(G.Exercise.load(options.file, trusted=options.trust), lang=options.lang, student=options.student,
                   paper=options.paper, solution=options.solution)
    paths = made.save(options.output)
    if options.json:
        print_json(path=paths[0], files=paths, lang=made.lang, student=options.student or None)
    else:
        print("\n".join(paths))
    return 0


def verdict_facts(verdict: Any) -> dict[str, Any]:
    """A verdict as what JSON can hold; the numbers of a counterexample are exact, as text."""
    return dict(verdict.to_json())


# -- the demonstration ------------------------------------------------------------------------------------

RIGHT = "w3*(x1 + x2)*1[w1*x1 + w1*x2 + b > 0]"
WRONG = "w3*x1*1[w1*x1 + w1*x2 + b > 0]"


def demo(options: argparse.Namespace) -> int:
    """`graphc demo`: every part once, on the exercise with the shared weight."""
    folder, say = options.output, (lambda *_: None) if options.json else print
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the directory {folder!r}: {error.strerror}") from None
    x1, x2 = G.inputs("x1 x2")
    w1, w3, b = G.params("w1 w3 b")
    f = w3 * G.relu(w1 * x1 + w1 * x2 + b)
    wrt, at = [w1, w3, b], point_of(POINT)
    say(f"f = {f}    at {POINT.replace(',', ', ')}\n")
    files = _demo_figures(f, wrt, at, folder, options.lang, say) + _demo_derivations(f, wrt, at, folder, say)
    module = os.path.join(folder, "exam.py")
    G.compile([f, *G.gradients(f, wrt)], style="readable", simplify="sympy").save(module)
    outcome = _run(module)
    say(f"code         {module}\n{_indented(outcome)}\n")
    verdicts = [G.check(answer, of=f, wrt=w1, lang=options.lang) for answer in (RIGHT, WRONG)]
    for answer, verdict in zip((RIGHT, WRONG), verdicts):
        say(f"check        ∂f/∂w1 = {answer}\n{_indented(str(verdict))}\n")
    say(f"Everything is in {os.path.abspath(folder)}; begin with {os.path.join(folder, 'circuit.svg')}.")
    if options.json:
        print_json(files=[*files, module], gradient_check=outcome, checks=[verdict_facts(v) for v in verdicts])
    return 0


def _demo_figures(f: G.Expr, wrt: Any, at: Any, folder: str, lang: str, say: Any) -> list[str]:
    figures = {
        "forward": G.draw(f, lang=lang),
        "circuit": G.draw(f, wrt=wrt, at=at, lang=lang),
        "backward": G.draw(G.backward(f, wrt), lang=lang),
    }
    files = []
    for name, drawing in figures.items():
        paths = [os.path.join(folder, f"{name}.{ending}") for ending in FORMATS]
        for path in paths:
            drawing.save(path)
        say(f"figure       {'  '.join(paths)}")
        files += paths
    say()
    return files


def _demo_derivations(f: G.Expr, wrt: Any, at: Any, folder: str, say: Any) -> list[str]:
    files = []
    for lang in ("en", "fr"):
        derivation = G.derive(f, wrt, at=at, lang=lang)
        paths = [os.path.join(folder, f"derivation.{lang}.{ending}") for ending in ("md", "tex", "html")]
        for path in paths:
            derivation.save(path)
        say(f"derivation   {'  '.join(paths)}")
        files += paths
    result = G.derive(f, "w1").steps[-1].equations[0].text
    say(f"{_indented(result)}\n")
    return files


def _run(module: str) -> str:
    """What the saved module prints when it checks its own gradients."""
    done = subprocess.run([sys.executable, module], capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise GraphcError(f"{module} failed: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
    return done.stdout.strip()


def _indented(text: str) -> str:
    return "\n".join(f"             {line}" for line in text.splitlines())


if __name__ == "__main__":
    sys.exit(main())
