"""Program -> the text of a module to keep: it needs NumPy alone and checks its own gradients."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from . import gradient_check
from .numpy_source import blocks, docstring, imports
from .program import Program

# What the central differences can be trusted to: (step, tolerance).
DOUBLE, SINGLE = (2.0**-17, 1e-6), (2.0**-7, 1e-2)
_FUNCTIONS = ("check_gradients", "largest_error", "entry_error", "slopes", "draw", "real", "moved", "total", "outputs")

Gradient = tuple[int, str, int]


def module_source(program: Program, *, style: str = "readable", gradients: Sequence[Gradient] = (),
                  extra: Program | None = None, doc: str = "") -> str:
    """The text of a module: `program`'s function, and a gradient check that runs as `python file.py`.

    `gradients` are (index of a value, name of an input, index of the gradient): both among the
    outputs of `program`, or the gradient among those of `extra`, a program with the same inputs.
    A value that is an array counts as its sum. Raises ValueError as `numpy_source` does.
    """
    pieces = _merged(blocks(program, style), blocks(extra, style) if extra else [])
    heading = doc or program.doc or f"{program.name}, as NumPy."
    usage = "Run this file to compare its gradients with finite differences."
    head = "\n".join(docstring(f"{heading}\n\n{usage}" if gradients else heading))
    if gradients:
        pieces += [_section(), *map(_source, _FUNCTIONS), *_main(program, extra, gradients)]
    return "\n\n\n".join([f"{head}\n\n{imports(pieces)}", *pieces]) + "\n"


def _merged(first: list[str], second: list[str]) -> list[str]:
    # Helpers that both programs call come once.
    return first + [piece for piece in second if piece not in first]


def _section() -> str:
    return "# -- the gradient check -------------------------------------------------------------------"


def _source(name: str) -> str:
    return inspect.getsource(getattr(gradient_check, name)).strip("\n")


def _main(program: Program, extra: Program | None, gradients: Sequence[Gradient]) -> list[str]:
    single = any("float32" in t for p in (program, extra) if p for t in _types(p))
    step, tolerance = SINGLE if single else DOUBLE
    names = [i.name for i in program.inputs]
    pairs = [(program.outputs[v], v, name, names.index(name), g) for v, name, g in gradients]
    rows = [f'        ("{i.type.partition("[")[0]}", {_shape(i.shape)}),  # {i.name}' for i in program.inputs]
    sizes = [f"    {name} = {3 + k} * scale" for k, (name, _) in enumerate(program.dims)]
    inputs = "\n".join(["def inputs(scale):", *sizes, "    return [", *rows, "    ]"])
    table = "\n".join(["PAIRS = [", *(f"    {pair!r}," for pair in pairs), "]"])
    both = f"{program.name}, {extra.name if extra else program.name}"
    call = f"check_gradients({both}, PAIRS, inputs, step={step!r}, tolerance={tolerance!r})"
    return [inputs, table, f'if __name__ == "__main__":\n    raise SystemExit({call})']


def _types(program: Program) -> list[str]:
    return [i.type for i in program.inputs] + [s.type for s in program.steps]


def _shape(shape: Sequence[str | int]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
