"""Einstein sums and the products that are one."""
