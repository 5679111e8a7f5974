"""Program -> the text of a module to keep: it needs NumPy alone and checks its own gradients."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence

from . import gradient_check
from .numpy_source import blocks, docstring, imports
from .program import Program
from .scalar_check import scalar_check
from .scalar_source import scalar_blocks, scalar_imports

# What the central differences can be trusted to: (step, tolerance).
DOUBLE, SINGLE = (2.0**-17, 1e-6), (2.0**-7, 1e-2)
_FUNCTIONS = ("check_gradients", "largest_error", "entry_error", "slopes", "draw", "real", "moved", "total", "outputs")

Gradient = tuple[int, str, int]


def module_source(program: Program, *, style: str = "readable", gradients: Sequence[Gradient] = (),
                  extra: Program | None = None, doc: str = "", scalar: bool = False) -> str:
    """The text of a module: `program`'s function, and a gradient check that runs as `python file.py`.

    `gradients` are (index of a value, name of an input, index of the gradient): both among the
    outputs of `program`, or the gradient among those of `extra`, a program with the same inputs.
    A value that is an array counts as its sum. A `scalar` program is written in plain Python, and so is its check.
    Raises ValueError as `numpy_source` does.
    """
    text: Callable[[Program, str], list[str]] = scalar_blocks if scalar else blocks
    pieces = _merged(text(program, style), text(extra, style) if extra else [])
    heading = doc or program.doc or f"{program.name}, as {'plain Python' if scalar else 'NumPy'}."
    usage = "Run this file to compare its gradients with finite differences."
    head = "\n".join(docstring(f"{heading}\n\n{usage}" if gradients else heading))
    if gradients:
        pieces += scalar_check(program, extra, gradients) if scalar else _check(program, extra, gradients)
    needs = (scalar_imports if scalar else imports)(pieces)
    return "\n\n\n".join([f"{head}\n\n{needs}" if needs else head, *pieces]) + "\n"


def _merged(first: list[str], second: list[str]) -> list[str]:
    # Helpers that both programs call come once.
    return first + [piece for piece in second if piece not in first]


def _check(program: Program, extra: Program | None, gradients: Sequence[Gradient]) -> list[str]:
    """The functions of the check, what it is to check, and the call: all clear of the names of the programs."""
    taken = {name for p in (program, extra) if p
             for name in (p.name, *(n for n, _ in (*p.helpers, *p.constants, *p.dims)), *(i.name for i in p.inputs))}
    names = {name: _free(name, taken) for name in (*_FUNCTIONS, "inputs", "PAIRS")}
    section = "# -- the gradient check -------------------------------------------------------------------"
    functions = [_renamed(inspect.getsource(getattr(gradient_check, name)).strip("\n"), names) for name in _FUNCTIONS]
    return [section, *functions, _inputs(program, names["inputs"]), _pairs(program, gradients, names["PAIRS"]),
            _main(program, extra, names)]


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _renamed(text: str, names: Mapping[str, str]) -> str:
    return re.sub(r"\w+", lambda m: names.get(m[0], m[0]), text)


def _inputs(program: Program, name: str) -> str:
    rows = [f'        ("{i.type.partition("[")[0]}", {_shape(i.shape)}),  # {i.name}' for i in program.inputs]
    sizes = [f"    {size} = {3 + k} * scale" for k, (size, _) in enumerate(program.dims)]
    return "\n".join([f"def {name}(scale):", *sizes, "    return [", *rows, "    ]"])


def _pairs(program: Program, gradients: Sequence[Gradient], name: str) -> str:
    order = [i.name for i in program.inputs]
    rows = [f"    {(program.outputs[v], v, x, order.index(x), g)!r}," for v, x, g in gradients]
    return "\n".join([f"{name} = [", *rows, "]"])


def _main(program: Program, extra: Program | None, names: Mapping[str, str]) -> str:
    single = any("float32" in t for p in (program, extra) if p for t in _types(p))
    step, tolerance = SINGLE if single else DOUBLE
    functions = f"{program.name}, {extra.name if extra else program.name}, {names['PAIRS']}, {names['inputs']}"
    call = f"{names['check_gradients']}({functions}, step={step!r}, tolerance={tolerance!r})"
    return f'if __name__ == "__main__":\n    raise SystemExit({call})'


def _types(program: Program) -> list[str]:
    return [i.type for i in program.inputs] + [s.type for s in program.steps]


def _shape(shape: Sequence[str | int]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
