"""The op table: rows only, one file a family. All are imported when a row is first looked up by name."""

from importlib import import_module

from ..ir import OPS

FAMILIES = (
    "activation", "contraction", "convolution", "cumulative", "decomposition", "elementwise", "gather", "indexing",
    "joining", "linalg", "reduction", "rounding", "scan", "shaping", "softmax", "sorting", "special", "stable",
    "transcendental",
)  # fmt: skip


def load() -> None:
    """Import every family, which fills `ir.OPS`."""
    for family in FAMILIES:
        import_module(f".{family}", __name__)


OPS.load = load
