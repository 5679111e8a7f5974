"""Passes over the scans of a graph: scans that repeat one another become one, results that nobody asks for go, and
any pass over a graph is applied to the bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .dims import product
from .ir import BOUND, ITEM, TUPLE, Expr, building, item, postorder
from .ops.body import Body, body_of, bound, substitute
from .ops.gather import GATHER, takes_rows
from .ops.linalg import MATMUL
from .ops.loop_rules import Loop, scan_of
from .ops.scan import SCAN
from .ops.shaping import RESHAPE, TRANSPOSE

Pass = Callable[[list[Expr]], Sequence[Expr]]

# The stacks of a loop, and other large arrays of a call, are free again at its end. The C library of GNU gives such
# memory back to the system, which clears every page of it anew for the next call (two microseconds each, as much as the
# arithmetic on it), unless a block of that size has been freed before: this one, which is never touched.
np.empty(31 << 20, np.uint8)


def map_bodies(outputs: Sequence[Expr], f: Pass) -> list[Expr]:
    """The outputs with `f`, a pass over the outputs of a graph, applied to the body of every scan, inner ones first.

    `f` keeps the types of what it is given, and may use bound leaves but make none.
    """
    done: dict[Body, Body] = {}

    def attrs_of(node: Expr) -> tuple[object, ...]:
        body: Body = node.attrs[0]
        if body not in done:
            done[body] = body_of(f(map_bodies(body.outputs, f)))  # as deep as scans stand in scans
        return (done[body], *node.attrs[1:])

    return _rebuilt(outputs, lambda node, args: SCAN.make(args, attrs_of(node), node.label))


def _rebuilt(outputs: Sequence[Expr], make: Callable[[Expr, tuple[Expr, ...]], Expr]) -> list[Expr]:
    """The outputs with every scan made anew by `make(node, operands)`."""
    order = postorder(outputs)
    if not any(node.op is SCAN for node in order):
        return list(outputs)
    new: dict[Expr, Expr] = {}
    with building() as at:
        for node in order:
            at(node)
            args = tuple([new[a] for a in node.args])
            if node.op is SCAN:
                new[node] = make(node, args)
            else:
                same = all(a is b for a, b in zip(args, node.args))
                new[node] = node if same else node.op.make(args, node.attrs, node.label)
    return [new[top] for top in outputs]


# -- one loop for several ----------------------------------------------------------------------------------------


def merge_scans(outputs: Sequence[Expr]) -> list[Expr]:
    """The outputs with each scan that is the beginning of another taken from that one, and without unused results.

    Reverse and forward mode make scans that begin as the one they differentiate: the loop then runs once. Operands,
    sequences, carries and stacked values that no output needs are left out, within the bodies as well. Products of a
    sequence and a matrix, and stacked products by one, are taken of all steps at once, outside the loop; so are the
    rows of a matrix at places that a sequence tells.
    """
    tops = list(outputs)
    while True:
        merged = _merged_once(tops)
        if merged is None:
            break
        tops = merged
    while True:
        better = pruned(_products_outside(tops))
        if all(a is b for a, b in zip(better, tops)):
            break
        tops = better
    return map_bodies(tops, merge_scans)


def _merged_once(tops: Sequence[Expr]) -> list[Expr] | None:
    """The outputs after all mergers that do not get in each other's way; None when there is none."""
    order = postorder(tops)
    groups: dict[object, list[Expr]] = {}
    for node in order:
        if node.op is SCAN:
            groups.setdefault(_beginning(Loop(node)), []).append(node)
    table: dict[Expr, Expr] = {}
    touched: set[Expr] = set()
    for scans in groups.values():
        for small in scans:
            for large in scans:
                if small is large or small in touched or large in touched or not _begins(Loop(small), Loop(large)):
                    continue
                same_operands = len(small.args) == len(large.args)
                if not same_operands and (table or small in set(postorder(large.args))):
                    continue  # one after the other
                table |= _replacements(Loop(small), Loop(large), order)
                touched |= {small, large}
                if not same_operands:
                    return replaced(tops, table)
    return replaced(tops, table) if table else None


def _beginning(loop: Loop) -> tuple[object, ...]:
    """What a loop shares with those that begin as it does."""
    firsts = (part[0] if part else None for part in (loop.inits, loop.xs, loop.frees, loop.ends))
    return loop.length, loop.reverse, *firsts


def _begins(small: Loop, large: Loop) -> bool:
    """Whether the loop `large` computes, among other things, all carries of `small` from the same operands."""
    if small.carries > large.carries or small.sequences > large.sequences or len(small.frees) > len(large.frees):
        return False
    operands = zip((*small.inits, *small.xs, *small.frees),
                   (*large.inits[: small.carries], *large.xs[: small.sequences], *large.frees[: len(small.frees)]))
    return all(a is b for a, b in operands) and all(a is b for a, b in zip(small.ends, large.ends))


def _replacements(small: Loop, large: Loop, order: Sequence[Expr]) -> dict[Expr, Expr]:
    """For the results of both loops, those of one that stacks what either does."""
    ys = list(dict.fromkeys([*large.ys, *small.ys]))
    node = scan_of(large.inits, large.xs, large.frees, [*large.ends, *ys], large.length, large.reverse)
    table: dict[Expr, Expr] = {}
    for user in order:
        if user.op is ITEM and (user.args[0] is small.node or user.args[0] is large.node):
            loop = small if user.args[0] is small.node else large
            index = user.attrs[0]
            place = index if index < loop.carries else large.carries + _place(ys, loop.ys[index - loop.carries])
            taken = item(node, place)
            table[user] = taken if user.label is None else taken.named(user.label)
    return table


def _place(nodes: Sequence[Expr], node: Expr) -> int:
    return next(i for i, n in enumerate(nodes) if n is node)


def replaced(tops: Sequence[Expr], table: Mapping[Expr, Expr]) -> list[Expr]:
    """As `substitute`, where what is put in has replaced nodes among its own operands."""
    new: dict[Expr, Expr] = {}
    with building() as at:
        for top in tops:
            stack = [top]
            while stack:
                node = stack[-1]
                if node in new:
                    stack.pop()
                    continue
                needs = (table[node],) if node in table and table[node] is not node else node.args
                waiting = [a for a in needs if a not in new]
                if waiting:
                    stack.extend(reversed(waiting))
                    continue
                stack.pop()
                if node in table and table[node] is not node:
                    new[node] = new[table[node]]
                else:
                    at(node)
                    args = tuple([new[a] for a in node.args])
                    same = all(a is b for a, b in zip(args, node.args))
                    new[node] = node if same else node.op.make(args, node.attrs, node.label)
    return [new[top] for top in tops]


# -- products of all steps at once ------------------------------------------------------------------------------


def _products_outside(tops: Sequence[Expr]) -> list[Expr]:
    """The outputs with xₜW taken before the loop, and stacked gₜW after it: one large product for many small ones."""
    order = postorder(tops)
    results: dict[Expr, list[Expr]] = {}
    for node in order:
        if node.op is ITEM and node.args[0].op is SCAN:
            results.setdefault(node.args[0], []).append(node)
    table: dict[Expr, Expr] = {}
    for node, taken in results.items():
        table |= _with_products(Loop(node), taken)
    return replaced(tops, table) if table else list(tops)


def _with_products(loop: Loop, results: Sequence[Expr]) -> dict[Expr, Expr]:
    """Replacements for the results of a loop that has such products; none for any other."""
    before = {n: f for n in loop.body.order if (f := _factors(n) or _rows_at(n)) is not None and _kind(f[0]) == "x"}
    used = {a for n in loop.body.order for a in n.args}.union(loop.ends)
    after = {y: f for y in loop.ys if (f := _factors(y)) is not None and y not in before and y not in used}
    if not before and not after:
        return {}
    leaves: dict[Expr, Expr] = {}
    xs = list(loop.xs)
    for node, (x, w) in before.items():
        leaves[node] = bound(node.type, "x", len(xs), node.label or _joint_name(node))
        xs.append(_product(loop.xs[x.attrs[3]], loop.frees[w.attrs[3]], node))
    ys = list(dict.fromkeys(after[y][0] if y in after else y for y in loop.ys if y not in before))
    body = substitute([*loop.ends, *ys], leaves)
    node = scan_of(loop.inits, xs, loop.frees, body, loop.length, loop.reverse)
    found: dict[Expr, Expr] = {}
    for result in results:
        index = result.attrs[0]
        y = loop.ys[index - loop.carries] if index >= loop.carries else None
        if y is None:
            value = item(node, index)
        elif y in before:
            value = xs[leaves[y].attrs[3]]
        elif y in after:
            stack = item(node, loop.carries + _place(ys, after[y][0]))
            value = _product(stack, loop.frees[after[y][1].attrs[3]], y)
        else:
            value = item(node, loop.carries + _place(ys, y))
        found[result] = value if result.label is None else value.named(result.label)
    return found


def _factors(node: Expr) -> tuple[Expr, Expr] | None:
    """The value that changes from step to step, and the matrix from outside, of their product; None for all else."""
    if node.op is not MATMUL:
        return None
    a, b = node.args
    if _kind(b) == "free" and b.ndim == 2 and _kind(a) != "free":
        return a, b
    return (b, a) if _kind(a) == "free" and a.ndim == 2 and b.ndim == 1 and _kind(b) != "free" else None


def _rows_at(node: Expr) -> tuple[Expr, Expr] | None:
    """The places that change from step to step, and the matrix from outside whose rows stand there."""
    if node.op is not GATHER or not takes_rows(node) or _kind(node.args[0]) != "free":
        return None
    return node.args[1], node.args[0]


def _joint_name(node: Expr) -> str | None:
    """x_W of the product xW, when both have a name."""
    a, b = node.args
    return f"{a.label}_{b.label}" if a.label and b.label else None


def _kind(node: Expr) -> str:
    return node.attrs[2] if node.op is BOUND else ""


def _product(stack: Expr, matrix: Expr, of: Expr) -> Expr:
    """The stacked products: of rows and the matrix, or of the matrix and columns, which is its transpose's. Or rows of
    the matrix, of all steps."""
    if of.op is GATHER:
        return GATHER.make((matrix, stack), of.attrs)
    rows = RESHAPE(stack, shape=(product(stack.shape[:-1]), stack.shape[-1]))
    turned = _kind(of.args[0]) == "free"
    return RESHAPE(rows @ (TRANSPOSE(matrix, axes=(1, 0)) if turned else matrix), shape=(stack.shape[0], *of.shape))


# -- unused results ----------------------------------------------------------------------------------------------


def pruned(tops: Sequence[Expr]) -> list[Expr]:
    """The outputs with loops that compute only what is used of them: one walk from the outputs down."""
    order = postorder(tops)
    needed = set(tops)
    used: dict[Expr, set[int]] = {}
    table: dict[Expr, Expr] = {}
    results: dict[Expr, list[Expr]] = {}
    for node in order:
        if node.op is ITEM and node.args[0].op is SCAN:
            results.setdefault(node.args[0], []).append(node)
    for node in reversed(order):
        if node not in needed:
            continue
        if node.op is SCAN:
            smaller = _smaller(Loop(node), used[node], results[node]) if node in used else {}
            table |= smaller
            node = next(iter(smaller.values())).args[0] if smaller else node
        elif node.op is ITEM:
            used.setdefault(node.args[0], set()).add(node.attrs[0])
        needed.update(node.args)
    return replaced(tops, table) if table else list(tops)


def _smaller(loop: Loop, indices: set[int], results: Sequence[Expr]) -> dict[Expr, Expr]:
    """Replacements for the used results of a loop, by those of one that computes no others."""
    outputs = loop.body.outputs
    stacked = [i for i in range(loop.carries, len(outputs)) if i in indices]
    carried = {i for i in range(loop.carries) if i in indices}
    while True:
        leaves = Body(TUPLE.make(tuple(outputs[i] for i in [*sorted(carried), *stacked]))).leaves()
        reached = {i for kind, i in leaves if kind == "carry"} | carried
        if reached == carried:
            break
        carried = reached
    kept = {"carry": sorted(carried), "x": sorted(i for k, i in leaves if k == "x"),
            "free": sorted(i for k, i in leaves if k == "free")}
    if [len(kept[k]) for k in ("carry", "x", "free")] == [loop.carries, loop.sequences, len(loop.frees)] and (
            len(stacked) == len(loop.ys)):
        return {}
    table = {leaf: bound(leaf.type, kind, kept[kind].index(i), leaf.label) for (kind, i), leaf in leaves.items()}
    places = [*kept["carry"], *stacked]
    body = substitute([outputs[i] for i in places], table)
    node = scan_of([loop.inits[i] for i in kept["carry"]], [loop.xs[i] for i in kept["x"]],
                   [loop.frees[i] for i in kept["free"]], body, loop.length, loop.reverse)
    found: dict[Expr, Expr] = {}
    for user in results:
        if user.attrs[0] in indices:
            taken = item(node, places.index(user.attrs[0]))
            found[user] = taken if user.label is None else taken.named(user.label)
    return found


def through_loops(f: Pass) -> Pass:
    """The pass `f` of a graph as one that runs each loop once and goes into the bodies as well."""
    return lambda outputs: f(map_bodies(merge_scans(outputs), f))
