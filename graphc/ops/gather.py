"""Integer-array indexing, and its adjoint, which accumulates."""
