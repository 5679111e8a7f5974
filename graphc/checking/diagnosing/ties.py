"""Which of several names for one answer are said: one of each kind, none that another says better."""

from __future__ import annotations

from collections.abc import Iterable

from .words import Finding, Words

MAX_FINDINGS = 3

# The stable codes; `wrong_scale` carries its factor, as in wrong_scale(1/2).
KINDS = (
    "sign_global", "sign_term", "missing_inner_factor", "missing_upstream_factor", "one_path_of_fanout",
    "missing_activation_derivative", "extra_activation_derivative", "derivative_at_wrong_point",
    "input_instead_of_output", "softmax_diagonal_only", "transpose_or_order", "elementwise_or_matrix", "layout_only",
    "missing_outer_product", "inverse_for_transpose", "missing_batch_sum", "wrong_scale", "missing_relu_mask",
    "wrong_relu_mask", "kink_only", "product_rule", "quotient_rule", "power_rule", "exponential_power",
    "wrong_derivative", "not_differentiated", "integrated", "wrong_variable", "leftover_variable", "constant_kept",
    "missing_regularisation_term", "extra_factor",
)

# A kind that says all that the others say of the same answer.
SAYS_MORE: dict[str, frozenset[str]] = {
    "missing_inner_factor": frozenset({"missing_upstream_factor", "missing_activation_derivative"}),
    "missing_relu_mask": frozenset({"missing_inner_factor", "missing_upstream_factor", "derivative_at_wrong_point"}),
    "product_rule": frozenset({"one_path_of_fanout", "sign_term"}),
    "quotient_rule": frozenset({"one_path_of_fanout", "sign_term", "wrong_derivative"}),
    "power_rule": frozenset({"wrong_derivative", "sign_term", "missing_upstream_factor", "not_differentiated",
                             "exponential_power", "integrated"}),
    "wrong_derivative": frozenset({"sign_term", "derivative_at_wrong_point", "integrated"}),
    "missing_regularisation_term": frozenset({"one_path_of_fanout"}),
    "leftover_variable": frozenset({"not_differentiated", "derivative_at_wrong_point"}),
    "missing_outer_product": frozenset({"transpose_or_order", "missing_upstream_factor", "missing_inner_factor"}),
    "missing_batch_sum": frozenset({"missing_outer_product"}),
    "softmax_diagonal_only": frozenset({"extra_activation_derivative"}),
}
# What says it all; only an integral, -cos x for sin x, is worth a word beside it.
ALONE, BESIDE = frozenset({"sign_global", "layout_only", "kink_only"}), frozenset({"integrated"})


def told(found: Iterable[Words]) -> list[Words]:
    """At most MAX_FINDINGS, likeliest first."""
    kinds: dict[str, Words] = {}
    for said in found:
        kinds.setdefault(said.kind, said)
    if not ALONE.isdisjoint(kinds):
        return [said for kind, said in kinds.items() if kind in ALONE | BESIDE][:MAX_FINDINGS]
    less = {k for kind in kinds for k in SAYS_MORE.get(kind, ())}
    return [said for kind, said in kinds.items() if kind not in less][:MAX_FINDINGS]


def findings(said: list[Words], lang: str) -> list[Finding]:
    """The sentences; of several, each says "compatible with"."""
    return [s.finding(lang, "compatible" if len(said) > 1 else "") for s in said]


def two_findings(said: list[Words], lang: str) -> list[Finding]:
    """Two mistakes that only together give the answer."""
    return [s.finding(lang, wrapped) for s, wrapped in zip(said, ("first_of_two", "second_of_two"))]
