"""Points for readers and for spreadsheets."""

from __future__ import annotations

from fractions import Fraction


def shown(points: Fraction, lang: str, places: int = 2) -> str:
    """Points rounded, halves to even, without zeros at the end.

    >>> shown(Fraction(4, 3), "fr"), shown(Fraction(2), "en"), shown(Fraction(1, 2), "en")
    ('1,33', '2', '0.5')
    """
    text = f"{float(round(points, places)):.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(".", ",") if lang == "fr" else text


def percent(share: float, lang: str) -> str:
    """
    >>> percent(0.5, "en"), percent(1 / 3, "fr")
    ('50%', '33\\xa0%')
    """
    return f"{100 * share:.0f}\u00a0%" if lang == "fr" else f"{100 * share:.0f}%"
