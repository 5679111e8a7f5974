"""The graph: `Op` (a row of the op table) and `Expr` (an immutable, interned node).

Interned means that `node(ADD, a, b) is node(ADD, a, b)`: common subexpressions cost nothing, and
identity is equality. Nodes are held weakly, so a graph that nobody keeps is freed.
Operators on `Expr` look their row up in `OPS` by name; the rows themselves live in `ops/`.
"""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from .building import PLACE, building, caller
from .constant import Constant, Init, check_name, constant_of, weak_constant
from .dims import Dim, Size
from .errors import DTypeError, GraphcError, InputError, ShapeError
from .formula import Form, call, format_node, size_texts
from .operators import OPS, Operators
from .scopes import CURRENT, Instance
from .traversal import consumers, postorder, to_networkx
from .types import DTYPES, TensorType, TupleType, as_dtype, as_shape

__all__ = [
    "BOUND", "ITEM", "LEAVES", "OPS", "TUPLE", "VARIABLES", "Constant", "Expr", "Init", "Op", "building", "check_name",
    "const", "consumers", "item", "lift", "number", "postorder", "size_node", "to_networkx", "variable", "variables",
]  # fmt: skip


TypeRule = Callable[..., TensorType]
Pullback = Callable[..., "tuple[Expr | None, ...]"]
Pushforward = Callable[..., "Expr | None"]


@dataclass(frozen=True, eq=False)
class Op:
    """One row of the op table: everything that graphc knows of an operation.

    `type_of(*types, **attrs)` gives the result's type; `pullback(g, y, *xs, **attrs)` the cotangent of
    each operand (None for none), shapes before broadcasting being restored by `backward`;
    `pushforward(t, y, *xs, **attrs)` the tangent from the operands' tangents `t`, of which those that
    are zero come as None. `numpy` is a template over operands and attributes, or a function of
    the node that gives one. `singular` marks a local derivative that may be infinite where the value is finite.
    """

    name: str
    type_of: TypeRule
    pullback: Pullback | None = None
    pushforward: Pushforward | None = None
    numpy: str | Callable[[Expr], str] = ""
    sympy: Callable[..., Any] | None = None
    form: Form = field(default_factory=lambda: call("?"))
    form_attrs: Callable[[Expr], dict[str, str]] | None = None
    attrs: tuple[str, ...] = ()
    prepare: Callable[..., tuple[Any, ...]] | None = None  # (operands, **given) -> attribute values
    # Sources of the small functions that the NumPy spelling calls, each a whole `def` of its own: one, several
    # of which later ones call earlier ones, or a function of the node that gives them.
    helper: str | tuple[str, ...] | Callable[[Expr], tuple[str, ...]] = ()
    elementwise: bool = False
    commutative: bool = False
    singular: bool = False
    view: bool = False  # the NumPy result may share memory with its first operand
    cost: int = 1  # of one element, an addition being 1

    def __post_init__(self) -> None:
        assert self.name not in OPS, f"two rows called {self.name}"
        OPS[self.name] = self

    def __call__(self, *operands: Any, **given: Any) -> Expr:
        """A node of this op. Python and NumPy numbers and arrays become constants."""
        for a in operands:
            if type(a) is not Expr:
                operands = tuple([a if isinstance(a, Expr) else lift(a, self.name) for a in operands])
                break
        if self.prepare is None:
            return self.make(operands, tuple([given[k] for k in self.attrs]) if given else ())
        try:
            attrs = self.prepare(operands, **given)
        except (ShapeError, DTypeError) as error:
            raise type(error)(_blame(self, operands, error)) from None
        return self.make(operands, attrs)

    def make(self, args: tuple[Expr, ...], attrs: tuple[Any, ...] = (), label: str | None = None) -> Expr:
        """The node with these operands and these (already prepared) attributes."""
        pair = len(args) == 2  # as most have: written out, the key takes a third of the time
        key = (self.name, label, attrs, id(args[0]), id(args[1])) if pair else (self.name, label, attrs, *map(id, args))
        found = _TABLE.get(key)
        if found is not None:
            node = found()
            if node is not None:
                return node
        return _intern(key, self, args, attrs, label, self._type(args, attrs))

    def _type(self, args: tuple[Expr, ...], attrs: tuple[Any, ...]) -> TensorType:
        try:
            if attrs:
                return self.type_of(*[a.type for a in args], **dict(zip(self.attrs, attrs)))
            return self.type_of(args[0].type, args[1].type) if len(args) == 2 else self.type_of(*[a.type for a in args])
        except (ShapeError, DTypeError) as error:
            raise type(error)(_blame(self, args, error)) from None

    def named_attrs(self, node: Expr) -> dict[str, Any]:
        return dict(zip(self.attrs, node.attrs)) if self.attrs else {}

    def helpers(self, node: Expr | None = None) -> tuple[str, ...]:
        """The sources of the functions that the spelling of `node` calls; without a node, those of every node."""
        if callable(self.helper):
            return () if node is None else self.helper(node)
        return (self.helper,) if isinstance(self.helper, str) else self.helper

    def form_of(self, node: Expr) -> tuple[str, str, str]:
        """The three templates of this node with the attributes filled in, operands still open."""
        texts = (self.form.text, self.form.unicode, self.form.latex)
        if self.form_attrs is None:
            return texts
        filled = self.form_attrs(node)
        text, uni, tex = (filled.get(k) or t for k, t in zip(("text", "unicode", "latex"), texts))
        return text, uni, tex

    def __repr__(self) -> str:
        return f"<op {self.name}>"


def _blame(op: Op, args: Sequence[Expr], error: GraphcError) -> str:
    sign = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**", "matmul": "@"}
    joint = f" {sign.get(op.name, 'and')} "
    places = "; ".join(dict.fromkeys(f"{_who(a)} declared at {a.place}" for a in args if a.where))
    operands = joint.join(f"{_who(a)} {a.type}" for a in args)
    return ": ".join(filter(None, (op.name, operands, str(error)))) + (f" ({places})" if places else "")


def _who(node: Expr) -> str:
    """A short name for a node in an error: its own, or its formula while that is short."""
    if node.label is not None:
        return node.label
    text = format_node(node, limit=40)
    return text if len(text) <= 40 and "…" not in text else f"{node.op.name}(…)"


class _Fields:
    """The fields of a node while it is made: filled in here and then turned into an Expr, which cannot be set,
    a node takes a third of the time that the setters of its slots take."""

    __slots__ = ("__weakref__", "args", "attrs", "label", "op", "serial", "type", "where", "within")
    op: Op
    args: tuple[Expr, ...]
    attrs: tuple[Any, ...]
    label: str | None
    type: TensorType
    where: tuple[str, int] | None
    serial: int  # counts the nodes as they are made
    within: Instance | None  # the run of a scope it was made in


class Expr(_Fields, Operators):
    """A node of the graph: an op, its operands, its type. Immutable, hashable, compared by identity.

    Comparisons build nodes, so `bool(expr)` is an error; ask `a is b` whether two nodes are the same.
    `expr.type` has the shape and dtype, `expr.where` the file and line of its declaration.
    """

    __slots__ = ()
    __hash__ = object.__hash__

    def __new__(cls, *_: Any) -> Expr:
        raise InputError("an Expr is made by G.input, G.param, G.const or an operation on others")

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"an Expr is immutable; .named() gives a copy with a name (tried to set {name})")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"an Expr is immutable (tried to delete {name})")

    # -- description ------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[Size, ...]:
        """Sizes of the axes: ints and named sizes."""
        return self.type.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Element type, as NumPy's."""
        return np.dtype(self.type.dtype)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.type.shape)

    @property
    def size(self) -> Size:
        """Number of elements."""
        return self.type.size

    @property
    def name(self) -> str | None:
        """The name of an input, a parameter, or a value named with `.named`; else None."""
        return self.label

    @property
    def place(self) -> str:
        """`file:line` of the declaration."""
        return "unknown" if self.where is None else f"{os.path.basename(self.where[0])}:{self.where[1]}"

    @property
    def scope(self) -> tuple[str, ...]:
        """Titles of the scopes it was made in (`G.scope`), the outermost first."""
        return () if self.within is None else self.within.path

    def named(self, name: str) -> Expr:
        """The same value under a name, which figures, formulas, emitted code and errors then use.

        Raises InputError for a name that is not an identifier, or on an input or a parameter.
        """
        if self.op.name in LEAVES and self.op is not BOUND:
            raise InputError(f"{self.op.name} {self.label} has its name already; cannot rename it {name!r}")
        return self.op.make(self.args, self.attrs, check_name(name))

    def __repr__(self) -> str:
        head = f"{self.label} = " if self.label is not None and self.op.name not in LEAVES else ""
        if not self.args:
            return f"<{self.op.name} {_who(self)}: {self.type}>"
        return f"<{head}{self.op.name}({', '.join(_brief(a) for a in self.args[:4])}): {self.type}>"

    def __str__(self) -> str:
        return format_node(self, limit=2000)

    def _repr_latex_(self) -> str:
        return f"${format_node(self, 'latex', limit=4000)}$"

    # -- Python's protocols ---------------------------------------------------------------------------

    def __bool__(self) -> bool:
        raise GraphcError(
            f"the truth of {_who(self)} {self.type} is not known while the graph is declared; "
            "use G.where(condition, a, b), or `a is b` to ask whether two nodes are the same"
        )

    def __iter__(self) -> Iterator[Expr]:
        if self.ndim == 0:
            raise ShapeError(f"{_who(self)} {self.type} is a scalar and cannot be iterated over")
        length = self.shape[0]
        if not isinstance(length, int):
            raise ShapeError(f"{_who(self)} {self.type} cannot be unrolled: its length {length} is not a number")
        return (self[i] for i in range(length))

    def __len__(self) -> int:
        if self.ndim == 0 or not isinstance(self.shape[0], int):
            raise ShapeError(f"{_who(self)} {self.type} has no length that is a number")
        return self.shape[0]

    def __float__(self) -> float:
        raise GraphcError(f"{_who(self)} {self.type} has no value yet; use G.evaluate or G.compile")

    __int__ = __index__ = __float__

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Expr:
        """`np.exp(x)` and `array * x` are the rows of those names."""
        if method != "__call__" or options or ufunc.__name__ not in OPS.complete():
            raise GraphcError(f"np.{ufunc.__name__} cannot take the graph node {_who(self)} {self.type} so; "
                              "use the G. function of that name where there is one")
        return OPS[ufunc.__name__](*operands)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> NoReturn:
        raise GraphcError(f"np.{function.__name__} cannot take a graph node; use G.{function.__name__}")

    def to_networkx(self) -> Any:
        """The graph under this node as a `networkx.MultiDiGraph`; see `G.to_networkx`."""
        return to_networkx(self)

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise GraphcError(f"{_who(self)} {self.type} is a graph node, not an array; use the G. function of that name")

    def __copy__(self) -> Expr:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Expr:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        order = postorder([self])
        index = {node: i for i, node in enumerate(order)}
        rows = [(n.op.name, tuple(index[a] for a in n.args), n.attrs, n.label, n.where) for n in order]
        declared = sorted((n for n in order if n.op.name in VARIABLES), key=lambda n: n.serial)
        return _rebuild, (rows, [index[n] for n in declared])

    # -- the usual methods, as NumPy's ------------------------------------------------------------------

    @property
    def T(self) -> Expr:
        """All axes reversed."""
        return OPS["transpose"](self, axes=None)

    @property
    def mT(self) -> Expr:
        """The last two axes exchanged."""
        if self.ndim < 2:
            raise ShapeError(f"mT: {_who(self)} {self.type} needs two dimensions or more")
        return OPS["transpose"](self, axes=(*range(self.ndim - 2), self.ndim - 1, self.ndim - 2))

    def transpose(self, *axes: Any) -> Expr:
        """Axes in another order, given one by one or as a tuple; reversed by default."""
        order = axes[0] if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (tuple, list))) else axes
        return OPS["transpose"](self, axes=order or None)

    def reshape(self, *shape: Any) -> Expr:
        """The same elements in another shape, given one by one or as a tuple; one size may be -1."""
        new = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        return OPS["reshape"](self, shape=new)

    def ravel(self) -> Expr:
        """All elements in one axis."""
        return OPS["reshape"](self, shape=(-1,))

    def astype(self, dtype: Any) -> Expr:
        """The value in another of the five dtypes; a float cast to a float keeps its derivative."""
        return OPS["astype"](self, dtype=dtype)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Expr:
        """As `G.sum`."""
        return OPS["sum"](self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Expr:
        """As `G.mean`."""
        return OPS["mean"](self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Expr:
        """As `G.max`."""
        return OPS["max"](self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Expr:
        """As `G.min`."""
        return OPS["min"](self, axis=axis, keepdims=keepdims)


def _brief(node: Expr) -> str:
    if node.label is not None:
        return node.label
    return _who(node) if not node.args else f"{node.op.name}(…)"


# -- interning ---------------------------------------------------------------------------------------


class _Ref(weakref.ref[Expr]):
    __slots__ = ("key",)
    key: tuple[Any, ...]


# The key holds the operands' identities: they live as long as the node that the entry stands for.
_TABLE: dict[tuple[Any, ...], _Ref] = {}
_LOCK = threading.RLock()
_SERIAL = itertools.count()


def _intern(key: tuple[Any, ...], op: Op, args: tuple[Expr, ...], attrs: tuple[Any, ...],
            label: str | None, type_: TensorType, fresh: bool = False) -> Expr:
    where = PLACE.where
    made: Any = _Fields()
    made.op, made.args, made.attrs, made.label, made.type = op, args, attrs, label, type_
    made.where = caller() if where is None else where
    made.serial, made.within = next(_SERIAL), CURRENT.get()
    made.__class__ = Expr
    node: Expr = made
    ref = _Ref(node, _forget)
    ref.key = key
    if not attrs and _TABLE.setdefault(key, ref) is ref:  # of texts and numbers alone, it is one step to the threads
        return node
    with _LOCK:
        other = _TABLE.get(key)
        twin = other() if other is not None and not fresh else None
        if twin is not None:
            return twin
        _TABLE[key] = ref
    return node


def _forget(ref: weakref.ref[Expr]) -> None:
    if _TABLE.get(ref.key) is ref:  # type: ignore[attr-defined]
        del _TABLE[ref.key]


def _rebuild(rows: Sequence[tuple[Any, ...]], declared: Sequence[int]) -> Expr:
    """The last of the rows as a node. A variable is the one of its name and type that lives here, if any;
    new ones are declared in their old order."""
    nodes: dict[int, Expr] = {}
    with building():
        for i in (*declared, *range(len(rows))):
            name, args, attrs, label, PLACE.where = rows[i]
            if name in VARIABLES:
                dtype, shape, *init = attrs
                nodes[i] = variable(OPS[name], label, shape, dtype, *init, declare=False)
            else:
                nodes[i] = OPS[name].make(tuple([nodes[a] for a in args]), attrs, label)
    return nodes[len(rows) - 1]


# -- leaves --------------------------------------------------------------------------------------------


def _leaf_type(dtype: str, shape: tuple[Size, ...], *_: Any, **__: Any) -> TensorType:
    return TensorType(shape, dtype)


INPUT = Op("input", _leaf_type, attrs=("dtype", "shape"))
PARAM = Op("param", _leaf_type, attrs=("dtype", "shape", "init"))
CONST = Op("const", lambda value, weak: TensorType(value.value.shape, value.value.dtype.name, weak),
           attrs=("value", "weak"))
# A size as a number in the graph, such as the N that a mean divides by: a Python int when it runs.
SIZE = Op(
    "size",
    type_of=lambda size: TensorType((), "int64", weak=True),
    attrs=("size",),
    numpy=lambda node: str(node.attrs[0]),
    form=Form("?", "?", "?"),
    form_attrs=lambda node: size_texts(str(node.attrs[0])),
)
# What a scan hands to its step: a carry, an element of a sequence, a value from outside. It stands in the body of
# a scan only; `token` tells the leaves of one trace from those of another, and is 0 once the body is closed.
BOUND = Op(
    "bound",
    lambda dtype, shape, kind, index, token, weak: TensorType(shape, dtype, weak),
    attrs=("dtype", "shape", "kind", "index", "token", "weak"),
    form=Form("?", "?", "?"),
    form_attrs=lambda node: dict.fromkeys(("text", "unicode", "latex"), f"{node.attrs[2]}{node.attrs[3]}"),
)
LEAVES = frozenset({"input", "param", "const", "size", "bound"})
VARIABLES = frozenset({"input", "param"})


def variable(op: Op, name: object, shape: Sequence[object], dtype: object, init: Any = None, *,
             declare: bool = True) -> Expr:
    """A new input or parameter; with `declare=False`, the one of this name and type that was declared
    last and still lives, if there is one."""
    label = check_name(name)
    who = f"{op.name} {label}"
    try:
        known = type(dtype) is str and dtype in DTYPES
        attrs: tuple[Any, ...] = (dtype if known else as_dtype(dtype), as_shape(shape, who))
    except DTypeError as error:
        raise DTypeError(f"{who}: {error}") from None
    key = (op.name, label, *attrs)
    other = _TABLE.get(key) if not declare else None
    node = other() if other is not None else None
    if node is not None:
        return node
    if op is PARAM:
        attrs += (init if init is None or isinstance(init, Init) else Init(init),)
    return _intern(key, op, (), attrs, label, _leaf_type(*attrs), fresh=True)


def same_variable(w: Expr, known: Mapping[str, Expr]) -> Expr:
    """`w`, or of the known variables the one of its name and type: a cell of a notebook that is run again
    declares its inputs again. Raises InputError when only the name is the same."""
    v = known.get(w.label or "", w)
    if v is w or w.op.name not in VARIABLES:
        return w
    if v.type is not w.type:
        raise _twice(v, w)
    return v


def const(value: Any, name: str | None = None) -> Expr:
    """A constant node from an array or NumPy scalar (copied, with its own dtype)."""
    return CONST.make((), (constant_of(value), False), None if name is None else check_name(name))


def number(value: float) -> Expr:
    """A weak constant from a Python number: it takes the dtype of its company."""
    return CONST.make((), (weak_constant(value), True))


def lift(value: Any, who: str = "graphc") -> Expr:
    """`value` as a node: an Expr as it is, a Python number or a named size weak, an array with its dtype.

    Raises DTypeError for anything else.
    """
    if isinstance(value, Expr):
        return value
    if isinstance(value, (bool, int, float)) and not isinstance(value, np.generic):
        return number(value)
    if isinstance(value, Dim):
        return size_node(value)
    if isinstance(value, (np.ndarray, np.generic, list, tuple)):
        try:
            return const(value)
        except (ValueError, GraphcError) as error:
            raise DTypeError(f"{who}: {error}") from None
    raise DTypeError(f"{who} takes graph nodes, numbers and arrays, got {type(value).__name__} {str(value)[:60]!r}")


def size_node(size: Size) -> Expr:
    """A size as a weak number: a constant, or a SIZE node for a named one."""
    return number(size) if isinstance(size, int) else SIZE.make((), (size,))


# -- several results ------------------------------------------------------------------------------------------

# One result of a node of TupleType. Its cotangent goes to that node as it is: `backward` gathers those of all results.
ITEM = Op(
    "item",
    type_of=lambda results, index: results.items[index],
    pullback=lambda g, y, results, index: (g,),
    pushforward=lambda t, y, results, index: item(t[0], index),
    numpy="{0}[{index}]",
    form=Form("{0}[?]", "{0}[?]", "{0}[?]"),
    form_attrs=lambda node: dict.fromkeys(("text", "unicode", "latex"), f"{{0}}[{node.attrs[0]}]"),
    attrs=("index",),
    view=True,
    cost=0,
)
# Several values as one, where a rule has to give the tangent or the adjoint of a node of TupleType.
TUPLE: Op = Op(
    "tuple",
    type_of=lambda *items: TupleType(items),
    pullback=lambda g, y, *xs: g,
    pushforward=lambda t, y, *xs: None if None in t else TUPLE(*t),
    numpy=lambda node: f"({', '.join(f'{{{i}}}' for i in range(len(node.args)))},)",
    form=Form("(?)", "(?)", "(?)"),
    form_attrs=lambda node: dict.fromkeys(("text", "unicode", "latex"),
                                          f"({', '.join(f'{{{i}}}' for i in range(len(node.args)))})"),
    cost=0,
)


def item(node: Expr, index: int) -> Expr:
    """Result `index` of a node of TupleType."""
    return node.args[index] if node.op is TUPLE else ITEM.make((node,), (index,))


# -- names ------------------------------------------------------------------------------------------------


def variables(order: Iterable[Expr]) -> list[Expr]:
    """The inputs and parameters among the nodes, in order of declaration.

    Raises InputError when one name stands for two of them, or for one of them and another value.
    """
    leaves: dict[str, Expr] = {}
    named: dict[str, Expr] = {}
    for node in order:
        if node.label is None or node.op is BOUND:  # a name of the step, which stands beside those outside
            continue
        table = leaves if node.op.name in VARIABLES else named
        other = table.setdefault(node.label, node)
        if other is not node and table is leaves:
            raise _twice(other, node)
    for name in leaves.keys() & named.keys():
        raise _twice(leaves[name], named[name])
    return sorted(leaves.values(), key=lambda node: node.serial)


def _twice(a: Expr, b: Expr) -> InputError:
    first, second = (f"{n.op.name} {n.type} declared at {n.place}" for n in (a, b))
    return InputError(f"the name {a.label!r} is used for two different values: {first}, and {second}; "
                      "declare it once and use that node, or rename one")
