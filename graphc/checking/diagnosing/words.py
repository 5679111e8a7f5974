"""What is said of a mistake: the finding, and the names that nodes and functions go by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from ...formula import format_node
from ...ir import Expr
from ..deciding.from_graph import trees
from ..phrases import say
from ..reading.tree import show

_LONG = re.compile(r"\d\.\d{9}")

FUNCTIONS = {"sigmoid": "σ", "tanh": "tanh", "softplus": "softplus", "silu": "SiLU", "gelu": "GELU", "elu": "ELU",
             "leaky_relu": "leaky ReLU", "exp": "exp", "log": "ln", "sin": "sin", "cos": "cos", "sqrt": "√",
             "square": "(·)²", "power": "(·)^p", "tan": "tan", "absolute": "|·|", "relu": "ReLU",
             "arcsin": "arcsin", "arccos": "arccos", "arctan": "arctan", "sinh": "sinh", "cosh": "cosh",
             "reciprocal": "1/(·)"}


@dataclass(frozen=True)
class Finding:
    """A recognised mistake: a stable code, the node where it happened, and the sentence for the student."""

    kind: str
    where: str
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Words:
    """What a mistake is called before it is said: its code, its node, the phrase and what fills its holes."""

    kind: str
    where: str
    phrase: str
    parts: Mapping[str, str]

    def said(self, lang: str) -> str:
        return say(lang, self.phrase, **self.parts)

    def finding(self, lang: str, wrapped: str = "") -> Finding:
        """The finding; `wrapped` is a phrase around its sentence."""
        text = self.said(lang)
        return Finding(self.kind, self.where, say(lang, wrapped, text=text) if wrapped else text)


def words(kind: str, where: Expr | str, phrase: str = "", **parts: str) -> Words:
    """Words whose phrase is that of the kind unless told, with {node} filled in."""
    place = where if isinstance(where, str) else name_of(where)
    return Words(kind, place, phrase or kind, {"node": place, **parts})


@lru_cache(maxsize=1024)
def name_of(node: Expr) -> str:
    """How a student would call a node: its name, or its formula while that is short."""
    if node.label is not None:
        return node.label
    text = format_node(node, "unicode", limit=60, expand_root=True)
    if _LONG.search(text) and not node.ndim:  # 0.3333333333333333 is 1/3
        return show(trees([node])[node], limit=60)
    return text


# Names that courses give to the strength of a regularisation, whether it is declared as an input or not.
STRENGTHS = re.compile(r"(lam|lambda|λ|alpha|α|reg|decay|weight_decay|gamma|γ|rho|ρ|mu|μ|beta|β|C|l1|l2)[_0-9]*")


def penalties(chain_order: Iterable[Expr]) -> set[Expr]:
    """Nodes that no datum reaches: what is learned, constants, and the strength of a regularisation."""
    fed: set[Expr] = set()
    free: set[Expr] = set()
    for node in chain_order:
        datum = node.op.name == "input" and (node.ndim or not STRENGTHS.fullmatch(str(node.label)))
        (fed if datum or any(a in fed for a in node.args) else free).add(node)
    return free


class Use(Protocol):
    """An edge: operand `operand` of `user`."""

    @property
    def user(self) -> Expr: ...

    @property
    def operand(self) -> int: ...


def path_names(edges: Sequence[Use], lang: str) -> dict[Use, str]:
    """The users that edges go into; where two go into one, which operand."""
    uses = Counter(e.user for e in edges)
    return {e: name_of(e.user) if uses[e.user] == 1 or e.user.op.commutative
            else say(lang, "operand", place=str(e.operand + 1), node=name_of(e.user)) for e in edges}


def function_name(node: Expr) -> str:
    """How the function of a node is written."""
    return FUNCTIONS.get(node.op.name, node.op.name)
