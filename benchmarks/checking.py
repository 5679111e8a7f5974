"""G.check on real answers: wrong verdicts (none is allowed), undecided ones, what was diagnosed, time an answer.

    python benchmarks/checking.py [--corpus DIR] [--peers] [--slow] [--json]

Runs our own traps (tests/checking/traps.py) and, where DIR holds them, `stack_questions.jsonl` (right and wrong
answers to derivative questions, with what their author says of them) and `derivatives.jsonl` (derivatives as public
sources state them, and mechanical mistakes in them). A question is declared by `G.parse`; one that has no graph yet is
decided by its reference as a formula, and one that has neither is counted as outside. With --peers SymPy, Math-Verify
and sampling stand beside, each given the formulas as we read them; with --slow each answer is timed three times.
Exit status 1: a verdict is wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT.parent / "shared" / "corpus"
FILES = ("stack_questions.jsonl", "derivatives.jsonl")
NAME = re.compile(r"[A-Za-z]\w*(?!\w*\()")
CALL = re.compile(r"([A-Za-z]\w*)\(")
CONSTANTS = frozenset({"pi", "e", "E", "T", "np"})
FUNCTIONS_WITHOUT_AN_OP = re.compile(r"no function (\w+)|parse: (\w+) has no op|(polygamma)")

# Words of an author's feedback, and the kinds of ours that say the same.
FEEDBACK = (
    (r"chain rule|forgotten the (factor|\\?\(?m)|e\^\{mx\}|tan\(mx\)|sin\(mx\)|multiplicative factor",
     "missing_inner_factor missing_upstream_factor missing_activation_derivative derivative_at_wrong_point "
     "wrong_scale"),
    (r"derivative of a product|differentiate a product|product rule", "product_rule one_path_of_fanout sum_rule"),
    (r"quotient", "quotient_rule one_path_of_fanout sign_term wrong_scale"),
    (r"negative of what|minus sign|-e\^|incorrect sign|care of the signs|used \\\(-|lost a minus",
     "sign_global sign_term wrong_scale"),
    (r"coefficient|k\\cdot f", "wrong_scale missing_upstream_factor missing_inner_factor constant"),
    (r"differentiated only once", "not_differentiated derivative_too_low"),
)


@dataclass(frozen=True)
class Row:
    """One answer to one question; `right` is what its source says. `reference` is a right answer, if there is one."""

    part: str
    name: str
    function: str | None
    variable: str
    answer: str
    right: bool
    reference: str | None = None
    trivial: bool = False
    feedback: str = ""
    order: int = 1
    shapes: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)
    assume: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mutation: str = ""

    @property
    def by(self) -> list[str]:
        """The variables, one after the other: "x,y" is ∂²/∂x∂y."""
        named = self.variable.split(",")
        return named if len(named) > 1 else named * self.order


@dataclass
class Outcome:
    """What became of one answer. `route` is graph, formula or outside."""

    row: Row
    route: str
    status: str = ""
    reason: str = ""
    kinds: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def mistaken(self) -> bool:
        return self.status == ("wrong" if self.row.right else "correct")

    @property
    def non_trivial(self) -> bool:
        """A slip that a person makes, not a near miss of ours."""
        wrong = not self.row.right and self.status == "wrong" and self.route == "graph"
        return wrong and not self.row.trivial and self.row.part != "traps"


# -- what there is to check ----------------------------------------------------------------------------------


def rows_of(folder: Path) -> list[Row]:
    """All rows: our traps, and those of the folder where it has them."""
    rows = list(_traps())
    for file, read in zip(FILES, (_stack, _derivatives)):
        if (folder / file).is_file():
            lines = (folder / file).read_text(encoding="utf-8").splitlines()
            rows += read([json.loads(line) for line in lines])
    return rows


def _traps() -> Iterator[Row]:
    sys.path.insert(0, str(ROOT / "tests" / "checking"))
    import traps

    for trap in [*traps.SCALARS, *traps.ARRAYS]:
        yield Row("traps", trap.name, trap.question, trap.wrt, trap.answer, trap.right, shapes=trap.shapes)


def _stack(rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    return [Row("STACK", r["source"], r["function"], r["variable"] or _only_name(r), r["answer"],
                r["expected_verdict"] == "right", r["reference"], r["trivial_wrong"], r["stack_feedback"])
            for r in rows]


def _only_name(row: Mapping[str, Any]) -> str:
    """The variable of a row that does not say it: the one name that its reference has."""
    names = set(re.findall(r"\b[a-z]\b", row["reference"]))
    return names.pop() if len(names) == 1 else "x"


def _derivatives(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    right = {r["id"]: r["derivative"] for r in rows if r["status"] == "correct"}
    return [_derivative(r, right.get(r.get("parent", ""))) for r in rows]


def _derivative(r: Mapping[str, Any], reference: str | None) -> Row:
    words = {name: f"({value})" for name, value in (r.get("fixed") or {}).items() if int(value) > 0}  # orders
    # A symmetric matrix is the sum of any matrix and its transpose.
    words |= {name: f"({name}+{name}.T)" for name, kind in (r.get("kinds") or {}).items() if kind in ("sym", "spd")}
    function, answer = _put(r["function"], words), _put(r["derivative"], words)
    shapes = {name: tuple(shape) for name, shape in (r.get("shapes") or {}).items()}
    assume = {r["variable"]: ("positive",)} if "> 1 only" in r["note"] else {}
    part = "arrays" if shapes else "derivatives"
    return Row(part, r["id"], function, r["variable"], answer, r["status"] == "correct",
               _put(reference, words) if reference else None, order=r["order"], shapes=shapes, assume=assume,
               mutation=r.get("mutation", ""))


def _put(text: str, words: Mapping[str, str]) -> str:
    return re.sub(r"[A-Za-z_]\w*", lambda word: words.get(word[0], word[0]), text)


# -- one answer ------------------------------------------------------------------------------------------------


def judge(row: Row, rounds: int = 1) -> Outcome:
    """The verdict on one answer, by the graph of its question where that can be declared."""
    import graphc as G
    from graphc.checking.reading.functions import function_named

    leaves = leaves_of(row)
    if unknown := [n for n in CALL.findall(row.function or "") if function_named(n) is None and not row.shapes]:
        return _by_formula(row, list(leaves), G.InputError(f"no function {unknown[0]}"))
    try:
        of = G.parse(row.function or "", defines=leaves)
        of = of if of.type.is_float else of.astype("float64")  # the derivative of 3
        *before, last = row.by
        for variable in before:
            of = G.gradients(of, [leaves[variable]])[0]
    except G.GraphcError as error:
        return _by_formula(row, list(leaves), error)
    options: dict[str, Any] = {"assume": dict(row.assume)} if row.assume else {}
    if row.mutation == "transposed":  # no mistake unless the layout is fixed
        options["layout"] = "fixed"
    wrt = leaves[last]
    seconds, verdict = timed(lambda: G.check(row.answer, of=of, wrt=wrt, defines=leaves, **options), rounds)
    return Outcome(row, "graph", verdict.status, verdict.certainty, tuple(f.kind for f in verdict.diagnosis),
                   tuple(sorted(verdict.flags)), seconds)


def leaves_of(row: Row) -> dict[str, Any]:
    import graphc as G

    texts = [row.function or "", *row.by, row.answer if row.function is None else "", row.reference or ""]
    found = dict.fromkeys(NAME.findall(" ".join(texts)))
    names = [n for n in (*found, *row.shapes) if n in row.shapes or (n not in CONSTANTS and not _is_function(n, texts))]
    return {name: G.input(name, *row.shapes.get(name, ())) for name in dict.fromkeys(names)}


def _is_function(name: str, texts: Sequence[str]) -> bool:
    return any(re.search(rf"\b{name}\(", text) for text in texts)


def _by_formula(row: Row, names: list[str], error: Exception) -> Outcome:
    from graphc.checking.deciding.decide import decide
    from graphc.checking.reading.parse import parse
    from graphc.errors import GraphcError

    if row.reference is None or row.shapes:
        return Outcome(row, "outside", reason=str(error).splitlines()[0])
    try:
        truth, *domain = (parse(t, names).links[0] for t in (row.reference, row.function) if t)
    except GraphcError as unread:
        return Outcome(row, "outside", reason=str(unread).splitlines()[0])
    try:
        answer = parse(row.answer, names).links[0]
    except GraphcError as unread:
        return Outcome(row, "formula", "invalid", str(unread).splitlines()[0])
    seconds, found = timed(lambda: decide(answer, truth, domain), 1)
    return Outcome(row, "formula", found.status, found.certainty, (), tuple(sorted(found.flags)), seconds)


def timed(run: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """The least processor time of some rounds, and the result."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        result = run()
        best = min(best, time.process_time() - start)
    return best, result


# -- the report --------------------------------------------------------------------------------------------------


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The figures of one part, or of all."""
    judged = [o for o in outcomes if o.route != "outside"]
    read = [o for o in judged if o.status != "invalid"]
    times = sorted(o.seconds for o in read) or [0.0]
    slips = [o for o in outcomes if o.non_trivial]
    return {"answers": len(outcomes), "outside": len(outcomes) - len(judged),
            "by formula": sum(o.route == "formula" for o in judged), "unread": len(judged) - len(read),
            "wrong verdicts": sum(o.mistaken for o in read), "undecided": sum(o.status == "undecided" for o in read),
            "proved": sum(o.status == "correct" and o.reason.startswith("proved") for o in read),
            "slips": len(slips), "diagnosed": sum(bool(o.kinds) or "transposed_layout" in o.flags for o in slips),
            "median ms": 1e3 * statistics.median(times), "p99 ms": 1e3 * times[int(0.99 * (len(times) - 1))],
            "max ms": 1e3 * times[-1]}


def agreement(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How often a diagnosis says what the author of the question says of that answer."""
    found = {"with feedback": 0, "diagnosed": 0, "agree": 0}
    for outcome in outcomes:
        kinds = {k for pattern, says in FEEDBACK if re.search(pattern, outcome.row.feedback) for k in says.split()}
        if outcome.non_trivial and kinds:
            found["with feedback"] += 1
            found["diagnosed"] += bool(outcome.kinds)
            found["agree"] += any(k.startswith(tuple(kinds)) for k in outcome.kinds)
    return found


COLUMNS = ("answers", "outside", "by formula", "unread", "wrong verdicts", "undecided", "proved", "slips", "diagnosed",
           "median ms", "p99 ms", "max ms")


def table(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """Figures under their heads, one line a part."""
    width = max(len(part) for part in figures)
    lines = [" " * width + "  " + "  ".join(COLUMNS)]
    for part, row in figures.items():
        cells = [f"{row[c]:.1f}" if c.endswith("ms") else str(row[c]) for c in COLUMNS]
        lines.append(f"{part:{width}}  " + "  ".join(f"{cell:>{len(c)}}" for c, cell in zip(COLUMNS, cells)))
    return "\n".join(lines)


def report(outcomes: Sequence[Outcome]) -> str:
    """The whole report as text."""
    groups = {**{f"{part}, {side}": [o for o in outcomes if o.row.part == part and o.row.right == (side == "right")]
                 for part in dict.fromkeys(o.row.part for o in outcomes) for side in ("right", "wrong")},
              "all": list(outcomes)}
    figures = {name: summary(group) for name, group in groups.items() if group}
    everything = figures["all"]
    lines = [table(figures), ""]
    decided = max(1, everything["answers"] - everything["outside"] - everything["unread"])
    lines.append(f"wrong verdicts {everything['wrong verdicts']}; undecided {everything['undecided']} of {decided} "
                 f"({everything['undecided'] / decided:.1%}); diagnosed {everything['diagnosed']} of the "
                 f"{everything['slips']} wrong answers that are no trivial ones "
                 f"({everything['diagnosed'] / max(1, everything['slips']):.0%})")
    said = agreement(outcomes)
    if said["with feedback"]:
        lines.append(f"with feedback of the author: {said['with feedback']}, diagnosed {said['diagnosed']}, "
                     f"of the same kind {said['agree']}")
    kinds = Counter(re.sub(r"\(.*", "", o.kinds[0]) for o in outcomes if o.non_trivial and o.kinds)
    lines.append("kinds: " + ", ".join(f"{kind} {n}" for kind, n in kinds.most_common()))
    missing = Counter(next((w for w in m.groups() if w), "") if (m := FUNCTIONS_WITHOUT_AN_OP.search(o.reason))
                      else o.reason[:60] for o in outcomes if o.route == "outside")
    lines.append("outside, for want of: " + ", ".join(f"{what} {n}" for what, n in missing.most_common()))
    return "\n".join([*lines, *_listed(outcomes)])


def _listed(outcomes: Iterable[Outcome]) -> list[str]:
    lines = []
    for outcome in outcomes:
        row = outcome.row
        title = ("WRONG VERDICT" if outcome.mistaken and outcome.route != "outside" else
                 {"undecided": "undecided", "invalid": "unread"}.get(outcome.status, ""))
        if title:
            lines.append(f"{title}: {row.name}: d/d{row.variable} of {row.function} = {row.answer} "
                         f"({'right' if row.right else 'wrong'}): {outcome.reason.splitlines()[0]}")
    return lines


def facts(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The report for machines."""
    parts = dict.fromkeys(o.row.part for o in outcomes)
    return {"parts": {p: summary([o for o in outcomes if o.row.part == p]) for p in parts}, "all": summary(outcomes),
            "agreement": agreement(outcomes),
            "rows": [{"part": o.row.part, "name": o.row.name, "right": o.row.right, "route": o.route,
                      "status": o.status, "reason": o.reason, "kinds": o.kinds, "flags": o.flags,
                      "ms": round(1e3 * o.seconds, 3)} for o in outcomes]}


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit status is 1 where a verdict is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="DIR", help=f"default: {CORPUS}")
    parser.add_argument("--peers", action="store_true", help="SymPy, Math-Verify and sampling beside")
    parser.add_argument("--slow", action="store_true", help="time each answer three times")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    rows = rows_of(options.corpus)
    absent = [name for name in FILES if not (options.corpus / name).is_file()]
    if absent:
        print(f"no {' or '.join(absent)} in {options.corpus}; what else there is runs", file=sys.stderr)
    judge(rows[0])  # python-flint and the like are loaded once
    outcomes = [judge(row, 3 if options.slow else 1) for row in rows]
    print(json.dumps(facts(outcomes), indent=1) if options.json else report(outcomes))
    if options.peers:
        import checking_peers

        print("\n" + checking_peers.report(rows, {id(o.row): o for o in outcomes}))
    return int(any(o.mistaken for o in outcomes if o.route != "outside"))


if __name__ == "__main__":
    sys.exit(main())
