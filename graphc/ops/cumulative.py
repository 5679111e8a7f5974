"""Running sums and products, and the reductions that need more than a sum."""
