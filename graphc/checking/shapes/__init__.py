"""Trees with vectors, matrices and indices as graphs, by the declared shapes."""
