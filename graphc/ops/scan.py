"""A loop over a leading axis, as one node."""
