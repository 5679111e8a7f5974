"""Colours: contrast of everything written, eyes that see two colours less, themes of one's own, small print."""

import pytest

import graphc as G
from graphc.drawing import draw
from graphc.drawing.figure import LEAF_KINDS
from graphc.drawing.shapes import Glyphs, Path, Rect
from graphc.drawing.style import THEMES
from graphc.drawing.style import contrast as ours

# Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency", IEEE
# TVCG 15 (2009), table 1, severity 1.0: on linear RGB.
SEEN_BY = {
    "all": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopes": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopes": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopes": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
# sRGB to XYZ (IEC 61966-2-1), and its white point D65.
XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
WHITE = (0.95047, 1.0, 1.08883)
APART = 40.0  # in CIE 1976 units, where 2.3 is a just noticeable difference


def linear(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector)) for row in matrix]


def lab(rgb):
    def f(t):
        return t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116

    x, y, z = (f(v / w) for v, w in zip(times(XYZ, rgb), WHITE))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(a, b, eyes):
    """CIE 1976 colour difference as these eyes see it."""
    one, other = (lab([min(1.0, max(0.0, v)) for v in times(SEEN_BY[eyes], linear(c))]) for c in (a, b))
    return sum((p - q) ** 2 for p, q in zip(one, other)) ** 0.5


def contrast(a, b):
    """WCAG 2.2: (L1 + 0.05) / (L2 + 0.05)."""
    light, dark = sorted((0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in map(linear, (a, b))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measures_are_right():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21) and contrast("#767676", "#FFFFFF") >= 4.5
    assert contrast("#777777", "#FFFFFF") < 4.5
    assert distance("#000000", "#FFFFFF", "all") == pytest.approx(100, abs=0.01)
    assert distance("#C00000", "#007000", "deuteranopes") < 45 < 100 < distance("#C00000", "#007000", "all")
    pairs = [(a, b) for a in ("#0B57A4", "#FFA36B") for b in ("#FFFFFF", "#12161C")]
    assert all(ours(a, b) == pytest.approx(contrast(a, b)) for a, b in pairs)


@pytest.mark.parametrize("name", THEMES)
def test_everything_drawn_is_readable_on_what_it_stands_on(exam, name):
    figures = [draw(exam.f, wrt=exam.all, at=exam.at, theme=name), draw(exam.f, theme=name),
               draw(exam.f, wrt=exam.wrt, at=exam.at, blank="all", theme=name),
               draw(G.backward(exam.f, exam.wrt), theme=name), draw(exam.f * 3, theme=name)]
    checked = set()
    for d in figures:
        for group in d.scene.groups:
            ground = d.scene.background
            for s in group.shapes:
                inside = isinstance(s, Glyphs) and not s.cls
                colours = [s.fill] if isinstance(s, Glyphs) else [s.stroke]
                if isinstance(s, Path):
                    colours.append(s.fill)
                for colour in colours:
                    if colour != "none":
                        for under in {ground, d.scene.background} if not inside else {ground}:
                            checked.add((colour, under))
                if not isinstance(s, (Glyphs, Path)) and s.fill != "none":
                    ground = s.fill
                    checked.add((s.stroke, ground))
    assert len(checked) >= 4
    faint = {pair: round(contrast(*pair), 2) for pair in checked if contrast(*pair) < 4.5}
    assert not faint


@pytest.mark.parametrize("name", THEMES)
def test_every_row_of_a_theme_is_readable(name):
    theme = THEMES[name]
    assert not list(theme.faint())
    assert all(contrast(tone, theme.background) >= 4.5 for tone in theme.tones.values())
    assert all(contrast(theme.tones["ink"], fill) >= 4.5 for fill in theme.fill.values())


@pytest.mark.parametrize("eyes", SEEN_BY)
@pytest.mark.parametrize("name", ["light", "dark"])
def test_values_and_gradients_stay_apart(name, eyes):
    tones = THEMES[name].tones
    assert distance(tones["value"], tones["gradient"], eyes) >= APART


def test_green_and_red_would_not():
    assert distance("#2C6E3A", "#B23A00", "deuteranopes") < APART


@pytest.mark.parametrize("theme", THEMES)
def test_shape_and_place_carry_the_meaning_without_colour(exam, theme):
    """What `print` relies on: leaves have corners of their own, and a gradient is never where a value is."""
    d = draw(exam.f * 3, wrt=exam.wrt, at=exam.at, theme=theme)
    shapes = {}
    for g in d.scene.groups:
        if g.cls.startswith("node"):
            s = g.shapes[0]
            look = (s.radius / s.height, s.dashed) if isinstance(s, Rect) else "round"
            shapes.setdefault(g.cls.split()[1], set()).add(look)
    assert all(kinds.isdisjoint(other) for k, kinds in shapes.items() for o, other in shapes.items()
               if k != o and {k, o} & {*LEAF_KINDS, "operation"})
    for g in d.scene.groups:
        if g.cls == "edge":
            at = {s.cls: (s.x, s.y) for s in g.shapes if isinstance(s, Glyphs)}
            if len(at) == 2:
                assert at["value"][1] < at["gradient"][1] or at["value"][0] < at["gradient"][0]


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("theme", THEMES)
def test_the_legend_is_in_the_language_in_every_theme(exam, theme, lang):
    d = draw(exam.f, wrt=exam.wrt, at=exam.at, theme=theme, lang=lang)
    words = [g.label for g in d.scene.groups if g.cls == "legend"]
    assert words == {"en": ["forward value", "gradient", "data", "parameter", "operation"],
                     "fr": ["valeur (avant)", "gradient (arrière)", "donnée", "paramètre", "opération"]}[lang]


def test_a_theme_of_ones_own(exam):
    mine = G.Theme.like("dark", "house", background="#101018", tones={"value": "#88DDFF"}, border={"data": "#88DDFF"})
    d = draw(exam.f, wrt=exam.wrt, at=exam.at, theme=mine)
    assert "#88DDFF" in d.svg and "#101018" in d.svg and "#7CC0FF" not in d.tikz
    assert d.warnings == draw(exam.f, wrt=exam.wrt, at=exam.at, theme="dark").warnings


@pytest.mark.parametrize(("make", "text"), [
    (lambda: G.Theme.like("light", "mine", tones={"value": 'red"/><script>'}), "theme 'mine': value needs a colour"),
    (lambda: G.Theme.like("light", tones={"valeu": "#000000"}), "no tone 'valeu'; choose from ink, value, gradient"),
    (lambda: G.Theme.like("light", fill={"box": "#000000"}), "no kind of box 'box'; choose from data, parameter"),
    (lambda: G.Theme.like("pink"), "no theme 'pink'; choose from light, dark, print"),
    (lambda: G.Theme.like("light", background="white"), "background needs a colour such as #1B2430, got 'white'"),
    (lambda: G.Theme("mine", "#FFFFFF", {}, {}, {}), "theme 'mine': ink needs a colour"),
])  # fmt: skip
def test_colours_that_are_none(make, text):
    with pytest.raises(G.InputError) as found:
        make()
    assert text in str(found.value)


def test_small_print_is_told(exam):
    wide, tall = (draw(exam.f, wrt=exam.wrt, at=exam.at, rankdir=r) for r in ("LR", "TB"))
    assert tall.warnings == () and tall.font_size(455, 700) > 8
    assert wide.font_size(455) < 8 and wide.warnings[0].startswith("the labels print at 7.")
    french = draw(exam.f, wrt=exam.wrt, at=exam.at, lang="fr").warnings[0]
    assert "7,2\u00a0pt" in french or "7,5\u00a0pt" in french
    assert tall.font_size(455, 100) < 8 < tall.font_size(455)


def test_faint_colours_are_told(exam):
    d = draw(exam.f, theme=G.Theme.like("light", "pale", tones={"value": "#AAAAAA"}))
    assert d.warnings == ("theme pale: value #AAAAAA on #FFFFFF has a contrast of 2.3 (4.5 at least to read well)",)
