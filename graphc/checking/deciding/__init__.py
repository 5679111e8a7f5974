"""Are two formulas the same function? Exact points, balls, cells, proofs."""
