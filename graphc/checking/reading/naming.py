"""Names in an answer: subscripts and layers that are part of one, elements of arrays, and runs of names."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NoReturn

from ..phrases import safe
from . import functions
from .names import cut, numbered, segmentations
from .stream import CLOSING, Stream
from .tokens import SUBSCRIPT, WORDS, Token, key, tokenize
from .totals import WORDS as WORDS_OF_SUMS
from .tree import Tree, const, delta, eye, index, num, sym

CONSTANTS = {"e": "e", "pi": "pi", "π": "pi", "Pi": "pi"}
DELTAS = frozenset({"δ", "delta"})
MAX_LETTERS = 4  # of a subscript such as ijkl whose array has an unknown number of axes
_PLAIN = re.compile(r"[^\W_]+")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")


# -- joining tokens -----------------------------------------------------------------------------------------


def joined(p: Stream) -> list[Token]:
    """The tokens with w, _, {12} made one name, W^{[2]} too, and words of logic made operators."""
    found: list[Token] = []
    place = 0
    while place < len(p.tokens):
        token = p.tokens[place]
        place += 1
        if token.kind == "name" and token.text in WORDS and not p.names.find(token.text):
            token = replace(token, kind="op", text=WORDS[token.text])
        elif token.text == "{" and p.tokens[place].text == "}" and (start := _turn(p, place + 1)):
            token, place = replace(token, text="{}^t", end=p.tokens[place + 1].end), start
        elif token.kind == "name":
            token, place = _subscripted(p, token, place)
            token, place, turned = _layered(p, token, place)
            token, place = _subscripted(p, token, place)
            found += [token, *turned]
            continue
        found.append(token)
    return found


def _turn(p: Stream, place: int) -> int:
    """Where A begins in ^tA, ^{t}A, what stands behind t made a token of its own; 0 where no such t stands."""
    if p.tokens[place].text != "^" or p.tokens[place].kind != "op":
        return 0
    braces = p.tokens[place + 1].text == "{"
    token = p.tokens[place + 1 + braces]
    if token.kind != "name" or token.text[0] not in "tT":
        return 0
    if braces:
        return place + 4 if token.text in ("t", "T") and p.tokens[place + 3].text == "}" else 0
    if len(token.text) == 1:
        return place + 2
    p.tokens[place + 1] = replace(token, text=token.text[1:], start=token.start + 1)
    return place + 1


def _subscripted(p: Stream, token: Token, place: int) -> tuple[Token, int]:
    """w _ {12} as the name w_{12}, where only letters, digits and commas stand below."""
    if p.tokens[place].text != "_" or p.tokens[place].kind != "op":
        return token, place
    first = p.tokens[place + 1]
    if first.kind in ("name", "num") and _PLAIN.fullmatch(first.text):
        return replace(token, text=f"{token.text}_{{{first.text}}}", end=first.end), place + 2
    if first.text != "{" or first.kind != "op":
        return token, place
    end = place + 2
    while p.tokens[end].kind in ("name", "num") or p.tokens[end].text == ",":
        end += 1
    inner = "".join(t.text for t in p.tokens[place + 2 : end])
    if p.tokens[end].text != "}" or not _PLAIN.fullmatch(inner.replace(",", "")):
        return token, place
    return replace(token, text=f"{token.text}_{{{inner}}}", end=p.tokens[end].end), end + 1


def _layered(p: Stream, token: Token, place: int) -> tuple[Token, int, list[Token]]:
    """W^{[2]} as one name; x^{(2)} where that is declared; of W^{[2]T} the transpose stands apart."""
    if p.tokens[place].text != "^" or p.tokens[place].kind != "op":
        return token, place, []
    braces = p.tokens[place + 1].text == "{"
    opening = p.tokens[place + 1 + braces]
    if opening.kind != "op" or opening.text not in ("[", "(") or (opening.text == "(" and not braces):
        return token, place, []
    end = start = place + 2 + braces
    while end < start + 4 and (p.tokens[end].kind in ("name", "num") or p.tokens[end].text in ("+", "-")):
        end += 1
    if p.tokens[end].text != CLOSING[opening.text] or end == start:
        return token, place, []
    inside = "".join(t.text for t in p.tokens[start:end])
    end += 1
    turned = [replace(p.tokens[end], kind="op", text="ᵀ")] if braces and p.tokens[end].text in ("T", "ᵀ") else []
    end += len(turned)
    if braces and p.tokens[end].text != "}":
        return token, place, []
    return _named_layer(p, token, place, f"^{{{opening.text}{inside}{CLOSING[opening.text]}}}", end + braces, turned)


def _named_layer(p: Stream, token: Token, place: int, layer: str, end: int,
                 turned: list[Token]) -> tuple[Token, int, list[Token]]:
    name, subscript = token.text, ""
    base = cut(name)
    if base and not p.names.find(name + layer) and p.names.find(base[0] + layer):
        name, subscript = base[0], f"_{{{base[1]}}}"
    known = p.names.find(name + layer)
    if layer.startswith("^{(") and not known:
        if p.names.array(name) is not None:
            p.fail("layer_or_power", name=safe(name + layer), inner=layer[3:-2], base=safe(name), place=token.start)
        return token, place, []
    text = name + layer + subscript
    return replace(token, text=text, end=p.tokens[end - 1].end), end, turned


# -- reading a name -----------------------------------------------------------------------------------------


def declared(p: Stream, text: str) -> list[str]:
    """The names that a text can stand for here; the index of a sum around comes first."""
    return [text] if text in p.bound else p.names.find(text)


def symbol(p: Stream, name: str) -> Tree:
    return sym(name, name in p.names.arrays and name not in p.bound)


def known_symbol(p: Stream) -> Tree | None:
    """The declared name, or the element of a declared array, that stands here."""
    token = p.here
    found = declared(p, token.text)
    element = _element(p, token.text)
    if len(found) > 1:
        p.fail("twin_names", name=safe(token.text), one=found[0], two=found[1])
    if found and element and found[0] != token.text:
        p.fail("twin_names", name=safe(token.text), one=found[0], two=f"{element[0]}[{element[1]}]")
    if found:
        p.at += 1
        return symbol(p, found[0])
    if token.text.startswith(("δ_", "delta_")) and (kronecker := _kronecker(p, token, element)):
        return kronecker
    if element:
        indices = subscript_indices(p, token, element[0], element[1])
        p.at += 1
        return index(sym(element[0], True), *indices)
    return None


def _element(p: Stream, text: str) -> tuple[str, str] | None:
    """The array and the subscript of x_i, W_{ij}, and of x1 where only x is declared."""
    parts = cut(text) or (None if p.declare and text.isascii() else numbered(text))
    name = p.names.array(parts[0]) if parts else None
    return (name, parts[1]) if parts and name is not None and name not in p.bound else None


def _kronecker(p: Stream, token: Token, element: tuple[str, str] | None) -> Tree | None:
    parts = cut(token.text)
    axes = p.names.arrays.get(element[0]) if element else 0
    if parts is None or parts[0] not in DELTAS or (element and (axes is None or axes > 1)):
        return None
    indices = _parted(p, token, parts[1], 2)
    if len(indices) != 2:
        if element:
            return None
        p.fail("kronecker", name=safe(token.text), place=token.start)
    p.at += 1
    return delta(*(_index(p, token, i) for i in indices))


def special(p: Stream) -> Tree | None:
    """δ_{i,j+1}; I, I_n and I_{n+1}, where arrays are declared and I is not."""
    token = p.here
    if not p.names.arrays:
        return None
    if token.text in (*DELTAS, "I") and p.is_op("_", 1) and p.is_op("{", 2):
        p.at += 1
        indices = _listed(p)
        if len(indices) != (1 if token.text == "I" else 2):
            p.fail("kronecker" if token.text != "I" else "eye", name=safe(token.text), place=token.start)
        return eye(*indices) if token.text == "I" else delta(*indices)
    if token.text == "I" and not (p.opens(1) and _at(p, 1).condition_follows()):
        p.at += 1
        return eye()
    parts = cut(token.text)
    if parts and parts[0] == "I":
        p.at += 1
        return eye(_index(p, token, parts[1]))
    return None


def _at(p: Stream, steps: int) -> Stream:
    """The same stream a few tokens on, for a look ahead."""
    there = Stream(p.text, p.tokens, p.names, p.lang, p.declare)
    there.at = p.at + steps
    return there


def constant(p: Stream) -> Tree | None:
    name = CONSTANTS.get(p.here.text)
    if name is None:
        return None
    p.at += 1
    return const(name)


# -- subscripts ---------------------------------------------------------------------------------------------


def subscript_indices(p: Stream, token: Token, name: str, text: str) -> list[Tree]:
    """The indices that stand below an array: ij, i,j, 12."""
    axes = p.names.arrays.get(name)
    return [_index(p, token, part) for part in _parted(p, token, text, axes)]


def _parted(p: Stream, token: Token, text: str, axes: int | None) -> list[str]:
    text = "".join(SUBSCRIPT.get(c, c) for c in text)
    if "," in text:
        return text.split(",")
    if len(text) == 1 or declared(p, text):
        return [text]
    if text.isdigit() and axes is None:
        p.fail("index_digits", name=safe(token.text), one=",".join(text), two=text, place=token.start)
    if text.isdigit() and axes != len(text):
        return [text]
    if len(text) > (axes or MAX_LETTERS):
        unknown(p, token)
    return list(text)


def _index(p: Stream, token: Token, text: str) -> Tree:
    if text.isdigit():
        return num(int(text))
    found = declared(p, text)
    if len(found) == 1:
        return symbol(p, found[0])
    if len(text) == 1 and text.isalpha():
        return sym(text)
    if not text:
        p.fail("index", name=safe(token.text), place=token.start)
    return unknown(p, replace(token, text=text))


def subscript(p: Stream, base: Tree) -> Tree:
    """(W x)_i, x_{i,j+1}: the indices that follow an underscore."""
    p.at += 1
    token = p.here
    if token.kind in ("name", "num") and _PLAIN.fullmatch(token.text):
        parts = _parted(p, token, token.text, 2 if token.kind == "num" and len(token.text) == 2 else None)
        p.at += 1
        return index(base, *(_index(p, token, part) for part in parts))
    if not p.is_op("{"):
        p.unexpected("expected_value")
    p.at += 1
    if (simple := _simple(p)) is not None:
        return index(base, *(_index(p, token, part) for part in _parted(p, token, simple, None)))
    p.at -= 2
    return index(base, *_listed(p))


def _listed(p: Stream) -> list[Tree]:
    """The indices of _{i, j+1}."""
    p.at += 1
    opening = p.here
    p.at += 1
    with p.inside(decimal=False, letters=True, listing=True):
        indices = [_slice_or_index(p)]
        while p.take(","):
            indices.append(_slice_or_index(p))
    p.close(opening, "}")
    return indices


def _simple(p: Stream) -> str | None:
    """The letters of {ij}, taken whole."""
    inner, closing = p.here, p.ahead(1)
    if inner.kind != "name" or closing.text != "}" or not _PLAIN.fullmatch(inner.text):
        return None
    p.at += 2
    return inner.text


def bracket_index(p: Stream, base: Tree) -> Tree | None:
    """x[0], W[i, :]: elements counted from 0. None where the brackets group, as in W[a + b]."""
    opening, start, apart = p.here, p.at, not p.adjacent()
    if p.condition_follows():
        return None
    p.at += 1
    with p.inside(decimal=False, letters=True, listing=True):
        indices = [_slice_or_index(p)]
        while p.take(","):
            indices.append(_slice_or_index(p))
    p.close(opening, "]")
    known, letters = _names_in(p, indices)
    if not known and not apart:
        return index(base, *indices, start=0)
    compound = indices[0].shaped or (known and indices[0].head != "sym")
    if len(indices) == 1 and compound and not letters:
        p.read_already(start, indices[0])
        return None
    return p.fail("index_or_product", place=opening.start)


def _slice_or_index(p: Stream) -> Tree:
    if p.take(":"):
        return sym(":")
    found = p.expression(0)
    if p.is_op(":"):
        p.fail("slice")
    return found


def _names_in(p: Stream, trees: list[Tree]) -> tuple[bool, bool]:
    """Whether declared names occur, and letters that nobody declared; indices of the sums around are neither."""
    stack, known, letters = list(trees), False, False
    while stack:
        node = stack.pop()
        stack += node.args
        if node.head == "sym" and node.value not in p.bound:
            declared_one = bool(p.names.find(str(node.value)))
            known, letters = known or declared_one, letters or not (declared_one or node.value == ":")
    return known, letters


def letter(p: Stream) -> Tree:
    """An index that is neither declared nor bound."""
    p.at += 1
    return sym(p.tokens[p.at - 1].text)


# -- names that nobody declared -----------------------------------------------------------------------------


def declare(p: Stream) -> Tree:
    """Any name is a symbol, where a text declares its own."""
    token = p.here
    if not _IDENTIFIER.fullmatch(token.text.replace("{", "").replace("}", "")):
        p.fail("unknown_name", name=safe(token.text), known="")
    if p.is_op("(", 1) and p.ahead(1).start == token.end and len(token.text) > 2:
        p.fail("unknown_function", name=safe(token.text), known=", ".join(sorted(functions.NAMES)))
    p.at += 1
    return sym(token.text.replace("{", "").replace("}", ""))


def split(p: Stream) -> None:
    """Replace a run such as `w1x1` by the names it is made of; refuse it when that is none or many."""
    token = p.here
    ways = runs(p, token.text)
    if not ways:
        unknown(p, token)
    if len(ways) > 1:
        one, two = ("·".join(w) for w in ways)
        p.fail("ambiguous_name", name=safe(token.text), one=one, two=two)
    place, parts = token.start, []
    for text in ways[0]:
        parts.append(Token("name", text, place, end=place + len(text)))
        place += len(text)
    parts[-1] = replace(parts[-1], end=token.end)
    p.tokens[p.at : p.at + 1] = parts


def runs(p: Stream, text: str) -> list[list[str]]:
    """At most two ways to cut a run into declared names, elements, constants, and a last function name."""

    def piece(part: str, start: int) -> bool:
        if len(p.names.find(part)) == 1 or part in CONSTANTS:
            return True
        if part in p.bound:
            return "_" not in text[:start]  # of W_ijx_j the j belongs to W
        last = start + len(part) == len(text)
        return _is_element(p, part) or (last and start > 0 and is_function(p, part))

    return segmentations(text, piece, lambda part: bool(p.names.find(part)) or _is_element(p, part))


def _is_element(p: Stream, text: str) -> bool:
    found = _element(p, text)
    return found is not None and len(found[1]) <= (p.names.arrays[found[0]] or 2)


def unknown(p: Stream, token: Token) -> NoReturn:
    if p.is_op("(", 1) and p.ahead(1).start == token.end and len(token.text) > 2:
        p.fail("unknown_function", name=safe(token.text), known=", ".join(sorted(functions.NAMES)),
               place=token.start)
    if token.text in WORDS_OF_SUMS:
        p.fail("total_index", name=safe(token.text), place=token.start)
    following = p.ahead(1)
    words = len(token.text) > 2 and token.text.isalpha() and following.kind == "name" and len(following.text) > 1
    if words and not p.names.find(following.text) and not runs(p, following.text):
        p.fail("words", name=safe(token.text), place=token.start)
    p.fail("unknown_name", name=safe(token.text), known=", ".join(p.names.exact) or "—", place=token.start)


# -- which names are functions ------------------------------------------------------------------------------


def function_of(text: str) -> str | None:
    """The function of numbers that a spelling names."""
    plain = text.replace("{", "").replace("}", "")
    return functions.function_named(plain) or functions.function_named(key(plain))


def is_function(p: Stream, text: str) -> bool:
    """Whether a name at this place is a function: by what follows, where the name is short."""
    if function_of(text) is None:
        return False
    if any(p.is_op(sign, 1) for sign in "('[_"):
        return True
    if p.lang == "fr" and text in functions.FRENCH_BARE and p.ahead(1).kind in ("num", "name"):
        return True
    return key(text) not in functions.SHORT and text.lower() not in functions.SHORT


def array_function(p: Stream) -> str | None:
    """The function of arrays that stands here: before a bracket, or bare before the name of an array."""
    name = functions.array_function_named(p.here.text)
    if name is None:
        return None
    if p.is_op("(", 1) or p.is_op("⟦", 1):
        return name
    bare = name in functions.BARE_ARRAY and p.ahead(1).kind == "name" and p.names.array(p.ahead(1).text) is not None
    return name if bare else None


def head_of(p: Stream, token: Token, head: str) -> None:
    """Cut the first letter off the name that stands here: T of Ty, t of tA."""
    rest = token.text[len(head) :]
    first = replace(token, text=head, end=token.start + len(head))
    following = [replace(t, start=t.start + first.end, end=t.end + first.end) for t in tokenize(rest, p.lang)[:-1]]
    p.tokens[p.at : p.at + 1] = [first, *following]
