"""Characters and tokens of an answer. Everything that is not on the list is refused by name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from ...errors import LimitExceeded, ParseError
from ..phrases import safe, say

MAX_BYTES, MAX_DIGITS, MAX_EXPONENT10 = 4096, 40, 300

_GREEK_NAMES = """alpha beta gamma delta epsilon epsilon zeta eta theta theta iota kappa lambda mu nu xi pi rho
    sigma tau upsilon phi phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"""
GREEK = dict(zip("αβγδεϵζηθϑικλμνξπρστυφϕχψωΓΔΘΛΞΠΣΦΨΩ", _GREEK_NAMES.split()))
SUBSCRIPT = dict(zip("₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₗₘₙₚᵣₛ", "0123456789ijklmnprs"))
SUPERSCRIPT = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+"))
MARKS = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot"}

# One spelling for characters that mean the same. The three products are kept apart: * · ⊙.
SAME = {"−": "-", "–": "-", "⋅": "·", "∙": "·", "•": "·", "×": "*", "∗": "*", "∘": "⊙", "÷": "/", "∕": "/",
        "⁄": "/", "≤": "<=", "≥": ">=", "⩽": "<=", "⩾": ">=", "≠": "!=", "∧": "&", "∨": "or", "¬": "not",
        "′": "'", "’": "'", "µ": "μ", "⊤": "ᵀ", "⊺": "ᵀ", "∥": "‖", "𝟙": "𝟏", "½": "(1/2)", "¼": "(1/4)", "¾": "(3/4)",
        "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\t": " ", "\n": " ", "\r": " "}
ARROWS = set("⇒⇔⟹⟺→⟶↔≈≡∝")
ALONE = set("·⊙@‖∑∏∞ᵀᵗ𝟏⟨⟩")  # operators of one character that ASCII lacks, and @
SIGNS = set("+-*/^()[]{}|<>=!,;'_&∂∇√∛&.:\\ …") | set(SAME) | ARROWS | ALONE

_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+(?![A-Za-z_]))?")
_OPERATOR = re.compile(r"\*\*|<=|>=|!=|==|=<|=>|&&|\.T(?![A-Za-z0-9_])|\.\*\*|\.[*/^]|"
                       r"[-+*/^()\[\]{}|<>=,;:'&∂∇√∛_·⊙@‖∑∏∞ᵀᵗ𝟏⟨⟩]")
_LETTER = "A-Za-z" + "".join(GREEK)
_LATIN = "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_WORD = rf"[{_LETTER}{_LATIN}0-9₀-₉\u0302-\u0304\u0307]"
_NAME = re.compile(rf"[{_LETTER}{_LATIN}]{_WORD}*(?:_+{_WORD}+)*")
_BRACED = re.compile(r"_\{([A-Za-z0-9,]{1,12})\}")
_CANONICAL = {"==": "=", "=<": "<=", "=>": ">=", "&&": "&", ".*": "⊙", "./": "/", ".^": ".^", ".**": "**"}
WORDS = {"and": "&", "et": "&", "or": "or", "ou": "or", "not": "not", "non": "not"}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is num, name, op, sup (a raised integer) or end; `start` its place in the text, `end` behind it.

    Of a name, `text` is as typed, its subscript included: w_1, W_{ij}.
    """

    kind: str
    text: str
    start: int
    value: Fraction | None = None
    end: int = 0


def normal(text: str, lang: str = "en", extra: str = "") -> str:
    """NFC text within the limits. Raises LimitExceeded when longer than 4 kB, ParseError for an
    unwanted character, named; those in `extra` are welcome too.

    >>> normal("w₁·x")
    'w₁·x'
    """
    size = len(text.encode("utf-8", "surrogatepass")) if len(text) <= MAX_BYTES else len(text)
    if size > MAX_BYTES:
        raise LimitExceeded(say(lang, "too_long", got=size, limit=MAX_BYTES))
    composed = unicodedata.normalize("NFC", text)
    for place, char in enumerate(composed):
        if not _welcome(char) and char not in extra:
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
    if name.startswith("LATIN ") and char.isalpha():
        raise ParseError(say(lang, "letter", char=repr(char)), text, place)
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
        if text[place].isspace():
            place += 1
            continue
        if text[place] in SUBSCRIPT:
            tokens += _lowered(text, place)
        else:
            tokens.append(_token(text, place, lang))
        place = tokens[-1].end
    tokens.append(Token("end", "", len(text), end=len(text)))
    return tokens


def _token(text: str, place: int, lang: str) -> Token:
    char = text[place]
    if match := _NUMBER.match(text, place):
        return _number(match, lang)
    if match := _NAME.match(text, place):
        return _name(match, text, place)
    if char in SUPERSCRIPT:
        return _raised(text, place, lang)
    if char in ARROWS or _arrow(text, place):
        raise ParseError(say(lang, "arrow"), text, place)
    if char in SAME and char != "µ":
        return _same(char, place)
    if match := _OPERATOR.match(text, place):
        return Token("op", _CANONICAL.get(match[0], match[0]), place, end=match.end())
    dots = "…" if text.startswith("...", place) else char
    reason = {"!": "factorial", ".": "attribute", "…": "ellipsis"}.get(dots)
    if reason:
        raise ParseError(say(lang, reason), text, place)
    refuse_character(char, text, place, lang)


def _lowered(text: str, place: int) -> list[Token]:
    """A subscript that no name took, as of (W x)ᵢ: an underscore, and what stands below."""
    end = place
    while end < len(text) and text[end] in SUBSCRIPT:
        end += 1
    below = "".join(SUBSCRIPT[c] for c in text[place:end])
    value = Fraction(int(below)) if below.isdigit() and len(below) <= MAX_DIGITS else None
    return [Token("op", "_", place, end=place), Token("name" if value is None else "num", below, place, value, end)]


def _arrow(text: str, place: int) -> bool:
    """Whether -> or ==> or <=> stands here; => alone may be a clumsy ≥."""
    end = place
    while end < len(text) and end < place + 4 and text[end] in "<-=>":
        end += 1
    return text[place:end] in ("->", "-->", "==>", "<=>", "<->", "<==>")


def _same(char: str, place: int) -> Token:
    spelled = SAME[char]
    if spelled.startswith("("):
        return Token("num", spelled[1:-1], place, Fraction(spelled[1:-1]), place + 1)
    return Token("op", spelled, place, end=place + 1)


def _raised(text: str, place: int, lang: str) -> Token:
    end = place
    while end < len(text) and text[end] in SUPERSCRIPT:
        end += 1
    digits = "".join(SUPERSCRIPT[c] for c in text[place:end])
    if not re.fullmatch(r"[-+]?[0-9]{1,40}", digits):
        raise ParseError(say(lang, "expected_value", got=safe(repr(text[place:end]))), text, place)
    return Token("sup", digits, place, Fraction(int(digits)), end)


def _number(match: re.Match[str], lang: str) -> Token:
    mantissa, _, exponent = match[0].lower().partition("e")
    digits = len(mantissa.replace(".", ""))
    if digits > MAX_DIGITS:
        raise LimitExceeded(say(lang, "digits", got=digits, limit=MAX_DIGITS))
    if exponent and (len(exponent) > 6 or abs(int(exponent)) > MAX_EXPONENT10):
        raise LimitExceeded(say(lang, "exponent10", limit=MAX_EXPONENT10))
    value = Fraction(mantissa.rstrip(".")) * Fraction(10) ** int(exponent or 0)
    return Token("num", match[0], match.start(), value, match.end())


def _name(match: re.Match[str], text: str, place: int) -> Token:
    # w_{12}: what stands in the braces belongs to the name.
    braced = _BRACED.match(text, match.end())
    end = braced.end() if braced else match.end()
    return Token("name", text[place:end], place, end=end)


_DROPPED = str.maketrans("", "", "_^{}[](),")


def key(name: str) -> str:
    """What two spellings of one name share: Greek spelled out, marks as words, no underscores nor brackets.

    >>> key("ŷ_1") == key("y_hat1") == "yhat1", key("β₂"), key("W^{[2]}") == key("W_2")
    (True, 'beta2', True)
    """
    if name.isascii():
        return name.translate(_DROPPED)
    text = "".join(GREEK.get(c, SUBSCRIPT.get(c, MARKS.get(c, c))) for c in unicodedata.normalize("NFD", name))
    return text.translate(_DROPPED).replace("µ", "mu")
