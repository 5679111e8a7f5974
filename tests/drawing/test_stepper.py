"""The step-through page: what each step says, what appears when, and that nothing in it is a danger."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import graphc as G
from graphc.drawing import draw
from graphc.drawing.facts import Facts
from graphc.drawing.ink import Ink, read_aloud
from graphc.drawing.plain import unicode_text
from graphc.drawing.step_phrases import HINTS, PAGE, SAME, hint
from graphc.drawing.stepper_script import SCRIPT
from graphc.drawing.steps import Step, walk
from graphc.ops import OPS

VOID = {"meta", "input", "use", "path", "rect", "circle"}


class Element:
    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.inside = tag, attributes, []

    def walk(self):
        yield self
        for inner in self.inside:
            if isinstance(inner, Element):
                yield from inner.walk()

    def all(self, tag=None, cls=None, **attributes):
        return [e for e in self.walk() if (tag is None or e.tag == tag) and (cls is None or cls in e.classes)
                and all(e.attributes.get(k) == v for k, v in attributes.items())]

    @property
    def classes(self):
        return (self.attributes.get("class") or "").split()

    @property
    def text(self):
        return "".join(i.text if isinstance(i, Element) else i for i in self.inside)


class Tree(HTMLParser):
    """A page as elements; a tag that is closed in the wrong place is an error."""

    def __init__(self, text):
        super().__init__()
        self.root = Element("page", {})
        self.stack = [self.root]
        self.feed(text)
        self.close()
        assert self.stack == [self.root], "an element is not closed"

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"an attribute of {tag} stands twice"
        element = Element(tag, dict(attrs))
        self.stack[-1].inside.append(element)
        if tag not in VOID:
            self.stack.append(element)

    def handle_startendtag(self, tag, attrs):
        self.stack[-1].inside.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.stack.pop().tag == tag

    def handle_data(self, data):
        self.stack[-1].inside.append(data)


def page(drawing):
    return Tree(drawing.html).root


def steps(facts, **more):
    return walk(facts, **more).steps


def plain(step):
    return [read_aloud(" ".join(line)) for line in step.lines]


def since(element, prefix="from"):
    return [int(c.removeprefix(f"{prefix}-")) for c in element.classes if c.startswith(f"{prefix}-")]


@pytest.fixture
def circuit(exam):
    return draw(exam.f, wrt=exam.wrt, at=exam.at)


def test_the_walk_of_the_exam(exam):
    found = steps(Facts(exam.f, G.backward(exam.f, exam.wrt), exam.at, "en"))
    assert [s.phase for s in found] == ["given"] + ["ahead"] * 5 + ["behind"] * 6 + ["adding", "done"]
    assert [s.focus for s in found[1:6]] == [("m1",), ("m2",), ("s",), ("r",), ("f",)]
    assert plain(found[3]) == ["s = m₁ + m₂ + b = 6 + (−2) + (−1) = 3"]
    assert plain(found[6]) == ["f̄ = ∂f/∂f = 1"]
    assert plain(found[8]) == ["∂r/∂s = 1[s > 0] = 1", "s̄ = r̄ · 1[s > 0] = 4 · 1 = 4"]
    assert found[8].hint.startswith("ReLU is a switch")
    assert found[9].hint.startswith("+ hands the gradient on")
    assert plain(found[10])[1] == "w̄₁⁽¹⁾ = m̄₁ · x₁ = 4 · 3 = 12"
    assert "contributions so far: 1 of 2" in found[10].text and "2 of 2" in found[11].text
    assert plain(found[12]) == ["w̄₁ = w̄₁⁽¹⁾ + w̄₁⁽²⁾ = 12 + (−4) = 8"]
    assert plain(found[13]) == ["∂f/∂w₁ = 8", "∂f/∂w₃ = 3", "∂f/∂b = 4"]
    assert found[13].text == "Each of the 9 edges was visited once; a naive sum would run over 4 paths."


def test_the_walk_in_symbols_and_french(exam):
    found = steps(Facts(exam.f, G.backward(exam.f, exam.wrt), None, "fr"))
    assert plain(found[12]) == ["w̄₁ = w̄₁⁽¹⁾ + w̄₁⁽²⁾ = m̄₁ · x₁ + m̄₂ · x₂"]
    assert plain(found[13])[0] == "∂f/∂w₁ = w₃ · 1[s > 0] · (x₁ + x₂)"
    assert found[4].text == "On calcule r à partir de s."
    assert found[12].text == "w₁ sert deux fois\u00a0: les contributions de tous ses chemins s’ajoutent."


def test_the_numbers_of_every_step_are_true(exam):
    """What is handed to a value adds up to its gradient, by central differences of the graph itself."""
    found = walk(Facts(exam.f, G.backward(exam.f, exam.all), exam.at, "en"))
    handed = {}
    for line in (x for step in found.steps if step.phase == "behind" for x in plain(step)):
        left, right = line.split(" = ")[0], line.rsplit(" = ", 1)[1]
        if "∂" not in left:
            name = re.sub("⁽.⁾", "", left)
            handed[name] = handed.get(name, 0) + float(right.replace("−", "-"))
    for leaf in exam.all:
        up, down = ({**exam.at, leaf: exam.at[leaf] + d} for d in (1e-5, -1e-5))
        slope = (G.evaluate(exam.f, up) - G.evaluate(exam.f, down)) / 2e-5
        bar = unicode_text(rf"\bar{{{leaf.label[0]}}}" + (f"_{{{leaf.label[1:]}}}" if leaf.label[1:] else ""))
        assert handed[bar] == pytest.approx(slope, abs=1e-6)


def test_every_value_comes_after_its_operands_and_every_adjoint_after_its_users():
    x, w = G.input("x"), G.param("w")
    h = x
    for i in range(70):
        h = G.tanh(h * w) if i % 2 else h + h * x
    facts = Facts(h, G.backward(h, [w, x]), None, "en")
    found = walk(facts)
    assert sum(s.phase == "ahead" for s in found.steps) == sum(not n.is_leaf for n in facts.view.nodes) > 100
    for edge in facts.edges:
        operand = facts.nodes[edge.operand].name
        assert found.ahead[operand] < found.ahead[edge.user.name]
        if edge.active:
            assert found.whole[edge.user.name] < found.behind[edge.user.name] <= found.whole[operand]
    twice = [n for n in facts.nodes if len(facts.active_edges(n)) > 1]
    assert sum(s.phase == "adding" for s in found.steps) == len(twice) > 30


def test_an_index_hands_nothing_back_and_still_has_its_steps():
    x = G.input("x", 3)
    f = G.sum(G.take_along_axis(x, (x * 2).astype("int64"), axis=0))
    facts = Facts(f, G.backward(f, [x]), None, "en")
    found = walk(facts)
    assert {e.user.name for e in facts.edges if e.active} == found.behind.keys() >= {"m"}
    assert found.whole["x"] > found.behind["m"]


def test_the_page_holds_every_step_in_both_languages(circuit):
    root = page(circuit)
    english, french = root.all("main")
    assert (english.attributes["lang"], french.attributes["lang"]) == ("en", "fr")
    assert "hidden" in french.attributes and "hidden" not in english.attributes
    assert root.all("html")[0].attributes["lang"] == "en"
    for main in (english, french):
        assert len(main.all("li", "step")) == 14
        said = [li.attributes["data-say"] for li in main.all("li", "step")]
        assert len(set(said)) == 14
        assert main.all("input")[0].attributes["max"] == "13"
        buttons = [b.attributes.get("data-go") for b in main.all("button")]
        assert buttons == ["first", "back", "play", "next", "last", None]
        assert len(main.all(**{"aria-live": "polite"})) == 1
    assert "Backward pass, 2 of 5. From r to s." in [x.attributes["data-say"] for x in english.all("li")][8]
    assert "Rétropropagation, 2 sur 5. De r vers s." in [x.attributes["data-say"] for x in french.all("li")][8]


def test_the_language_of_the_figure_comes_first(exam):
    root = page(draw(exam.f, wrt=exam.wrt, at=exam.at, lang="fr"))
    assert [m.attributes["lang"] for m in root.all("main")] == ["fr", "en"]
    assert root.all("html")[0].attributes["lang"] == "fr" and "Pas à pas" in root.all("title")[0].text


def test_a_label_appears_in_the_step_of_its_value(circuit):
    main = page(circuit).all("main")[0]
    edges = {e.attributes["data-key"]: e for e in main.all("g", "edge")}
    labels = {key: {kind: [since(g) for g in e.all("g", kind)] for kind in ("value", "gradient")}
              for key, e in edges.items()}
    assert labels["x1 m1"] == {"value": [[]], "gradient": []}
    assert labels["m1 s"] == {"value": [[1]], "gradient": [[9]]}
    assert labels["w1 m1"]["gradient"] == [[10]] and labels["w1 m2"]["gradient"] == [[11]]
    assert labels["f output"] == {"value": [[5]], "gradient": [[6]]}
    (box,) = main.all("g", **{"data-key": "w1"})
    assert [since(g) for g in box.all("g", "gradient")] == [[12]]
    assert since(box, "at") == [12, 13]
    assert since(edges["m1 s"], "at") == [3, 9]


def test_the_table_fills_from_the_top(circuit):
    main = page(circuit).all("main")[0]
    rows = main.all("tbody")[0].all("tr")
    cells = [[svg.attributes["aria-label"] for svg in row.all("svg")] for row in rows]
    assert cells[0] == ["f", "12", "1", "f̄ = 1"]
    assert cells[-1] == ["w₁", "2", "12", "+", "(−4)", "w̄₁ = 8"]
    whole = [max(k for span in row.all("span", "g") for k in since(span)) for row in rows]
    assert whole == sorted(whole)
    terms = [since(span) for span in rows[-1].all("span", "g")]
    assert terms == [[10], [11], [12]]


def test_without_gradients_the_walk_ends_with_the_output(exam):
    root = page(draw(exam.f))
    main = root.all("main")[0]
    assert len(main.all("li", "step")) == 6 and not main.all("span", "g")
    assert [h.text for h in main.all("h2")] == ["Steps", "Table of the values"]


def test_a_backward_figure_begins_at_the_output(exam):
    main = page(draw(G.backward(exam.f, exam.wrt), at=exam.at)).all("main")[0]
    phases = [c for li in main.all("li", "step") for c in li.classes if c.startswith("is-")]
    assert phases == ["is-given"] + ["is-behind"] * 6 + ["is-adding", "is-done"]
    (box,) = main.all("g", **{"data-key": "w1"})
    assert since(box.inside[1]) == [7]


def test_tensors_have_shapes_or_small_matrices():
    x, W = G.input("x", "N", 2), G.param("W", 2, 1)
    loss = G.mean(G.tanh(x @ W)).named("L")
    symbols = steps(Facts(loss, G.backward(loss, [W]), None, "en"))
    assert plain(symbols[1]) == ["u = x W ∈ ℝ^(N × 1)"]
    assert symbols[-2].hint.startswith("A matrix product swaps its factors, transposed")
    assert plain(symbols[-2])[0].endswith("∈ ℝ^(2 × 1)")
    biased = x @ W + G.param("b", 1)
    (last,) = [s for s in steps(Facts(G.sum(biased), G.backward(G.sum(biased)), None, "en")) if s.focus == ("s",)][1:]
    assert last.hint.endswith("What was broadcast receives the sum over its copies.")
    numbers = steps(Facts(loss, G.backward(loss, [W]), {x: [[1.0, 0.0], [0.0, 2.0]], W: [[0.0], [0.0]]}, "en"))
    assert plain(numbers[-1]) == ["∂L/∂W = [0.5; 1]"]
    assert r"\begin{bmatrix}0.5\\1\end{bmatrix}" in numbers[-1].lines[0][1]


def test_ids_are_unique_and_every_use_is_defined(exam):
    root = page(draw(exam.f, wrt=exam.all, at=exam.at))
    ids = [e.attributes["id"] for e in root.walk() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    uses = {e.attributes["href"] for e in root.all("use")}
    assert uses and uses <= {f"#{i}" for i in ids}
    named = {i for e in root.walk() for i in e.attributes.get("aria-labelledby", "").split()}
    assert named and named <= set(ids)


HOSTILE = ['</script><script>alert(1)</script>', 'a"onload="alert(1)', "x'<b>&amp;", "-->", "été∂", "{0}", "}%s{"]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text(name, monkeypatch):
    """Names are identifiers; the page does not rely on that."""
    monkeypatch.setattr("graphc.ir.check_name", lambda text: text)
    x, w = G.input("x"), G.param("w")
    f = (G.tanh(x * w).named(name) * w).named("out")
    root = page(draw(f, wrt=[w], at={x: 1, w: 2}))
    assert len(root.all("script")) == 1 and not root.all("b", None, onload="alert(1)")
    assert not [a for e in root.walk() for a in e.attributes if a.startswith("on")]
    known = {"page", "html", "head", "meta", "title", "style", "body", "svg", "defs", "path", "g", "use", "main",
             "h1", "h2", "div", "desc", "rect", "circle", "p", "button", "input", "output", "section", "ol", "li", "b",
             "table", "thead", "tbody", "tr", "th", "td", "span", "script",
             "text"}
    assert {e.tag for e in root.walk()} <= known


def test_words_and_formulas_are_escaped(exam, monkeypatch):
    bad = '<b id="x">&'
    monkeypatch.setattr("graphc.drawing.stepper.walk", lambda facts, forward: replace(
        walk(facts, forward), steps=[Step("given", bad, bad, ((bad, bad),), bad)] * 14))
    drawing = draw(exam.f)
    drawing.figure = replace(drawing.figure, title=bad)
    monkeypatch.setattr("graphc.drawing.stepper._LONG_TITLE", 1)
    root = page(drawing)
    step = root.all("li")[0]
    assert step.text.count(bad) == 3 and step.attributes["data-say"].count(bad) >= 3
    assert [svg.attributes["aria-label"] for svg in step.all("svg")] == [read_aloud(bad)] * 2
    assert root.all("h1")[0].text == bad and not root.all(id="x")


def test_no_network_no_eval_and_a_policy_that_allows_this_script_alone(circuit):
    text, root = circuit.html, page(circuit)
    assert "http:" not in text and "https:" not in text and "url(" not in text and "@import" not in text
    assert not [e for e in root.walk() if {"src", "srcset", "action", "data"} & e.attributes.keys()]
    assert {e.attributes["href"][0] for e in root.walk() if "href" in e.attributes} == {"#"}
    (script,) = root.all("script")
    assert script.text == SCRIPT
    assert not re.search(r"\beval|innerHTML|Function\(|document\.write|insertAdjacent", SCRIPT)
    (policy,) = root.all("meta", **{"http-equiv": "Content-Security-Policy"})
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy.attributes["content"]
    assert policy.attributes["content"].startswith("default-src 'none'")


def test_without_scripts_nothing_is_hidden(circuit):
    """The script alone hides: no element is of a class that the style sheet hides before it runs."""
    root = page(circuit)
    assert not [e for e in root.walk() if {"later", "here", "now", "js"} & set(e.classes)]
    (style,) = root.all("style")
    hiding = re.findall(r"([^{}]*)\{[^{}]*(?:visibility:hidden|display:none)", style.text)
    assert hiding and all(re.search(r"\.js|\.later|\[hidden\]|\.bar|\.keys", rule) for rule in hiding)


def test_colours_follow_the_reader_unless_the_theme_is_dark(exam):
    light, dark, paper = (draw(exam.f, theme=theme).html for theme in ("light", "dark", "print"))
    assert "prefers-color-scheme:dark" in light and "prefers-color-scheme" not in dark + paper
    assert "--page:#12161C" in dark.split("@media")[0] and "--page:#FFFFFF" in light.split("@media")[0]
    assert all("@media print{:root{--page:#FFFFFF" in text for text in (light, dark, paper))
    assert "prefers-reduced-motion" in light


def test_the_same_page_twice(exam, tmp_path):
    for name in ("a", "b"):
        draw(exam.f, wrt=exam.wrt, at=exam.at).save(tmp_path / f"{name}.html")
    first = (tmp_path / "a.html").read_bytes()
    assert first == (tmp_path / "b.html").read_bytes() and first.startswith(b"<!DOCTYPE html>")


def test_a_sheet_with_blanks_is_refused(exam, tmp_path):
    drawing = draw(exam.f, wrt=exam.wrt, at=exam.at, blank="all")
    with pytest.raises(G.InputError, match=r"shows every value and gradient; save a figure with blanks as \.pdf"):
        drawing.save(tmp_path / "sheet.html")
    assert not list(tmp_path.iterdir())


def test_a_large_graph_is_in_the_page_once(monkeypatch, exam):
    monkeypatch.setattr("graphc.drawing.stepper.BOTH_LANGUAGES", 10)
    assert [m.attributes["lang"] for m in page(draw(exam.f)).all("main")] == ["en"]


def test_a_formula_too_long_to_write_leaves_its_place_empty():
    terms = [G.input(f"a_rather_long_name_{i}") for i in range(30)]
    main = page(draw(sum(terms[1:], terms[0]))).all("main")[0]
    assert len(main.all("li")) == 2 and not main.all("tbody")[0].all("tr")[-1].all("td")[0].all("svg")


def test_an_input_alone_is_a_page():
    x = G.input("x")
    assert len(page(draw(x, wrt=x, at={x: 2})).all("main")[0].all("li")) == 3
    assert len(page(draw(x)).all("main")[0].all("li")) == 1


@pytest.mark.parametrize("table", [PAGE, HINTS])
def test_phrases_have_the_same_slots_in_both_languages(table):
    for key, (english, french) in table.items():
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", french)), key
        assert english and french and not re.search(r"\w'\w", hint(key, "fr", "y") if table is HINTS else "")


def test_hints_are_of_ops_that_are_there():
    assert set(HINTS) - {"*", "* tensor", "broadcast"} <= {*OPS, "sin"} and set(SAME) <= set(OPS)
    assert hint("sigmoid", "en", "a") == "σ multiplies the gradient by a(1 − a), at most 1/4."
    assert hint("hypot", "en", "h") == HINTS["*"][0] and hint("svd", "fr", "h", tensor=True) == HINTS["* tensor"][1]


def test_glyphs_are_shared_and_holes_stay_holes():
    ink = Ink()
    for tex in ("o + o", "o", "o + o"):
        ink.draw(tex)
    assert len(ink.formulas) == 2 and len(ink.glyphs) == 2  # the o with its hole, and the +
    ring = next(d for d in ink.glyphs if d.count("M") == 2)
    assert ring.count("Z") == 2


def test_a_page_frames_scopes_in_the_colours_of_its_style_sheet():
    x = G.input("x")
    with G.scope("Layer"):
        h = G.tanh(G.param("w") * x)
    root = page(draw(h * 2, wrt=["w"], at={"x": 1, "w": 2}))
    frames = [e for e in root.walk() if "cluster" in (e.attributes.get("class") or "")]
    assert frames
    assert any((e.attributes.get("fill") or "").startswith("color-mix(in srgb, var(--page)") for e in root.walk())
