"""The op table: rows only, one file a family. Importing this package fills `ir.OPS`."""

from . import elementwise, indexing, linalg, reduction, shaping, softmax

__all__ = ["elementwise", "indexing", "linalg", "reduction", "shaping", "softmax"]
