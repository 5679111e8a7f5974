"""Questions that ask for numbers as one STACK question: each variant draws its numbers from those that are pleasant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from ..checking.diagnosing.diagnose import Mutation
from ..checking.reading.tree import Tree, num, symbols
from ..errors import InputError
from ..exercise import Question
from .cloze import value_of
from .maxima import maxima, maxima_names
from .phrases import said
from .pieces import Part, Pieces, exact
from .slips import MOST_SLIPS
from .stack import INPUT, OPTIONS, PENALTY, STYLE, decimal, expected_xml, node_xml, slips_of, tags_xml, tree_of
from .webtext import inline, tex, words
from .xml_text import cdata, element, plain, texts


class Numbers:
    """The parts of all numeric questions, in Maxima, with the draws. Raises InputError where one has no form there."""

    def __init__(self, pieces: Pieces, questions: Sequence[Question], draws: Sequence[Pieces]) -> None:
        self.pieces, self.questions = pieces, questions
        self.parts = [p for q in questions for p in pieces.parts(q)]
        self.trees = [self._tree(p) for p in self.parts]
        used = [s.name for s in pieces.e.symbols]
        self.names = maxima_names(used)
        self.formulas = [maxima(t, self.names) for t in self.trees]
        self.draws = [self._draw(d.point or {}) for d in draws]
        self.places = [{n: exact(v) for n, v in (d.point or {}).items()} for d in draws]
        self.slips = [self._slips(p) for p in self.parts]
        relative = Fraction(repr(pieces.e.tolerance))
        self.relative = f"{float(relative):.12g}"

    def _tree(self, part: Part) -> Tree:
        formula = part.answer.formula
        if formula is None:  # a local derivative of a sum: how often the operand stands in it
            return num(exact(part.answer.value))
        if formula.ndim:
            raise InputError(said("array", self.pieces.lang))
        return tree_of(formula, self.pieces.lang)

    def _slips(self, part: Part) -> list[tuple[Mutation, str]]:
        """Slips with a number at every draw, and not the right one at each."""
        found = []
        for slip in slips_of(self.pieces, part):
            known = not set(symbols(slip.tree)) - self.names.keys()
            if known and all(value_of(slip, place) is not None for place in self.places):
                found.append((slip, maxima(slip.tree, self.names)))
        return found[:MOST_SLIPS]

    def _draw(self, point: Mapping[str, object]) -> str:
        if any(getattr(v, "ndim", 0) for v in point.values()):
            raise InputError(said("array", self.pieces.lang))
        return f"[{','.join(f'{self.names[n]}={exact(v)}' for n, v in point.items())}]"

    def variables(self) -> str:
        """The draws, the one of this variant, right numbers and slips at it; `gnear` says near enough.

        `relative` holds for a right number other than 0, for 0 the largest of all of them, at most 1.
        """
        lines = [f"gdraws:[{','.join(self.draws)}];", "gd:rand(gdraws);"]
        lines += [f"ta{k}:ev({text},gd);" for k, text in enumerate(self.formulas, 1)]
        sizes = ",".join(f"abs(ta{k})" for k in range(1, len(self.formulas) + 1))
        lines.append(f"gscale:float(min(1,max({sizes})));")
        lines.append("gnear(garg,gref):=is(abs(float(garg-gref))<=1.0e-12+"
                     f"{self.relative}*(if is(equal(gref,0)) then (if gscale>0 then gscale else 1) "
                     "else abs(float(gref))));")
        for k, slips in enumerate(self.slips, 1):
            lines += [f"slip{k}n{i}:ev({text},gd);" for i, (_, text) in enumerate(slips, 1)]
        return "\n".join(lines)

    def tree(self, k: int) -> str:
        """Near the right number; then near a slip's."""
        tests = [(f"gnear(ans{k},ta{k})", "true")]
        count = len(self.slips[k - 1])
        tests += [(f"gnear(ans{k},slip{k}n{i})", "true") for i in range(1, count + 1)]
        if_true = ["", *(f"<p>{words(s.message)}</p>" for s, _ in self.slips[k - 1])]
        found = [node_xml(f"prt{k}", i, sans, tans, i == 0, if_true[i], "", i < count)
                 for i, (sans, tans) in enumerate(tests)]
        return element("prt", element("name", f"prt{k}"),
                       element("value", decimal(self.parts[k - 1].points or Fraction(1))), element("autosimplify", "1"),
                       element("feedbackstyle", "1"), element("feedbackvariables", element("text")), *found)

    def test(self) -> str:
        """The right numbers have full marks, whatever the variant."""
        count = range(1, len(self.parts) + 1)
        inputs = [element("testinput", element("name", f"ans{k}"), element("value", f"ta{k}")) for k in count]
        return element("qtest", element("testcase", "1"), element("description"), *inputs,
                       *(expected_xml(f"prt{k}", f"prt{k}-0-T") for k in count))


def numbers_question(numbers: Numbers, head: str, files: Sequence[str], name: str, idnumber: str) -> str:
    """One question whose text begins with `head`, which gives no numbers; each variant gives its own."""
    pieces, count = numbers.pieces, len(numbers.parts)
    total = sum((p.points for p in numbers.parts), Fraction(0))
    each = range(1, count + 1)
    body = [
        element("name", element("text", plain(name))),
        texts("questiontext", head + numbers_html(numbers), *files), texts("generalfeedback", ""),
        element("defaultgrade", plain(decimal(total))), element("penalty", PENALTY), element("hidden", "0"),
        element("idnumber", plain(idnumber)), element("stackversion", element("text")),
        element("questionvariables", element("text", cdata(numbers.variables()))),
        texts("specificfeedback", "".join(f"<p>[[feedback:prt{k}]]</p>" for k in each)),
        element("questionnote", element("text", plain("{@gd@}"))),
        *(element(tag, value) for tag, value in OPTIONS),
        *(texts(tag, f"<p>{words(said(key, pieces.lang))}</p>") for tag, key in (
            ("prtcorrect", "correct"), ("prtpartiallycorrect", "partly"), ("prtincorrect", "not correct"))),
        *(element(tag, plain(value)) for tag, value in STYLE),
        element("variantsselectionseed"),
        *(element("input", element("name", f"ans{k}"), element("type", "numerical"), element("tans", f"ta{k}"),
                  *(element(tag, plain(value)) for tag, value in INPUT)) for k in each),
        *(numbers.tree(k) for k in each),
        *(element("deployedseed", str(i)) for i in range(1, len(numbers.draws) + 1)), numbers.test(), tags_xml(),
    ]  # fmt: skip
    return element("question", *body, type="stack")


def numbers_html(numbers: Numbers) -> str:
    pieces = numbers.pieces
    lines = [f"<p>{inline(pieces.take(r'$VALUES$')).replace(tex('VALUES'), chr(92) + '({@gd@}' + chr(92) + ')')}</p>"]
    k = 0
    for question in numbers.questions:
        marks = f" {words(pieces.marks(question))}" if pieces.marks(question) else ""
        lines.append(f'<p><b>{question.number}.</b> <span class="graphc-ask">{inline(pieces.sentence(question))}</span>'
                     f"{marks}</p>")
        for part in pieces.parts(question):
            k += 1
            lines.append(f"<p>{tex(part.label + ' =')} [[input:ans{k}]] [[validation:ans{k}]]</p>")
    return "\n".join(lines)
