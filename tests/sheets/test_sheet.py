"""Sheets: their structure from the text layer of the PDF, the three formats, hostile texts."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pypdf
import pytest

import graphc as G
from graphc.sheets.blocks import Boxes, Picture, Table, Together
from graphc.sheets.tex_sheet import mixed

ROOT = Path(__file__).resolve().parents[2]
EXAM = G.Exercise.load(ROOT / "examples" / "exam.toml")
SOFTMAX = G.Exercise.load(ROOT / "examples" / "exam_fr.toml")


def pdf(sheet):
    return pypdf.PdfReader(io.BytesIO(sheet.pdf))


def text_of(sheet):
    """Page by page, spaces as a reader sees them."""
    return [re.sub(r" (?=[,.])", "", re.sub(r"\s+", " ", page.extract_text())) for page in pdf(sheet).pages]


def written(value):
    return f"= {value}".replace("-", "−")


@pytest.fixture(scope="module")
def exam():
    return G.sheet(EXAM, student="Ada")


def test_the_solution_is_on_pages_of_its_own(exam):
    pages = text_of(exam)
    first = next(i for i, page in enumerate(pages) if "Solution" in page)
    answer = written(EXAM.answers(EXAM.questions[2], EXAM.numbers("Ada"))[0].value)
    assert first >= 1 and answer in pages[first] and answer not in "".join(pages[:first])
    assert "Answers" not in "".join(pages[:first]) and "Name: Ada" in pages[0]
    assert [f"page {i} of {len(pages)}" in page for i, page in enumerate(pages, 1)] == [True] * len(pages)


def test_the_questions_are_there_in_order_with_their_points(exam):
    text = " ".join(text_of(exam)[:2])
    order = [text.index(part) for part in ("Compute s, r and f", "Compute the adjoint", "by back-propagation",
                                           "Give a formula for")]
    assert order == sorted(order)
    assert text.count("(2 points)") == 3 and "(4 points)" in text


def test_the_sheet_alone_and_the_solution_alone_are_the_parts_of_both(exam):
    alone, solution = (text_of(G.sheet(EXAM, student="Ada", solution=s)) for s in ("none", "only"))
    assert len(alone) + len(solution) == len(text_of(exam))
    assert not any("Solution" in page for page in alone)
    value = written(EXAM.answers(EXAM.questions[0], EXAM.numbers("Ada"))[-1].value)
    assert value not in "".join(alone) and value in solution[0]


def test_blank_and_filled_figures_and_tables(exam):
    flat = [b for block in exam.blocks for b in (block.blocks if isinstance(block, Together) else (block,))]
    blank, filled = (b for b in flat if isinstance(b, Table))
    assert [len(t.rows) for t in (blank, filled)] == [10, 10]
    assert any(not cell for row in blank.rows for cell in row)
    assert all(cell for row in filled.rows for cell in row)
    assert [any(w.first and w.first.blank for w in b.drawing.figure.wires) for b in flat
            if isinstance(b, Picture)] == [True, False]
    assert sum(len(b.labels) for b in flat if isinstance(b, Boxes)) == 3 + 1 + 3 + 1


def test_labels_of_the_figures_can_be_read_and_the_pages_hold_them():
    for exercise in (EXAM, SOFTMAX):
        for paper in ("a4", "letter"):
            s = G.sheet(exercise, paper=paper)
            for p in s.pictures:
                assert 11.8 * p.scale >= 8.0
                assert p.drawing.scene.width * p.scale <= s.paper.text_width + 0.01
                assert p.drawing.scene.height * p.scale <= s.paper.text_height


def test_metadata_language_fonts_and_size():
    for exercise, lang, paper, size in ((EXAM, "en", "letter", (612, 792)), (SOFTMAX, "fr", "a4", (595, 842))):
        reader = pdf(G.sheet(exercise, paper=paper))
        assert reader.metadata.title == exercise.title.in_(lang)
        assert reader.trailer["/Root"]["/Lang"] == lang
        box = reader.pages[0].mediabox
        assert (round(box.width), round(box.height)) == size
        fonts = {font.get_object()["/BaseFont"] for page in reader.pages
                 for font in page["/Resources"]["/Font"].values()}
        assert all("STIXTwoMath" in name for name in fonts)  # embedded, and no other


def test_french_words_numbers_and_spaces():
    text = " ".join(text_of(G.sheet(SOFTMAX)))
    assert "Corrigé" in text and "0,2595" in text and "0.2595" not in text
    assert "page 1 sur" in text and "Règle de la chaîne" in text and "observée" in text
    html = G.sheet(SOFTMAX).html
    assert "observée\u202f?" in html and 'lang="fr"' in html and "d’un softmax" in html


def test_the_same_bytes_on_every_run(exam):
    assert G.sheet(EXAM, student="Ada").pdf == exam.pdf
    assert G.sheet(EXAM, student="Bob").pdf != exam.pdf


HOSTILE = ('</title><script>alert(1)</script> \\input{/etc/passwd} %_^~&#{} <b>"x"</b> \\\\$ '
           + "日本 " + "W" * 300)


@pytest.fixture(scope="module")
def hostile():
    title = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
    return G.sheet(G.Exercise.loads(f'title = "{title}"\ncourse = "{title}"\nfunction = "w*x"\n[point]\nw = 2\nx = 3\n'
                                    f'[[question]]\nask = "gradient"\ntext = "{title}"\n'), student=HOSTILE)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append(tag)


def test_hostile_texts_are_words_in_html(hostile):
    tags = Tags()
    tags.feed(hostile.html)
    assert "script" not in tags.found and "b" in tags.found
    assert "&lt;script&gt;" in hostile.html and "<script" not in hostile.html


def test_hostile_texts_are_words_in_latex(hostile):
    tex = hostile.tex()
    assert r"\input{/" not in tex and r"\textbackslash{}input\{/etc/passwd\}" in tex
    assert r"\%\_\textasciicircum{}\textasciitilde{}\&\#\{\}" in tex
    assert mixed("a_b $x_1$") == r"a\_b $x_1$"


def test_hostile_texts_are_words_in_pdf_and_stay_on_the_page(hostile):
    reader = pdf(hostile)
    width = hostile.paper.width
    places = []
    for page in reader.pages:
        page.extract_text(visitor_text=lambda text, cm, tm, font, size: places.append(
            (text.strip(), cm[0] * tm[4] + cm[4])))
    assert any("<script>" in text for text, _ in places)
    assert all(x < width - hostile.paper.margin + 1 for text, x in places if text)


def test_files_in_three_formats(tmp_path):
    s = G.sheet(EXAM, solution="none")
    assert s.save(tmp_path / "a.pdf") == [str(tmp_path / "a.pdf")]
    s.save(tmp_path / "a.html")
    written = s.save(tmp_path / "a b.tex")
    assert all(Path(p).exists() for p in written)
    tex = (tmp_path / "a b.tex").read_text(encoding="utf-8")
    assert r"\usepackage{amsmath" in tex
    assert all(f"{{{Path(p).name}}}" in tex for p in written[1:])
    assert tex.count("{") - tex.count(r"\{") == tex.count("}") - tex.count(r"\}")
    with pytest.raises(G.InputError, match=r"no sheet format '\.doc'; choose from \.pdf, \.tex, \.html"):
        s.save(tmp_path / "a.doc")
    with pytest.raises(G.InputError, match="cannot write"):
        s.save(tmp_path / "nowhere" / "a.pdf")


@pytest.mark.parametrize("options, message", [({"lang": "de"}, "no language 'de'; choose from en, fr"),
                                              ({"paper": "a5"}, "no paper 'a5'; choose from a4, letter"),
                                              ({"solution": "before"}, "choose from after, none, only")])
def test_an_unknown_option_lists_the_known_ones(options, message):
    with pytest.raises(G.InputError, match=message):
        G.sheet(EXAM, **options)


def test_a_network_of_arrays(tmp_path):
    (tmp_path / "net.py").write_text(
        "import graphc as G\nx, y = G.input('x', 3), G.input('y')\nW1, b1 = G.param('W1', 4, 3), G.param('b1', 4)\n"
        "W2 = G.param('W2', 4)\nh = G.sigmoid(W1 @ x + b1).named('h')\nloss = ((W2 @ h - y)**2 / 2).named('L')\n")
    text = ('title = "3-4-1"\nmodel = "net.py:loss"\n[random]\nx = [-1, 1]\ny = [0, 1]\nW1 = [-1, 1]\nb1 = [-1, 1]\n'
            'W2 = [-2, 2]\n[[question]]\nask = "value"\nof = ["h", "L"]\n[[question]]\nask = "gradient"\n')
    e = G.Exercise.loads(text, folder=str(tmp_path), trusted=True)
    assert e.numbers("ada")["W1"].shape == (4, 3)
    s = G.sheet(e, student="ada")
    boxes = [b for block in s.blocks if isinstance(block, Together) for b in block.blocks if isinstance(b, Boxes)]
    assert [b.size for b in boxes] == [(4, 1), (4, 3)]
    assert "Solution" in "".join(text_of(s))


def test_an_exercise_without_numbers_has_a_plain_figure():
    e = G.Exercise.loads('title = "t"\nfunction = "w*x"\n[[question]]\nask = "formula"\n')
    pages = text_of(G.sheet(e))
    assert "Take" not in pages[0] and "Fill in" not in pages[0] and "Computation graph." in pages[0]


# -- the command ---------------------------------------------------------------------------------------------


def test_the_command_line(tmp_path, capsys):
    from graphc.cli import main

    file, out = str(tmp_path / "e.toml"), str(tmp_path / "e.pdf")
    assert main(["exercise", "new", file, "--lang", "fr"]) == 0
    assert main(["exercise", "new", file]) == 3
    assert "exists already, and is kept" in capsys.readouterr().err
    assert main(["sheet", file, "-o", out, "--student", "Zoé", "--no-solution"]) == 0
    assert capsys.readouterr().out.strip() == out
    text = pypdf.PdfReader(out).pages[0].extract_text()
    assert "Rétropropagation à la main" in text and "Nom" in text and "Zoé" in text
    Path(file).write_text("title = 1", encoding="utf-8")
    assert main(["sheet", file, "-o", out, "--json"]) == 3
    said = capsys.readouterr()
    assert "e.toml:1: " in said.err and '"status": "invalid"' in said.out
