"""Formula questions as STACK questions: an input and a response tree for each derivative, slips as feedback nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from ..checking.deciding.from_graph import NoScalarForm, trees
from ..checking.diagnosing.diagnose import Mutation, mutations
from ..checking.phrases import say
from ..checking.reading.tree import Tree, nodes, symbols
from ..errors import GraphcError, InputError
from ..exercise import Question
from ..ir import Expr
from ..reverse import declared_gradients
from .maxima import maxima, maxima_names, written_out
from .phrases import said
from .pieces import Part, Pieces
from .slips import Ground
from .webtext import inline, tex, words
from .xml_text import cdata, element, plain, texts

PENALTY = "0.1000000"
# What a student may type beyond plain algebra; defined for answers and model alike.
# Maxima binds arguments dynamically: their names are none that an exercise can have.
DEFINITIONS = ("pos(garg):=charfun(garg>0);", "relu(garg):=max(0,garg);",
               "sigmoid(garg):=1/(1+exp(-garg));")
ALLOWED = "pos,relu,sigmoid,charfun,max,min,signum"
OPTIONS = (("questionsimplify", "1"), ("assumepositive", "0"), ("assumereal", "1"))
STYLE = (("decimals", "."), ("scientificnotation", "*10"), ("multiplicationsign", "dot"), ("sqrtsign", "1"),
         ("complexno", "i"), ("inversetrig", "cos-1"), ("logicsymbol", "lang"), ("matrixparens", "["))
INPUT = (("boxsize", "40"), ("strictsyntax", "1"), ("insertstars", "0"), ("syntaxhint", ""), ("syntaxattribute", "0"),
         ("forbidwords", "diff"), ("allowwords", ALLOWED), ("forbidfloat", "0"), ("requirelowestterms", "0"),
         ("checkanswertype", "0"), ("mustverify", "1"), ("showvalidation", "1"), ("options", ""))


@dataclass(frozen=True)
class Model:
    """One right answer in Maxima: the function asked about, its derivative, names, points to compare at, slips."""

    number: int  # of the input: ans1, ans2, ...
    part: Part
    function: str
    formula: str
    names: Mapping[str, str]
    defined: Mapping[str, str]
    points: Sequence[Mapping[str, Fraction]]
    slips: Sequence[tuple[Mutation, str]]

    @property
    def tag(self) -> str:
        return f"prt{self.number}"


def model_of(pieces: Pieces, part: Part, number: int) -> Model:
    """Raises InputError saying why a part has no form in STACK."""
    e, lang = pieces.e, pieces.lang
    formula = part.answer.formula
    if formula is None or formula.ndim:
        raise InputError(said("array", lang))
    truth, domain = scalar_form(pieces, part), tree_of(e.f, lang)
    ground = Ground(truth, domain)
    if not ground.points:
        raise InputError(said("no points", lang))
    inner = inner_values(pieces, ground.names)
    names = maxima_names([*ground.names, *inner])
    defined = {names[n]: maxima(t, names) for n, t in inner.items()}
    slips = [(s, maxima(s.tree, names)) for s in ground.usable(slips_of(pieces, part))]
    function = maxima(tree_of(e.nodes[part.answer.of], lang), names)
    return Model(number, part, function, maxima(truth, names), names, defined, ground.points, slips)


def tree_of(expr: Expr, lang: str) -> Tree:
    try:
        return trees([expr])[expr]
    except NoScalarForm as error:
        raise InputError(say(lang, error.phrase, **error.parts)) from None


def scalar_form(pieces: Pieces, part: Part) -> Tree:
    """The formula as it ends on paper; where that has an op of its own, as the backward pass gives it."""
    e, answer = pieces.e, part.answer
    assert answer.formula is not None
    try:
        return tree_of(answer.formula, pieces.lang)
    except InputError:
        if part.question.ask not in ("gradient", "formula"):
            raise
        return tree_of(declared_gradients(e.nodes[answer.of], [e.nodes[answer.wrt]])[0], pieces.lang)


def inner_values(pieces: Pieces, known: Sequence[str]) -> dict[str, Tree]:
    """The author's names inside the function, for answers that use them."""
    e = pieces.e
    inner = {n: x for n, x in e.nodes.items() if x.args and not x.ndim and x.type.is_float and x is not e.f}
    found = {n: tree_of(x, pieces.lang) for n, x in inner.items()}
    return {n: t for n, t in found.items() if not set(symbols(t)) - set(known)}


def slips_of(pieces: Pieces, part: Part) -> Sequence[Mutation]:
    """Wrong answers with one mistake, for a derivative by a value of the graph."""
    e, answer = pieces.e, part.answer
    if part.question.ask == "adjoint":
        return mutated(e.f, e.nodes[answer.of], pieces.lang)
    if part.question.ask in ("gradient", "formula"):
        return mutated(e.nodes[answer.of], e.nodes[answer.wrt], pieces.lang)
    return ()


@lru_cache(maxsize=32)  # the draws of an exercise ask the same again
def mutated(of: Expr, wrt: Expr, lang: str) -> tuple[Mutation, ...]:
    try:
        return tuple(mutations(of, wrt, lang))
    except GraphcError:
        return ()


# -- the question -----------------------------------------------------------------------------------------------


def stack_question(pieces: Pieces, question: Question, models: Sequence[Model], head: str, files: Sequence[str],
                   name: str, idnumber: str) -> str:
    """The question, whose text begins with `head` and refers to `files`."""
    body = [
        element("name", element("text", plain(name))),
        texts("questiontext", head + question_html(pieces, question, models), *files),
        texts("generalfeedback", worked_html(pieces, models)),
        element("defaultgrade", plain(decimal(sum((m.part.points for m in models), Fraction(0))))),
        element("penalty", PENALTY), element("hidden", "0"), element("idnumber", plain(idnumber)),
        element("stackversion", element("text")),
        element("questionvariables", element("text", cdata(variables_text(models)))),
        texts("specificfeedback", "".join(f"<p>[[feedback:{m.tag}]]</p>" for m in models)),
        element("questionnote", element("text")),
        *(element(tag, value) for tag, value in OPTIONS),
        *(texts(tag, f"<p>{words(said(key, pieces.lang))}</p>") for tag, key in (
            ("prtcorrect", "correct"), ("prtpartiallycorrect", "partly"), ("prtincorrect", "not correct"))),
        *(element(tag, plain(value)) for tag, value in STYLE),
        element("variantsselectionseed"),
        *(input_xml(m) for m in models), *(tree_xml(m, pieces.lang) for m in models), *tests_xml(models),
        tags_xml(),
    ]  # fmt: skip
    return element("question", *body, type="stack")


def tags_xml() -> str:
    return element("tags", element("tag", element("text", "graphc")))


def decimal(value: Fraction) -> str:
    return f"{float(value):.7f}"


def question_html(pieces: Pieces, question: Question, models: Sequence[Model]) -> str:
    marks = f" {words(pieces.marks(question))}" if pieces.marks(question) else ""
    lines = [f'<p><span class="graphc-ask">{inline(pieces.sentence(question))}</span>{marks}</p>']
    lines += [f"<p>{tex(m.part.label + ' =')} [[input:ans{m.number}]] [[validation:ans{m.number}]]</p>"
              for m in models]
    return "\n".join([*lines, f"<p><small>{typing_html(pieces, models)}</small></p>"])


def typing_html(pieces: Pieces, models: Sequence[Model]) -> str:
    """How to type names that look different, and the indicator where an answer may need one."""
    lang = pieces.lang
    names = {n: code for m in models for n, code in m.names.items()}
    told = [code_html(code) if code == name else
            said("type renamed", lang, code=code_html(code), name=words(name)) for name, code in names.items()]
    if any("charfun" in text for m in models for text in (m.formula, *(s for _, s in m.slips))):
        told.append(said("type pos", lang, code=code_html("pos(u)"), name=tex("u > 0")))
    return said("type", lang, names=("; " if lang == "en" else "\u00a0; ").join(told))


def code_html(code: str) -> str:
    return f"<code>{words(code)}</code>"


def worked_html(pieces: Pieces, models: Sequence[Model]) -> str:
    lines = []
    for m in models:
        formula = f"{m.part.label} = {pieces.solved(m.part)}"
        lines.append(f"<p>{said('look back', pieces.lang, formula=tex(formula))}</p>")
    return "\n".join(lines)


def variables_text(models: Sequence[Model]) -> str:
    """Question variables: the function, what answers may use, then for each input its model answer, slips and points.

    `gfull` writes out the author's names; `gsame` compares at the points, on every side of each switch.
    """
    lines = [f"gfun:{models[0].function};", *DEFINITIONS,
             "gfull(garg,gdef):=subst(gdef,garg);",
             "gsame(garg,gref,gpts):=every(lambda([gone],is(cabs(float(ev(garg-gref,gone)))"
             "<1.0e-9*(1+cabs(float(ev(gref,gone)))))=true),gpts);"]
    for m in models:
        k = m.number
        lines.append(f"ta{k}:{m.formula};")
        lines.append(f"gdef{k}:[{','.join(f'{n}={formula}' for n, formula in m.defined.items())}];")
        lines.append(f"gpts{k}:[{','.join(point_text(p, m.names) for p in m.points)}];")
        lines += [f"slip{k}n{i}:{text};" for i, (_, text) in enumerate(m.slips, 1)]
    return "\n".join(lines)


def point_text(point: Mapping[str, Fraction], names: Mapping[str, str]) -> str:
    return f"[{','.join(f'{names[n]}={v}' for n, v in point.items())}]"


def input_xml(m: Model) -> str:
    return element("input", element("name", f"ans{m.number}"), element("type", "algebraic"),
                   element("tans", f"ta{m.number}"), *(element(tag, plain(value)) for tag, value in INPUT))


def tree_xml(m: Model, lang: str) -> str:
    """Node 0: equal to the model by AlgEquiv; 1: equal at every point; then a node for each slip."""
    k, last = m.number, len(m.slips) + 1
    full = f"gfull(ans{k},gdef{k})"
    tests = [(full, f"ta{k}"), (f"gsame({full},ta{k},gpts{k})", "true")]
    tests += [(f"gsame({full},slip{k}n{i},gpts{k})", "true") for i in range(1, last)]
    said_true = ["", "", *(f"<p>{words(s.message)}</p>" for s, _ in m.slips)]
    said_false = [""] * last + [f"<p>{words(said('unrecognised', lang))}</p>"]
    found = [node_xml(m.tag, i, sans, tans, i < 2, said_true[i], said_false[i], i < last)
             for i, (sans, tans) in enumerate(tests)]
    return element("prt", element("name", m.tag), element("value", decimal(m.part.points or Fraction(1))),
                   element("autosimplify", "1"), element("feedbackstyle", "1"),
                   element("feedbackvariables", element("text")), *found)


def node_xml(tag: str, i: int, sans: str, tans: str, right: bool, if_true: str, if_false: str, more: bool) -> str:
    return element(
        "node", element("name", str(i)), element("description"), element("answertest", "AlgEquiv"),
        element("sans", plain(sans)), element("tans", plain(tans)), element("testoptions"), element("quiet", "1"),
        element("truescoremode", "="), element("truescore", "1.0000000" if right else "0.0000000"),
        element("truepenalty"), element("truenextnode", "-1"), element("trueanswernote", f"{tag}-{i}-T"),
        texts("truefeedback", if_true), element("falsescoremode", "="), element("falsescore", "0.0000000"),
        element("falsepenalty"), element("falsenextnode", str(i + 1) if more else "-1"),
        element("falseanswernote", f"{tag}-{i}-F"), texts("falsefeedback", if_false))


def tests_xml(models: Sequence[Model]) -> list[str]:
    """The model answer has full marks; each slip ends at its node, the other inputs right."""
    right = {m.number: (f"ta{m.number}", f"{m.tag}-0-T") for m in models}
    cases = [right]
    for m in models:
        for i, (slip, _) in enumerate(m.slips, 1):
            if typed_by_a_student(slip.tree):
                cases.append({**right, m.number: (f"slip{m.number}n{i}", f"{m.tag}-{i + 1}-T")})
    return [test_xml(i, case, models) for i, case in enumerate(cases, 1)]


def typed_by_a_student(tree: Tree) -> bool:
    """STACK lets no student type a choice."""
    return all(n.head not in ("where", "bool") for n in nodes(written_out(tree)))


def test_xml(number: int, case: Mapping[int, tuple[str, str]], models: Sequence[Model]) -> str:
    inputs = [element("testinput", element("name", f"ans{m.number}"), element("value", case[m.number][0]))
              for m in models]
    expected = [expected_xml(m.tag, case[m.number][1]) for m in models]
    return element("qtest", element("testcase", str(number)), element("description"), *inputs, *expected)


def expected_xml(tag: str, note: str) -> str:
    right = note == f"{tag}-0-T"
    return element("expected", element("name", tag), element("expectedscore", "1.0000000" if right else "0.0000000"),
                   element("expectedpenalty", "0.0000000" if right else PENALTY), element("expectedanswernote", note))


