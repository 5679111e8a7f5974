"""The files: well formed, escaped, the same bytes twice, whole or not at all."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

import graphc as G
from graphc.drawing import draw
from graphc.drawing.figure import Box, Figure, Label, Wire
from graphc.drawing.scene import build, place
from graphc.drawing.style import THEMES
from graphc.drawing.svg import svg_text
from graphc.files import write_whole

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def circuit(exam):
    return draw(exam.f, wrt=exam.all, at=exam.at)


def test_svg_scales_and_speaks(circuit):
    root = ET.fromstring(circuit.svg)
    assert root.get("viewBox") and "max-width:100%" in root.get("style")
    names = [e.get("aria-label") for e in root.iter() if e.get("aria-label")]
    assert r"\bar{w}_{1} = 12 + ({-}4) = 8" in names
    assert "gradient of w1: 8" in root.find(f"{SVG}desc").text
    assert root.find(f"{SVG}title").text.startswith("Computation graph of f = w3·relu(")


def test_svg_has_outlines_and_no_shared_ids(exam, circuit):
    other = draw(exam.f)
    ids = [{e.get("id") for e in ET.fromstring(d.svg).iter() if e.get("id")} for d in (circuit, other)]
    assert ids[0] and not ids[0] & ids[1]
    assert "<use" not in circuit.svg and "font-family" not in circuit.svg


def test_wires_have_the_class_of_what_they_carry(circuit):
    groups = [g for g in ET.fromstring(circuit.svg).iter(f"{SVG}g") if g.get("class") == "edge"]
    assert len(groups) == len(circuit.figure.wires)
    inner = [{e.get("class") for e in g.iter()} for g in groups]
    assert all({"wire", "head", "value", "gradient"} <= classes for classes in inner)


@pytest.mark.parametrize("ending", [".svg", ".png", ".pdf", ".dot", ".json", ".tex"])
def test_the_same_bytes_twice(exam, tmp_path, ending):
    for name in ("a", "b"):
        draw(exam.f, wrt=exam.all, at=exam.at).save(tmp_path / (name + ending))
    first = (tmp_path / f"a{ending}").read_bytes()
    assert first == (tmp_path / f"b{ending}").read_bytes()
    starts = {".svg": b"<svg", ".png": b"\x89PNG", ".pdf": b"%PDF", ".dot": b"digraph", ".json": b"{", ".tex": b"% C"}
    assert first.startswith(starts[ending])


def test_the_same_bytes_in_another_process(circuit, tmp_path):
    program = (
        "import graphc as G; from graphc.drawing import draw;"
        "x1, x2 = G.inputs('x1 x2'); w1, w3, b = G.params('w1 w3 b');"
        "f = w3 * G.relu(w1 * x1 + w1 * x2 + b);"
        "d = draw(f, wrt=[w1, w3, b, x1, x2], at={x1: 3, x2: -1, w1: 2, w3: 4, b: -1});"
        "import sys; sys.stdout.write(d.svg)"
    )
    env = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env, check=True,
                          encoding="utf-8")
    assert done.stdout == circuit.svg


def test_pdf_has_title_and_words(circuit, tmp_path):
    circuit.save(tmp_path / "a.pdf")
    data = (tmp_path / "a.pdf").read_bytes()
    assert b"Computation graph of f" in data or "Computation graph".encode("utf-16-be") in data
    assert b"/Font" in data


def test_dot_is_a_figure_of_its_own(circuit):
    (wire,) = re.findall(r'"w1" -> ("label \d+"):w .*\n  \1:e -> "m1" ', circuit.dot)
    assert f"{wire} [shape=plain" in circuit.dot
    assert circuit.dot.count("<HR/>") == 9 and circuit.dot.count("<VR/>") == 2, "as many wires across as in the SVG"
    cells = r'<FONT COLOR="#0B57A4">2</FONT></TD></TR><HR/><TR><TD[^>]*><FONT COLOR="#B23A00">12</FONT>'
    assert re.search(cells, circuit.dot)
    assert "<I>w</I>₁" in circuit.dot


def test_unknown_endings_list_the_known(circuit, tmp_path):
    with pytest.raises(G.InputError, match=r"no figure format '\.gif'; choose from \.svg, .*\.html, \.json, \.tex"):
        circuit.save(tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


def test_unwritable_paths_leave_nothing(circuit, tmp_path):
    with pytest.raises(G.InputError, match=r"cannot write '.*missing.*a\.svg': No such file or directory"):
        circuit.save(tmp_path / "missing" / "a.svg")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(G.InputError, match="it is a directory"):
        circuit.save(tmp_path / "folder.svg")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.svg"]


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "a.svg"
    target.write_bytes(b"old")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(G.InputError, match="No space left on device"):
        write_whole(target, b"new")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


def hostile():
    bad = '</title><script>alert("x")</script>&]]>\\" ; a->b'
    boxes = [Box(bad, "data", bad, Label(bad, "gradient")), Box("f", "output", "f")]
    return Figure(boxes, [Wire(bad, "f", Label(bad))], title=bad, desc=bad, heading=bad)


def test_hostile_text_is_escaped_in_svg():
    figure = hostile()
    text = svg_text(build(figure, THEMES["light"], place(figure, "own")))
    assert "<script" not in text
    root = ET.fromstring(text)
    assert root.find(f"{SVG}title").text == figure.title


def test_hostile_text_is_escaped_in_dot():
    from graphc.drawing.dot_text import dot_text

    text = dot_text(hostile(), THEMES["light"])
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)  # strings are the one place where anything may stand
    assert "script" in text and "<script" not in outside
    assert outside.count("->") == 2 and outside.count("{") == outside.count("}") == 1


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_themes_change_colours_alone(exam, circuit, theme):
    d = draw(exam.f, wrt=exam.all, at=exam.at, theme=theme)
    assert (d.scene.width, d.scene.height) == (circuit.scene.width, circuit.scene.height)
    assert THEMES[theme].tones["gradient"] in d.svg and THEMES[theme].background in d.svg


def test_print_is_black_and_grey():
    theme = THEMES["print"]
    colours = [*theme.tones.values(), *theme.fill.values(), *theme.border.values()]
    assert all(c[1:3] == c[3:5] == c[5:7] for c in colours)


def test_labels_of_dot_take_no_name_of_a_box():
    from graphc.drawing.dot_text import dot_text

    figure = Figure([Box("label 0", "data", "a"), Box("f", "output", "f")], [Wire("label 0", "f", Label("a"))])
    assert '"label 0\'" [shape=plain' in dot_text(figure, THEMES["light"])
    bare = Figure(figure.boxes, [Wire("label 0", "f")])
    assert '"label 0" -> "f" [' in dot_text(bare, THEMES["light"])


def test_blanks_of_dot_are_boxes_to_fill_in(exam):
    d = draw(exam.f, wrt=exam.wrt, at=exam.at, blank="all", theme="dark")
    hidden = sum(bool(x and x.blank) for w in d.figure.wires for x in (w.first, w.second))
    assert d.dot.count('STYLE="dashed"') == hidden + 1, "labels and one note"
    assert 'fontcolor="#E8EDF3", label="Exercise' in d.dot, "the heading is read on the dark page"
