"""A chart drawn by matplotlib (extra `graphc[plot]`): the same bytes on every run, glyphs as paths, no date."""

from __future__ import annotations

import hashlib
import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from html import escape
from typing import Any

import numpy as np

from ..errors import GraphcError
from ..formula import number_text
from .chart import Chart, Curve, Levels, Panel, json_text
from .plain import unicode_text
from .style import Theme

WIDTH = 455.0  # points: the text of an A4 page
HEIGHT = {"loss": 250.0, "weight": 270.0, "contour": 370.0, "function": 215.0}
FONT, SMALL_FONT = 10.0, 8.5
PNG_SCALE = 2.5  # pixels a point
# Every curve differs by its dashes and its mark, so that colour is not needed.
DASHES: tuple[Any, ...] = ("solid", (0, (5, 2)), (0, (1.2, 1.5)), (0, (7, 2, 1.2, 2)), (0, (9, 3)),
                           (0, (3, 1, 1, 1, 1, 1)))
MARKS = "osD^vP"
COLOURS = {
    "light": ("#0B57A4", "#B23A00", "#2C6E3A", "#6B3FA0", "#00707A", "#8A5A00"),
    "dark": ("#7CC0FF", "#FFA36B", "#74C687", "#C9A2F2", "#5FD0DA", "#E0B04C"),
    "print": ("#000000", "#000000", "#555555", "#000000", "#555555", "#000000"),
}
_LOCK = threading.Lock()  # matplotlib's settings are the process's: borrowed, and put back


def svg_of(chart: Chart, theme: Theme) -> str:
    """The chart as one `<svg>` element with title and description, its ids its own in any page."""
    ident = "p" + hashlib.sha256((json_text(chart) + theme.name).encode()).hexdigest()[:10]
    text = _saved(chart, theme, "svg", {"Date": None, "Creator": None, "Format": None, "Type": None}).decode()
    body = text[text.index("<svg") :]
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{ident}-', body)
    body = re.sub(r'href="#', f'href="#{ident}-', body).replace("url(#", f"url(#{ident}-")
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="0 0 {WIDTH:g} {HEIGHT[chart.kind]:g}" width="{WIDTH:g}pt" height="{HEIGHT[chart.kind]:g}pt" '
            f'style="max-width:100%;height:auto" role="img" lang="{escape(chart.lang)}" '
            f'aria-labelledby="{ident}-title {ident}-desc">\n'
            f'<title id="{ident}-title">{escape(chart.title)}</title>\n'
            f'<desc id="{ident}-desc">{escape(chart.desc)}</desc>')
    return head + body[body.index(">") + 1 :]


def pdf_of(chart: Chart, theme: Theme) -> bytes:
    """The chart as a PDF of one page."""
    return _saved(chart, theme, "pdf", {"CreationDate": None, "Producer": None, "Creator": "graphc",
                                        "Title": chart.title, "Subject": chart.desc})


def png_of(chart: Chart, theme: Theme) -> bytes:
    """The chart in 2.5 pixels a point."""
    return _saved(chart, theme, "png", {"Software": None, "Title": chart.title, "Description": chart.desc})


def _saved(chart: Chart, theme: Theme, form: str, metadata: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with _settings(theme):
        figure = _figure(chart, theme)
        figure.savefig(buffer, format=form, dpi=72 * PNG_SCALE if form == "png" else 72, metadata=metadata,
                       facecolor=theme.background)
    return buffer.getvalue()


def load_matplotlib() -> Any:
    """The package. Raises GraphcError that says how to install it."""
    try:
        import matplotlib
    except ImportError:
        raise GraphcError("plots of histories and functions are drawn by matplotlib, which is not installed: "
                          "pip install 'graphc[plot]'; without it .save('name.json') gives their data") from None
    return matplotlib


@contextmanager
def _settings(theme: Theme) -> Iterator[None]:
    """matplotlib's own defaults, whatever the user's are, and ours over them."""
    matplotlib = load_matplotlib()
    from matplotlib import style

    ink, wire = theme.tones["ink"], theme.tones["wire"]
    ours = {
        "font.family": "STIXGeneral", "mathtext.fontset": "stix", "font.size": FONT, "svg.fonttype": "path",
        "svg.hashsalt": "graphc", "pdf.fonttype": 42, "text.color": ink, "axes.labelcolor": ink,
        "axes.edgecolor": wire, "xtick.color": wire, "ytick.color": wire, "xtick.labelcolor": ink,
        "ytick.labelcolor": ink, "axes.facecolor": theme.background, "axes.spines.top": False,
        "axes.spines.right": False, "axes.linewidth": 0.8, "xtick.labelsize": FONT - 0.5,
        "ytick.labelsize": FONT - 0.5, "legend.frameon": False, "legend.fontsize": FONT, "path.simplify": True,
        "axes.unicode_minus": True, "text.usetex": False, "axes.formatter.use_locale": False,
    }  # fmt: skip
    with _LOCK, matplotlib.rc_context():
        style.use("default")
        matplotlib.rcParams.update(ours)
        yield


def _figure(chart: Chart, theme: Theme) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 72, HEIGHT[chart.kind] / 72), layout="constrained")
    axes = figure.subplots(1, len(chart.panels), squeeze=False)[0]
    for ax, panel in zip(axes, chart.panels):
        _draw_panel(ax, panel, chart, theme)
    _legend(figure, axes, chart)
    if any(panel.tangents or panel.numbered for panel in chart.panels):
        figure.draw_without_rendering()  # settles the layout, so that data and points can be compared
        for ax, panel in zip(axes, chart.panels):
            low, high = ax.get_ylim()
            ax.set_ylim(low - 0.09 * (high - low), high)  # room for numbers below the lowest point
            _draw_tangents(ax, panel, theme)
            _number_points(ax, panel.numbered, theme)
    return figure


@cache
def _typeset(label: str) -> str:
    """The label as it is where matplotlib can set its mathematics, which is not all of TeX; else in plain words."""
    from matplotlib.mathtext import MathTextParser

    try:
        MathTextParser("path").parse(label)
    except ValueError:
        return unicode_text(label.replace(r"\$", "").replace("$", "")).replace("$", r"\$")
    return label


def _draw_panel(ax: Any, panel: Panel, chart: Chart, theme: Theme) -> None:
    if chart.kind == "function":
        _origin(ax, theme)
    if panel.levels is not None:
        _draw_levels(ax, panel.levels, chart.lang, theme)
    for curve in panel.curves:
        _draw_curve(ax, curve, theme, panel.numbered is not None)
    for p in panel.points:
        colour = _colour(theme, p.style)
        ax.plot([p.x], [p.y], linestyle="none", marker="o", markersize=4.6, markeredgewidth=1.1, zorder=6 + p.filled,
                markeredgecolor=colour, markerfacecolor=colour if p.filled else theme.background, clip_on=False)
    if panel.log:
        ax.set_yscale("log")
    ax.set_xlabel(_typeset(panel.x_label))
    ax.set_ylabel(_typeset(panel.y_label))
    _ticks(ax, panel, chart.lang)


def _origin(ax: Any, theme: Theme) -> None:
    for line in (ax.axhline, ax.axvline):
        line(0, color=theme.tones["muted"], linewidth=0.6, alpha=0.55, zorder=0)


def _colour(theme: Theme, style: int) -> str:
    return COLOURS[theme.name][style % len(COLOURS[theme.name])]


def _draw_curve(ax: Any, curve: Curve, theme: Theme, on_curve: bool) -> None:
    """`on_curve`: the steps lie on the other curve, which stands back; nothing joins them."""
    colour, dashes = _colour(theme, curve.style), DASHES[curve.style % len(DASHES)]
    mark = MARKS[curve.style % len(MARKS)]
    if on_curve:
        colour, dashes = (theme.tones["wire"], dashes) if curve.role == "line" else (colour, "none")
    if curve.role == "line":
        ax.plot(curve.x, curve.y, color=colour, linestyle=dashes, label=_typeset(curve.label), zorder=3,
                linewidth=1.0 if on_curve else 1.5)
        return
    every = max(1, len(curve.x) // 15) if curve.role == "path" else 1
    ax.plot(curve.x, curve.y, color=colour, linestyle=dashes, linewidth=1.2, marker=mark, markersize=3.6,
            markevery=every, label=_typeset(curve.label), zorder=4)
    if curve.role == "path":
        ax.plot(curve.x[:1], curve.y[:1], linestyle="none", marker="o", markersize=7.5, color=theme.tones["ink"],
                markerfacecolor=theme.background, zorder=7)
        ax.plot(curve.x[-1:], curve.y[-1:], linestyle="none", marker="*", markersize=10, color=colour,
                markeredgecolor=theme.background, markeredgewidth=0.6, zorder=8)


def _draw_levels(ax: Any, levels: Levels, lang: str, theme: Theme) -> None:
    if not len(levels.at):
        return
    drawn = ax.contour(levels.x, levels.y, levels.z, levels=levels.at, colors=theme.tones["muted"], linewidths=0.6,
                       alpha=0.75, zorder=1)
    texts = {v: number_text(float(f"{v:.2g}"), "unicode", lang) for v in levels.at}
    ax.clabel(drawn, levels.at[1::2], fontsize=SMALL_FONT - 0.5, fmt=texts, inline_spacing=3)


def _draw_tangents(ax: Any, panel: Panel, theme: Theme) -> None:
    """Each 64 points long as printed, whatever its slope, with a line down to its weight."""
    for t in panel.tangents:
        here = ax.transData.transform((t.x, t.y))
        ahead = ax.transData.transform((t.x + 1.0, t.y + t.slope)) - here
        step = 32.0 / max(float(np.hypot(*ahead)), 1e-12) * ax.figure.dpi / 72
        xs = np.array([t.x - step, t.x + step])
        ax.plot(xs, t.y + t.slope * (xs - t.x), color=_colour(theme, 1), linewidth=1.6, zorder=5)
        ax.plot([t.x, t.x], [ax.get_ylim()[0], t.y], color=theme.tones["muted"], linewidth=0.7, linestyle=DASHES[2],
                zorder=0)


def _number_points(ax: Any, curve: Curve | None, theme: Theme) -> None:
    """The number of each step beside its point, where there is room for it."""
    if curve is None:
        return
    placed: list[Any] = []
    for i, (x, y) in enumerate(zip(curve.x, curve.y)):
        here = ax.transData.transform((x, y)) * 72 / ax.figure.dpi
        if i > 9 or any(np.hypot(*(here - p)) < 13 for p in placed):
            continue
        placed.append(here)
        left = i + 1 < len(curve.x) and curve.x[i + 1] > x
        ax.annotate(str(i), (x, y), (-6 if left else 6, -10), textcoords="offset points", fontsize=SMALL_FONT,
                    color=theme.tones["ink"], ha="center", va="center", zorder=9)


def _ticks(ax: Any, panel: Panel, lang: str) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    def text(value: float, position: Any = None) -> str:
        if value and not 1e-4 <= abs(value) < 1e6:
            mantissa, exponent = f"{value:.8e}".split("e")
            factor = number_text(float(mantissa), "latex", lang)
            times = "" if factor == "1" else rf"{factor} \cdot "
            return f"${times}10^{{{int(exponent)}}}$"
        return number_text(float(f"{value:.10g}"), "unicode", lang)

    def power(value: float, position: Any = None) -> str:
        return f"$10^{{{round(np.log10(value))}}}$"

    alone = panel.whole and all(len(c.x) < 2 for c in panel.curves)
    ax.xaxis.set_major_locator(
        FixedLocator([0]) if alone else MaxNLocator(7, integer=panel.whole, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(text))
    if panel.log:
        low, high = ax.get_ylim()
        near = high / low < 30  # too few powers of ten to read the scale by
        plain = low > 0.005 and high < 20_000
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if near and plain else (1,), numticks=8))
        ax.yaxis.set_major_formatter(FuncFormatter(text if plain else power))
        ax.yaxis.set_minor_formatter(NullFormatter())
    else:
        ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        ax.yaxis.set_major_formatter(FuncFormatter(text))


def _legend(figure: Any, axes: Any, chart: Chart) -> None:
    handles, labels = axes[0].get_legend_handles_labels()
    if len(labels) < 2 and chart.kind == "function":
        return
    figure.legend(handles, labels, loc="outside upper center", ncols=_columns(labels), handlelength=3.2,
                  columnspacing=1.6)


def _columns(labels: list[str]) -> int:
    """As many columns as surely fit: a sample and its letters."""
    widest = max(len(re.sub(r"\\[a-z]+ ?|[$\\{}^_]", "·", label).replace("·", "")) for label in labels) * 5.0 + 60
    return int(max(1, min(len(labels), WIDTH // widest)))


