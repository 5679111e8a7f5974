"""Every exception that graphc raises on purpose: one family, so that one `except` catches it."""

from __future__ import annotations


class GraphcError(Exception):
    """The root of the family. The text says who, what came, what is needed, and where it was declared."""


class ShapeError(GraphcError):
    """Shapes or ranks that do not fit together."""


class DTypeError(GraphcError):
    """An element type that an operation, an input or a derivative cannot take."""


class NoDerivative(GraphcError):
    """A derivative was asked for that an op does not have."""


class InputError(GraphcError):
    """A wrong name, value, option or path given by the caller."""


class LimitExceeded(GraphcError):
    """A bound on size or work was reached; the bound is named."""


class ParseError(GraphcError):
    """Text that cannot be read as a formula.

    `text` is what was read, `position` the character (from 0) where reading stopped;
    the message carries the line with a caret under that character.
    """

    def __init__(self, message: str, text: str = "", position: int | None = None) -> None:
        self.text, self.position, self.reason = text, position, message
        super().__init__(message if position is None else f"{message}\n{caret(text, position)}")


def caret(text: str, position: int) -> str:
    """Two lines: a window of `text` and a caret under its character `position`.

    >>> print(caret("w1 + * x", 5))
      w1 + * x
           ^
    """
    start = max(0, position - 60)
    window = "".join(c if c.isprintable() else "�" for c in text[start : start + 100])
    return f"  {window}\n  {' ' * (position - start)}^"


def choose(what: str, got: object, known: object) -> InputError:
    """An InputError for an unknown name, listing the known ones.

    >>> str(choose("style", "fsat", ["fast", "readable"]))
    "no style 'fsat'; choose from fast, readable"
    """
    return InputError(f"no {what} {got!r}; choose from {', '.join(map(str, known))}")  # type: ignore[call-overload]
