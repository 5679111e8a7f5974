"""Characters and tokens of an answer. Everything that is not on the list is refused by name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from ..errors import LimitExceeded, ParseError
from .phrases import safe, say

MAX_BYTES, MAX_DIGITS, MAX_EXPONENT10 = 4096, 40, 300

_GREEK_NAMES = """alpha beta gamma delta epsilon epsilon zeta eta theta theta iota kappa lambda mu nu xi pi rho
    sigma tau upsilon phi phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"""
GREEK = dict(zip("αβγδεϵζηθϑικλμνξπρστυφϕχψωΓΔΘΛΞΠΣΦΨΩ", _GREEK_NAMES.split()))
SUBSCRIPT = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789"))
SUPERSCRIPT = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+"))
MARKS = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde"}

# One spelling for characters that mean the same.
SAME = {"−": "-", "–": "-", "·": "*", "×": "*", "⋅": "*", "∙": "*", "∗": "*", "•": "*", "⊙": "*", "÷": "/", "∕": "/",
        "⁄": "/", "≤": "<=", "≥": ">=", "⩽": "<=", "⩾": ">=", "≠": "!=", "∧": "&", "∨": "or", "¬": "not",
        "′": "'", "’": "'", "µ": "μ", "𝟙": "1", "½": "(1/2)", "¼": "(1/4)", "¾": "(3/4)",
        "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\t": " ", "\n": " ", "\r": " "}
SIGNS = set("+-*/^()[]{}|<>=!,;'_&∂∇√∛&.:\\ ") | set(SAME)

_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+(?![A-Za-z_]))?")
_OPERATOR = re.compile(r"\*\*|<=|>=|!=|==|=<|=>|&&|[-+*/^()\[\]{}|<>=,;'&∂∇√∛_]")
_LETTER = "A-Za-z" + "".join(GREEK)
_NAME = re.compile(rf"[{_LETTER}\u00c0-\u024f][{_LETTER}\u00c0-\u024f0-9_₀-₉\u0302-\u0304]*")
_BRACED = re.compile(r"_\{([A-Za-z0-9,]{1,12})\}")
_CANONICAL = {"**": "^", "==": "=", "=<": "<=", "=>": ">=", "&&": "&"}
WORDS = {"and": "&", "et": "&", "or": "or", "ou": "or", "not": "not", "non": "not"}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is num, name, op, sup (a raised integer) or end; `start` its place in the text."""

    kind: str
    text: str
    start: int
    value: Fraction | None = None
    end: int = 0


def normal(text: str, lang: str = "en") -> str:
    """NFC text within the limits. Raises LimitExceeded when longer than 4 kB, ParseError for an
    unwanted character, named.

    >>> normal("w₁·x")
    'w₁·x'
    """
    size = len(text.encode("utf-8", "surrogatepass")) if len(text) <= MAX_BYTES else len(text)
    if size > MAX_BYTES:
        raise LimitExceeded(say(lang, "too_long", got=size, limit=MAX_BYTES))
    composed = unicodedata.normalize("NFC", text)
    for place, char in enumerate(composed):
        if not _welcome(char):
            refuse_character(char, composed, place, lang)
    return composed


def _welcome(char: str) -> bool:
    if char in SIGNS or char in GREEK or char in SUBSCRIPT or char in SUPERSCRIPT or char in MARKS:
        return True
    if char.isascii():
        return char.isalnum()
    base = unicodedata.decomposition(char).split()
    # ŷ, x̄, ỹ and the like: a Latin letter with one of the three marks.
    if len(base) != 2 or base[0].startswith("<"):
        return False
    return chr(int(base[0], 16)).isascii() and chr(int(base[1], 16)) in MARKS


_LOOKS = dict(zip("аеорсухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧοｖ", "aeopcyxijshdqwABEKMHOPCTYXIJSABEZHIKMNOPTYXov"))


def refuse_character(char: str, text: str, place: int, lang: str) -> NoReturn:
    name = f"{unicodedata.name(char, 'CONTROL CHARACTER')}, U+{ord(char):04X}"
    latin = _LOOKS.get(char)
    if latin:
        raise ParseError(say(lang, "lookalike", char=repr(char), name=name, latin=latin), text, place)
    if char == "!":
        raise ParseError(say(lang, "factorial"), text, place)
    shown = repr(char) if char.isprintable() else f"U+{ord(char):04X}"
    raise ParseError(say(lang, "character", char=shown, name=name), text, place)


def tokenize(text: str, lang: str = "en") -> list[Token]:
    """Tokens of calculator text (already `normal`), the last of kind "end".

    >>> [t.text for t in tokenize("2x² ≥ w_1")]
    ['2', 'x', '2', '>=', 'w_1', '']
    """
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        char = text[place]
        if char.isspace():
            place += 1
            continue
        found = _token(text, place, tokens, lang)
        tokens.extend(found)
        place = found[-1].end
    tokens.append(Token("end", "", len(text), end=len(text)))
    return tokens


def _token(text: str, place: int, before: list[Token], lang: str) -> list[Token]:
    char = text[place]
    if char in SUPERSCRIPT:
        return [_raised(text, place, lang)]
    if char in SAME and char != "µ":
        return _same(char, place)
    if match := _NUMBER.match(text, place):
        return [_number(match, text, place, lang)]
    if match := _NAME.match(text, place):
        return [_name(match, text, place)]
    if match := _OPERATOR.match(text, place):
        return [Token("op", _CANONICAL.get(match[0], match[0]), place, end=match.end())]
    reason = {"!": "factorial", ":": "colon", ".": "attribute"}.get(char)
    if reason:
        raise ParseError(say(lang, reason), text, place)
    refuse_character(char, text, place, lang)


def _same(char: str, place: int) -> list[Token]:
    spelled = SAME[char]
    if spelled == "1":
        return [Token("num", "1", place, Fraction(1), place + 1)]
    if spelled.startswith("("):
        half = Fraction(spelled[1:-1])
        return [Token("num", spelled[1:-1], place, half, place + 1)]
    return [Token("op", spelled, place, end=place + 1)]


def _raised(text: str, place: int, lang: str) -> Token:
    end = place
    while end < len(text) and text[end] in SUPERSCRIPT:
        end += 1
    digits = "".join(SUPERSCRIPT[c] for c in text[place:end])
    if not re.fullmatch(r"[-+]?[0-9]{1,40}", digits):
        raise ParseError(say(lang, "expected_value", got=safe(repr(text[place:end]))), text, place)
    return Token("sup", digits, place, Fraction(int(digits)), end)


def _number(match: re.Match[str], text: str, place: int, lang: str) -> Token:
    mantissa, _, exponent = match[0].lower().partition("e")
    digits = len(mantissa.replace(".", ""))
    if digits > MAX_DIGITS:
        raise LimitExceeded(say(lang, "digits", got=digits, limit=MAX_DIGITS))
    if exponent and (len(exponent) > 6 or abs(int(exponent)) > MAX_EXPONENT10):
        raise LimitExceeded(say(lang, "exponent10", limit=MAX_EXPONENT10))
    value = Fraction(mantissa.rstrip(".")) * Fraction(10) ** int(exponent or 0)
    return Token("num", match[0], place, value, match.end())


def _name(match: re.Match[str], text: str, place: int) -> Token:
    raw, end = match[0], match.end()
    # w_{12}: what stands in the braces belongs to the name.
    if raw.endswith("_") and (braced := _BRACED.match(text, end - 1)):
        raw, end = raw + braced[1].replace(",", "_"), braced.end()
    return Token("name", raw, place, end=end)


def key(name: str) -> str:
    """What two spellings of one name share: Greek spelled out, no underscores, marks as words.

    >>> key("ŷ_1") == key("y_hat1") == "yhat1", key("β₂")
    (True, 'beta2')
    """
    text = "".join(GREEK.get(c, SUBSCRIPT.get(c, MARKS.get(c, c))) for c in unicodedata.normalize("NFD", name))
    return text.replace("_", "").replace("µ", "mu")
