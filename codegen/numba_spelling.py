"""How the elementwise steps of a program are written inside a kernel, where every value is one number.

The table goes by the NumPy spelling of a step. Operands are brought to the dtype that NumPy computes in first,
which is that of the result except for comparisons; where it is not plain from the types, the step stays NumPy's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from .numba_math import FUNCTIONS
from .program import FLOATS, Step, dtype_of, is_literal, is_scalar, sizes_of


@dataclass(frozen=True, slots=True)
class Elementwise:
    """A step inside a kernel: `text` over operands, which are names, literals or sizes, brought to `dtype` first.

    `passes` is about how many loops NumPy runs for it, `calls` the functions of `numba_math`.
    """

    text: str
    operands: tuple[str, ...]
    dtypes: tuple[str, ...]  # what each operand is brought to
    names: tuple[str, ...]  # those of the operands that are values of the program
    sizes: tuple[str, ...]  # and those that are expressions of sizes
    passes: int = 1
    calls: tuple[str, ...] = ()


_ANY = {
    "{0} + {1}": "{0} + {1}",
    "{0} - {1}": "{0} - {1}",
    "{0} * {1}": "{0} * {1}",
    "-{0}": "-{0}",
    "np.positive({0})": "{0}",
    "np.square({0})": "{0} * {0}",
    "np.absolute({0})": "abs({0})",
    "np.sign({0})": "{0} if {0} != {0} else ({one} if {0} > {zero} else (-{one} if {0} < {zero} else {zero}))",
    "np.maximum({0}, {1})": "{0} if ({0} >= {1}) | ({0} != {0}) else {1}",
    "np.minimum({0}, {1})": "{0} if ({0} <= {1}) | ({0} != {0}) else {1}",
    "np.fmax({0}, {1})": "{0} if ({0} >= {1}) | ({1} != {1}) else {1}",
    "np.fmin({0}, {1})": "{0} if ({0} <= {1}) | ({1} != {1}) else {1}",
    "leaky_relu({0}, {1})": "{0} if {0} > {zero} else {1} * {0}",
}
_FLOAT = {
    "{0} / {1}": "{0} / {1}",
    "safe_divide({0}, {1})": "{0} / ({one} if {0} == {zero} else {1})",
    "np.reciprocal({0})": "{one} / {0}",
    "np.sqrt({0})": "np.sqrt({0})",
    "np.floor({0})": "np.floor({0})",
    "np.ceil({0})": "np.ceil({0})",
    "np.trunc({0})": "np.trunc({0})",
    "np.exp({0})": "exp$({0})",
    "np.log({0})": "log$({0})",
    "np.log1p({0})": "log1p$({0})",
    "np.expm1({0})": "expm1$({0})",
    "np.tanh({0})": "tanh$({0})",
    "sigmoid({0})": "sigmoid$({0})",
    "silu({0})": "{0} * sigmoid$({0})",
    "np.logaddexp({0}, {1})": "softplus$({0})",  # of which the second operand is 0
    "-np.logaddexp(-{0}, 0.0)": "-softplus$(-{0})",
    "{0} / (1 + np.absolute({0}))": "{0} / ({one} + abs({0}))",
    "elu({0}, {1})": "{0} if {0} > {zero} else {1} * expm1$({0})",
    "gelu_tanh({0})": "gelu_tanh$({0})",
    "gelu_tanh_slope({0})": "gelu_tanh_slope$({0})",
    "mish({0})": "mish$({0})",
}
_COMPARISONS = {f"{{0}} {sign} {{1}}" for sign in (">", ">=", "<", "<=", "==", "!=")}
_PREDICATES = {"np.isnan({0})": "{0} != {0}", "np.isinf({0})": "abs({0}) == {inf}",
               "np.isfinite({0})": "abs({0}) < {inf}"}
_LOGICAL = {"np.logical_and({0}, {1})": "{0} & {1}", "np.logical_or({0}, {1})": "{0} | {1}",
            "np.logical_xor({0}, {1})": "{0} != {1}", "np.logical_not({0})": "not {0}"}
_POWERS = {"1": "{0}", "2": "{0} * {0}", "3": "{0} * {0} * {0}", "4": "({0} * {0}) * ({0} * {0})",
           "-1": "{one} / {0}", "0.5": "np.sqrt({0})"}
_PASSES = {"sigmoid({0})": 6, "safe_divide({0}, {1})": 4, "silu({0})": 7, "leaky_relu({0}, {1})": 3,
           "np.logaddexp({0}, {1})": 9, "-np.logaddexp(-{0}, 0.0)": 9, "{0} / (1 + np.absolute({0}))": 3,
           "elu({0}, {1})": 4, "gelu_tanh({0})": 12, "gelu_tanh_slope({0})": 16, "mish({0})": 12,
           "np.where({0}, {1}, {2})": 2}
_SIZED = re.compile(r"\{0\} ([-+*/]) ([^{}]+)|([^{}]+) ([-+*/]) \{0\}")
_CAST = re.compile(r"np\.asarray\(\{0\}\)\.astype\(np\.(\w+)\)")
_STRONG = re.compile(r"np\.(float64|float32|int64|int32|bool_)\((.*)\)")
_CALLS = re.compile(rf"\b({'|'.join(FUNCTIONS)})(?=\()")
_FUNCTIONS = re.compile(rf"\b({'|'.join(FUNCTIONS)})\$")
_REDUCE = re.compile(r"np\.(sum|mean)\(\{0\}(?:, axis=(\d+))?\)")


def elementwise(step: Step, types: Mapping[str, str]) -> Elementwise | None:
    """How a step is written in a kernel; None for one that is not elementwise, or has no spelling there.

    >>> elementwise(Step("y", "{0} * {1}", ("x", "2"), "float32[N]"), {"x": "float32[N]"}).text
    '{0} * {1}'
    >>> elementwise(Step("y", "np.sort({0})", ("x",), "float64[N]"), {"x": "float64[N]"})
    """
    if is_scalar(step.type) or not step.args or step.alias:
        return None
    spelling, operands = step.spelling, step.args
    sizes: tuple[str, ...] = ()
    sized = _SIZED.fullmatch(spelling) if len(operands) == 1 and spelling not in _FLOAT else None
    if sized:
        size = sized[2] or sized[3]
        operands = (*operands, size) if sized[2] else (size, *operands)
        spelling, sizes = f"{{0}} {sized[1] or sized[4]} {{1}}", (size,)
    form = _form(spelling, dtype_of(step.type), operands, types)
    if form is None:
        return None
    text, dtypes = form
    names = tuple(dict.fromkeys(a for a in operands if a not in sizes and not is_literal(a)))
    if not any(not is_scalar(types[a]) for a in names):
        return None
    width = "32" if step.type.startswith("float32") else "64"
    text = _FUNCTIONS.sub(rf"\g<1>{width}", text)
    calls = tuple(dict.fromkeys(f"{m}" for m in re.findall(rf"\b(?:{'|'.join(FUNCTIONS)}){width}(?=\()", text)))
    passes = _PASSES.get(spelling, 1)
    return Elementwise(text, operands, dtypes, names, sizes, passes, calls)


def _form(spelling: str, dtype: str, operands: tuple[str, ...],
          types: Mapping[str, str]) -> tuple[str, tuple[str, ...]] | None:
    """The text in a kernel, and what each operand is brought to."""
    if spelling == "np.where({0}, {1}, {2})":
        return "{1} if {0} else {2}", ("bool", dtype, dtype)
    if spelling in _LOGICAL:
        return _LOGICAL[spelling], ("bool",) * len(operands)
    if spelling in _COMPARISONS or spelling in _PREDICATES:
        common = _common(operands, types)
        if common is None or (common == "bool" and spelling not in ("{0} == {1}", "{0} != {1}")):
            return None
        if spelling in _PREDICATES and common not in FLOATS:
            return None
        return _PREDICATES.get(spelling, spelling), (common,) * len(operands)
    cast = _CAST.fullmatch(spelling)
    if cast:
        source = dtype_of(types[operands[0]]) if operands[0] in types else ""
        # What an integer is made of nan or of too large a number is NumPy's affair.
        exact = source and dtype != "bool" and (source not in FLOATS or dtype in FLOATS)
        return ("{0}", (dtype,)) if exact else None
    if dtype == "bool":
        return None
    if spelling == "{0} ** {1}":
        text = _POWERS.get(operands[1].removesuffix(".0"))
        return (text, (dtype, dtype)) if text and (dtype in FLOATS or operands[1].isdigit()) else None
    if spelling == "np.logaddexp({0}, {1})" and operands[1] not in ("0", "0.0"):
        return None
    text = _ANY.get(spelling) or (_FLOAT.get(spelling) if dtype in FLOATS else None)
    return (text, (dtype,) * len(operands)) if text else None


def _common(operands: tuple[str, ...], types: Mapping[str, str]) -> str | None:
    """The dtype in which operands are compared, where all agree; a Python number goes with the others."""
    strong = set()
    weak_float = False
    for a in operands:
        if not is_literal(a) and a in types:
            strong.add(dtype_of(types[a]))
        elif match := _STRONG.fullmatch(a):
            strong.add(match[1].removesuffix("_"))
        else:
            weak_float |= not a.lstrip("-").isdigit()
    if len(strong) != 1:
        return None
    common = strong.pop()
    return None if weak_float and common not in FLOATS else common


@lru_cache(maxsize=4096)
def literal(text: str, dtype: str) -> str:
    """A literal of a step as a number of a dtype.

    >>> [literal("2", "float64"), literal("np.float64(-0.5)", "float32"), literal("np.inf", "float64")]
    ['2.0', 'np.float32(-0.5)', 'np.inf']
    """
    match = _STRONG.fullmatch(text)
    bare = match[2] if match else text
    if bare in ("True", "False"):
        bare = bare if dtype == "bool" else str(int(bare == "True"))
    if dtype in FLOATS and bare.lstrip("-").isdigit():
        bare += ".0"
    if dtype in ("float64", "bool", "int64"):
        return bare
    return f"np.{dtype}({bare})"


def constants(dtype: str) -> dict[str, str]:
    """The numbers that spellings mention."""
    return {"one": literal("1", dtype), "zero": literal("0", dtype), "inf": literal("np.inf", dtype)}


def reduction(step: Step, types: Mapping[str, str]) -> tuple[str, int | None, bool] | None:
    """The operand of a sum over all elements or over the first axis of a matrix, the axis, and whether it is a mean."""
    match = _REDUCE.fullmatch(step.spelling)
    if not match or step.args[0] not in types:
        return None
    type_ = types[step.args[0]]
    if dtype_of(type_) not in FLOATS or dtype_of(type_) != dtype_of(step.type):
        return None
    if match[2] is None:
        return step.args[0], None, match[1] == "mean"
    sizes = sizes_of(type_)
    first = match[2] == "0" and len(sizes) == 2 and sizes[1] != "1" and match[1] == "sum"
    return (step.args[0], 0, False) if first else None
