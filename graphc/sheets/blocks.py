"""What a sheet is made of, whatever the format. Texts have mathematics between dollar signs."""

from __future__ import annotations

from dataclasses import dataclass

from ..drawing import Drawing


@dataclass(frozen=True)
class Title:
    """The head of the sheet, with room for a name and a date, or of its solution."""

    course: str
    title: str
    fields: tuple[str, ...]  # to be filled in by hand
    score: str = ""  # "Points: ____ / 10" on the right


@dataclass(frozen=True)
class Heading:
    text: str
    barrier: bool = False  # figures from before it do not come after it


@dataclass(frozen=True)
class Para:
    """One paragraph. `label` stands before it in bold: the number of a question or a step; `note` after it."""

    text: str
    label: str = ""
    note: str = ""
    small: bool = False
    lead: str = ""  # in bold, before the text
    keep: bool = False  # on one page with what follows


@dataclass(frozen=True)
class Display:
    """Equations under each other, aligned at `&`, one TeX line each."""

    lines: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Picture:
    drawing: Drawing
    scale: float
    number: int


@dataclass(frozen=True)
class Table:
    """A cell is its lines; a cell without lines is left to be filled in."""

    head: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], ...], ...]


@dataclass(frozen=True)
class Rules:
    """Lines to write on."""

    count: int


@dataclass(frozen=True)
class Boxes:
    """Boxes to write results in, each after its TeX label; `wide` ones have room for a formula."""

    labels: tuple[str, ...]
    wide: bool = False
    size: tuple[int, int] = (1, 1)  # rows and columns of numbers that a box has room for


@dataclass(frozen=True)
class Together:
    """Blocks that stay on one page."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class NewPage:
    pass


Block = Title | Heading | Para | Display | Picture | Table | Rules | Boxes | Together | NewPage


@dataclass(frozen=True)
class Paper:
    """A page in points, and its margins."""

    name: str
    width: float
    height: float
    margin: float = 54.0

    @property
    def text_width(self) -> float:
        return self.width - 2 * self.margin

    @property
    def text_height(self) -> float:
        return self.height - 2 * self.margin - 14.0  # the foot of the page


PAPERS = {p.name: p for p in (Paper("a4", 595.28, 841.89), Paper("letter", 612.0, 792.0))}
