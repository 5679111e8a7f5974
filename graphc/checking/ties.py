"""Which of several names for one answer are said: one of each kind, none that another says better."""

from __future__ import annotations

from collections.abc import Iterable

from .words import Finding, Words

MAX_FINDINGS = 3

# A kind that says all that the others say of the same answer.
SAYS_MORE: dict[str, frozenset[str]] = {
    "missing_inner_factor": frozenset({"missing_upstream_factor", "missing_activation_derivative"}),
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
ALONE = frozenset({"sign_global", "layout_only", "kink_only"})  # what says it all


def told(found: Iterable[Words]) -> list[Words]:
    """At most MAX_FINDINGS, likeliest first."""
    kinds: dict[str, Words] = {}
    for said in found:
        if said.kind in ALONE:
            return [said]
        kinds.setdefault(said.kind, said)
    less = {k for kind in kinds for k in SAYS_MORE.get(kind, ())}
    return [said for kind, said in kinds.items() if kind not in less][:MAX_FINDINGS]


def findings(said: list[Words], lang: str) -> list[Finding]:
    """The sentences; of several, each says "compatible with"."""
    return [s.finding(lang, "compatible" if len(said) > 1 else "") for s in said]
