"""Array over a size, `v / (64*N)`, as a division that can write into given memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from .program import FLOATS, OVER_SIZE, Program, Step, dtype_of, is_scalar, words
from .workspace import types_of


def quotients(program: Program, steps: Sequence[Step], fresh: Callable[[str], str], log: Counter[str]) -> list[Step]:
    """The size becomes a number of the array's dtype, which NumPy would make of it at each call: the same quotient.

    >>> from .program import Input
    >>> x = Input("x", "float32[N,3]", ("N", 3))
    >>> y = Step("y", "{0} / (3*N)", ("x",), "float32[N,3]")
    >>> f = Program("f", (x,), (y,), ("y",), True, (("N", "x.shape[0]"),))
    >>> [(s.target, s.spelling, s.args, s.ufunc) for s in quotients(f, [y], lambda wish: wish + "0", Counter())]
    [('y_size0', 'np.float32(3*N)', (), ''), ('y', '{0} / {1}', ('x', 'y_size0'), 'np.divide')]
    """
    types = types_of(program, steps)
    sizes = {name for name, _ in program.dims}
    numbers: dict[tuple[str, str], str] = {}
    result = []
    for step in steps:
        match = OVER_SIZE.fullmatch(step.spelling)
        dtype = "" if is_scalar(step.type) else dtype_of(step.type)
        alike = dtype in FLOATS and types.get((*step.args, "")[0]) == step.type
        if match and alike and words(match[1]) <= sizes:
            key = match[1].removeprefix("(").removesuffix(")"), dtype
            if key not in numbers:
                numbers[key] = fresh(f"{step.target}_size")
                result.append(Step(numbers[key], f"np.{dtype}({key[0]})", (), f"{dtype}[]", section=step.section))
            step = step._replace(spelling="{0} / {1}", args=(step.args[0], numbers[key]), ufunc="np.divide")
            log["quotients by sizes"] += 1
        result.append(step)
    return result
