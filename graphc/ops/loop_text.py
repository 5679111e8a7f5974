"""The loop of a scan as the source of one small function: a line for each operation of the step.

Names that the step gave are the local names, and a carry keeps its name from step to step. A carry to which a step
only adds (a gradient that is summed up) is copied once and added to in place. Arrays that a step makes are written into
the stacks, or into memory that all steps share: `loop_memory` says where.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter

from ..dims import Size
from ..ir import BOUND, LEAVES, Expr
from ..spelling import RESERVED, number_text, numpy_name, operand, special, spelling
from ..types import TensorType, shape_text
from .body import Body
from .loop_memory import LARGE, Group, Memory, Planner

_COMMENT_AT = 56  # comments line up, but no further right than this for one long line
_NUMBER = re.compile(r"-?\d+(\.\d*)?(e[+-]?\d+)?")
_WORDS = {"0.0": "zero", "1.0": "one", "2.0": "two", "3.0": "three", "0.5": "half", "-1.0": "minus_one",
          **dict.fromkeys(LARGE.values(), "large")}
_PLAIN = {"add", "subtract", "multiply", "negative", "square"}  # which raise nothing, as a division by 0 would
_LOCAL = {"t", "range", "reversed", "scan"}


def loop_source(body: Body, carries: int, sequences: int, frees: int, length: Size,
                reverse: bool) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The name of the function, the named sizes that it takes after its operands, and its source after its helpers."""
    key = (carries, sequences, frees, length, reverse)
    if key not in body.texts:
        body.texts[key] = _Text(body, carries, sequences, frees, length, reverse).source()
    return body.texts[key]


class _Text:
    def __init__(self, body: Body, carries: int, sequences: int, frees: int, length: Size, reverse: bool) -> None:
        self.body, self.length, self.reverse = body, length, reverse
        self.ends, self.stacks = body.outputs[:carries], body.outputs[carries:]
        self.helpers = tuple(dict.fromkeys(s for n in body.order if n.op.helper for s in n.op.helpers(n)))
        self.taken = RESERVED.union(_LOCAL, _size_words(length, body), [_called(h) for h in self.helpers])
        self.of: dict[Expr, str] = {}
        self.uses = Counter(a for n in body.order for a in n.args)
        self.count = 0
        self.numbers: dict[tuple[str, str], str] = {}  # (text, dtype) -> name
        leaves = body.leaves()
        self.leaves = [leaves.get(("carry", i)) for i in range(carries)]
        self.carries = [self.name(self.leaves[i], self.ends[i].label or "h") for i in range(carries)]
        self.elements = [(leaf, self.name(leaf, "x")) for leaf in (leaves.get(("x", i)) for i in range(sequences))]
        self.sequences = [self.fresh(f"{name}s") for _, name in self.elements]
        self.frees = [self.name(leaves.get(("free", i)), "w") for i in range(frees)]
        self.plain = self.is_plain()
        self.summed = {end: i for i, end in enumerate(self.ends) if self.is_sum(i)}
        self.stacked = [self.fresh(f"{_stem(out)}s") for out in self.stacks]
        self.trails = self.carried_along()
        self.rows = [(name, self.trails.get(name, out)) for name, out in zip(self.stacked, self.stacks)]
        self.rows = [(name, out) for name, out in self.rows if name in self.trails or name not in self.shifted()]
        self.stack_of: dict[Expr, str] = {}
        for name, out in sorted(self.rows, key=lambda row: row[0] not in self.trails):
            self.stack_of.setdefault(out, name)
        self.over = self.takes_over()
        leaf_of = {end: leaf for end, leaf in zip(self.ends, self.leaves) if end in self.over}
        self.planner = Planner(body.order, self.ends, [out for _, out in self.rows], leaf_of, set(self.summed))
        self.memory: Memory = self.planner.plan()
        self.buffers = [self.fresh(f"u{i}") for i in range(len(self.memory.buffers))]
        groups = {id(g): g for g in self.memory.group.values() if g.stacked}
        self.gates = {key: self.fresh("gates") for key in groups}  # stacks of groups
        self.made: set[int] = set()  # those of them that have a line
        self.joints: dict[int, str] = {}  # and what they are called in a step
        self.written: set[Expr] = set()  # values that stand in their stack, or in their part of a concatenation

    # -- names -------------------------------------------------------------------------------------

    def name(self, node: Expr | None, wish: str) -> str:
        name = self.fresh(wish if node is None or node.label is None else node.label)
        if node is not None:
            self.of[node] = name
        return name

    def fresh(self, wish: str) -> str:
        name, i = wish, 1
        while name in self.taken:
            name, i = f"{wish}{i}", i + 1
        self.taken |= {name}
        return name

    def number(self) -> str:
        while f"n{self.count}" in self.taken:
            self.count += 1
        self.count += 1
        return self.fresh(f"n{self.count - 1}")

    def is_plain(self) -> bool:
        """Whether a step only adds and multiplies numbers, which Python's floats do as NumPy's, five times as fast."""
        numbers = [n for n in self.body.order if not n.type.weak]
        return bool(numbers) and all(
            n.type.dtype == "float64" and not n.type.shape and (n.op is BOUND or n.op.name in _PLAIN) for n in numbers)

    # -- carries -----------------------------------------------------------------------------------

    def is_sum(self, i: int) -> bool:
        """Whether the step does nothing with carry `i` but add to it."""
        end, leaf = self.ends[i], self.leaves[i]
        if leaf is None or end.op.name != "add" or not end.shape or self.uses[leaf] != 1 or self.uses[end]:
            return False
        outputs = Counter(self.body.outputs)
        return outputs[end] == 1 and not outputs[leaf] and any(a is leaf for a in end.args) and all(
            a.type.dtype == end.type.dtype for a in end.args)

    def carried_along(self) -> dict[str, Expr]:
        """Stacks of a carry before each step, and its value after: one stack with a row more holds both."""
        found: dict[str, Expr] = {}
        for name, out in zip(self.stacked, self.stacks):
            if out.op is BOUND and out.attrs[2] == "carry":
                end = self.ends[out.attrs[3]]
                if (end.shape and end.op.name not in LEAVES and end.type.dtype == out.type.dtype
                        and end.shape == out.shape and not any(end is e for e in found.values())):
                    found[name] = end
        return found

    def shifted(self) -> dict[str, str]:
        """Stacks of a carry after each step that are rows of a stack which holds it before each as well."""
        of = {end: name for name, end in self.trails.items()}
        return {name: of[out] for name, out in zip(self.stacked, self.stacks) if out in of}

    def takes_over(self) -> dict[Expr, str]:
        """Results that may take the name of their carry at once: nothing reads the old value after them."""
        place = {node: i for i, node in enumerate(self.body.order)}
        last = {a: i for i, node in enumerate(self.body.order) for a in node.args}
        outputs = {*self.ends, *[out for _, out in self.rows]}
        times = Counter(self.ends)
        return {end: name for end, leaf, name in zip(self.ends, self.leaves, self.carries)
                if end.label is None and end.op.name not in LEAVES and times[end] == 1 and end not in self.summed
                and (leaf is None or (leaf not in outputs and last.get(leaf, -1) <= place[end]))}

    # -- lines ---------------------------------------------------------------------------------------

    def source(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        step = self.step()
        head = [f"{name} = np.array({name})" for name, end in zip(self.carries, self.ends) if end in self.summed]
        head += [line for name, out in self.rows for line in self.stack(name, out)]
        text = "\n".join(step)
        head += [f"{name} = np.ascontiguousarray({name})" for name in self.frees  # products by a view are slower
                 if (name.endswith("_T") and re.search(rf"np\.dot\(\w+, {name}, out=", text))
                 or re.search(rf"np\.matmul\(\w+, {name}, out=", text)]
        head += [f"{name} = np.empty({shape_text(type_.shape)}{_dtype(type_)})"
                 for name, type_ in zip(self.buffers, self.memory.buffers) if re.search(rf"\b{name}\b", text)]
        head += [f"{name} = np.array({number}{_dtype(TensorType((), dtype))})"
                 for (number, dtype), name in self.numbers.items()]
        if self.plain:
            head += [f"{name} = float({name})" for name in [*self.carries, *self.frees]]
            head += [f"{name} = {name}.tolist()" for name in self.sequences]
        counter = "t" if self.sequences or self.stacked else "_"
        steps = f"range({self.length})"
        results = [f"np.array({name})" if self.shared(end) else name for name, end in zip(self.carries, self.ends)]
        results = [f"np.float64({name})" for name in self.carries] if self.plain else results
        results += [self.stack_result(name) for name in self.stacked]
        lines = [
            *head,
            f"for {counter} in {f'reversed({steps})' if self.reverse else steps}:",
            *[f"    {line}" for line in step or ["pass"]],
            f"return ({results[0]},)" if len(results) == 1 else f"return {', '.join(results)}",
        ]
        words = set(re.findall(r"\w+", "\n".join(lines)))
        sizes = tuple(s for s in _size_words(self.length, self.body) if s in words)
        parameters = ", ".join([*self.carries, *self.sequences, *self.frees, *sizes])
        text = "\n".join([f'    """{self.summary()}"""', *[f"    {line}" for line in lines]])
        digest = hashlib.sha256("\n".join([parameters, text, *self.helpers]).encode()).hexdigest()
        name = f"scan_{digest[:8]}"
        return name, sizes, (*self.helpers, f"def {name}({parameters}):\n{text}\n")

    def summary(self) -> str:
        over = f" of {', '.join(self.sequences)}" if self.sequences else ""
        parts = [f"carries {', '.join(self.carries)}" if self.carries else "",
                 f"stacks {', '.join(self.stacked)}" if self.stacked else ""]
        way = "each step" if not self.reverse else "each step from the last"
        text = f"For {way}{over}: {' and '.join(filter(None, parts))}."
        brief = f"For {way}: {len(self.carries)} carries, {len(self.stacked)} stacked results."
        return text if len(text) <= 100 else brief

    def step(self) -> list[str]:
        lines = [f"{name} = {sequence}[t]" for (leaf, name), sequence in zip(self.elements, self.sequences)
                 if leaf is not None]
        self.of |= self.over
        body = [line for node in self.memory.joined for line in self.joint(node)]
        body += [line for node in self.body.order for line in self.line(node)]
        lines += _aligned(body)
        lines += [f"{self.row(name)} = {self.value(out)}" for name, out in self.rows
                  if not (out in self.written and self.stack_of[out] == name)]
        moves = [(name, self.value(end)) for name, end in zip(self.carries, self.ends) if end not in self.summed]
        moves = [(name, value) for name, value in moves if name != value]
        if moves:
            lines.append(f"{', '.join(n for n, _ in moves)} = {', '.join(v for _, v in moves)}")
        return lines

    def line(self, node: Expr) -> list[str]:
        if node.op.name in LEAVES:
            return []
        if node in self.summed:
            carry = self.summed[node]
            other = next(a for a in node.args if a is not self.leaves[carry])
            return [f"{self.carries[carry]} += {self.of.get(other) or operand(other, node)}"]
        if node in self.memory.skipped:
            return []
        if node in self.memory.group:
            return self.gate(node, self.memory.group[node])
        if node in self.memory.joined:
            return [f"{self.of[node]}[{', '.join(index)}] = {self.of.get(part) or operand(part, node)}"
                    for part, index in self.memory.joined[node] if not self.in_place(part, node, index)]
        form = spelling(node)
        args = tuple([self.of.get(a, "") for a in node.args])
        template, ufunc = form.template, form.ufunc
        if "" in args or node.type.weak or not form.regular:
            # The name of a carry will mean its next value.
            if form.bare and node.label is None and node not in self.of and args[0] and args[0] not in self.carries:
                self.of[node] = args[0]
                return []
            template, args, ufunc, _ = special(node, form, args)
        if self.plain and node.op.name == "square":
            template = "{0} * {0}"
        self.called(node)
        comment = f"  # {node.type}" if node.type.shape else ""
        out = self.out(node) if ufunc or node.op.name == "sigmoid" else ""
        if not out:
            return [f"{self.of[node]} = {template.format(*args, *form.literals)}{comment}"]
        if node.op.name == "sigmoid":
            scratch = self.buffers[self.memory.scratch[node]]
            return self.logistic(args[0], scratch, self.of[node], out, node.type, comment)
        args = tuple([self.constant(a, node.type.dtype) if _NUMBER.fullmatch(a) else a for a in args])
        if ufunc == "np.matmul" and all(a.ndim == 2 for a in node.args) and node not in self.memory.parts:
            ufunc = "np.dot"  # the same product, sooner begun
        return [f"{self.of[node]} = {ufunc}({', '.join([*args, *form.literals])}, out={out}){comment}"]

    def in_place(self, part: Expr, whole: Expr, index: tuple[str, ...]) -> bool:
        """Whether an operand is computed in this very place of a concatenation."""
        found = self.memory.parts.get(part)
        return found is not None and found[0] is whole and found[1] == index

    def called(self, node: Expr) -> str:
        if node not in self.of:
            self.of[node] = self.fresh(node.label) if node.label is not None else self.number()
        return self.of[node]

    # -- memory --------------------------------------------------------------------------------------

    def stack(self, name: str, out: Expr) -> list[str]:
        """The lines that make a stack; those of a group are columns of one."""
        if name in self.trails:
            leaf = self.stacks[self.stacked.index(name)]
            first = self.length if self.reverse else 0
            return [f"{name} = np.empty({shape_text((self.length + 1, *out.shape))}{_dtype(out.type)})",
                    f"{name}[{first}] = {self.of[leaf]}"]
        group = self.memory.group.get(out)
        if group is None or self.stack_of[out] != name:
            return [f"{name} = np.empty({shape_text((self.length, *out.shape))}{_dtype(out.type)})"]
        lines = []
        if id(group) not in self.made:
            self.made.add(id(group))
            shape = shape_text((self.length, *group.type.shape))
            lines = [f"{self.gates[id(group)]} = np.empty({shape}{_dtype(out.type)})"]
        start, stop = next((a, b) for n, a, b in group.members if n is out)
        index = _columns(out.ndim + 1, start - group.start, stop - group.start, group.stop - group.start)
        return [*lines, f"{name} = {self.gates[id(group)]}[{index}]"]

    def row(self, name: str) -> str:
        """Where a step writes its element of a stack."""
        return f"{name}[t + 1]" if name in self.trails and not self.reverse else f"{name}[t]"

    def stack_result(self, name: str) -> str:
        """A stack, or the rows of one that holds a carry before all steps and after them."""
        shared = self.shifted().get(name, name)
        if shared not in self.trails:
            return name
        return f"{shared}[:-1]" if (name == shared) != self.reverse else f"{shared}[1:]"

    def shared(self, end: Expr) -> bool:
        """Whether a final carry may lie in a stack, or be what was given: then the caller gets a copy."""
        if not end.shape or end in self.summed:
            return False
        roots = self.planner.roots.get(end, (end,))
        stacked = any(r in self.written or (r in self.memory.group and self.memory.group[r].stacked) for r in roots)
        given = any(r.op.name in LEAVES for r in roots)
        return stacked or given or not isinstance(self.length, int) or self.length < 1

    def out(self, node: Expr) -> str:
        """Where a value is written, or "" for memory of its own."""
        if node in self.memory.stacked:
            self.written.add(node)
            return self.row(self.stack_of[node])
        if node in self.memory.parts:
            whole, index = self.memory.parts[node]
            self.written.add(node)
            return f"{self.of[whole]}[{', '.join(index)}]"
        return self.buffers[self.memory.place[node]] if node in self.memory.place else ""

    def joint(self, node: Expr) -> list[str]:
        """A concatenation is there before its parts."""
        if node not in self.memory.stacked:
            name = self.buffers[self.memory.place[node]]
        else:
            self.written.add(node)
            name = self.row(self.stack_of[node])
        return [f"{self.called(node)} = {name}  # {node.type}"]

    def gate(self, node: Expr, group: Group) -> list[str]:
        lines: list[str] = []
        first = self.planner.first(group)
        if first is node:
            joint = self.of_group(group, first)
            columns = _columns(group.source.ndim, group.start, group.stop, group.source.shape[-1])
            source = self.of[group.source] + (f"[{columns}]" if columns else "")
            lines = self.logistic(source, self.buffers[self.memory.scratch[first]], joint,
                                  f"{self.gates[id(group)]}[t]" if group.stacked else joint, group.type,
                                  f"  # {group.type}")
        start, stop = next((a, b) for n, a, b in group.members if n is node)
        columns = _columns(node.ndim, start - group.start, stop - group.start, group.stop - group.start)
        name = self.called(node)
        if node in self.stack_of:
            self.written.add(node)
        return [*lines, f"{name} = {self.joints[id(group)]}[{columns}]  # {node.type}"]

    def logistic(self, x: str, scratch: str, name: str, out: str, type_: TensorType, comment: str) -> list[str]:
        """e/(1 + e) for e = exp(x), which loses no digit; of an x whose exponential is huge it is 1."""
        large, one = (self.constant(text, type_.dtype) for text in (LARGE[type_.dtype], "1.0"))
        lines = [f"{name} = {out}{comment}"] if name != out else []
        return [*lines, f"np.exp(np.minimum({x}, {large}, out={scratch}), out={scratch})",
                f"np.divide({scratch}, np.add({scratch}, {one}, out={name}), out={name})"]

    def constant(self, text: str, dtype: str) -> str:
        """A number as an array without axes, made before the loop: NumPy is sooner done with it than with a float."""
        text = text if re.search(r"[.e]", text) else f"{text}.0"
        if (text, dtype) not in self.numbers:
            self.numbers[text, dtype] = self.fresh(_WORDS.get(text, f"c{len(self.numbers)}"))
        return self.numbers[text, dtype]

    def of_group(self, group: Group, first: Expr) -> str:
        name = self.number() if group.stacked else self.buffers[self.memory.place[first]]
        self.joints[id(group)] = name
        return name

    def value(self, node: Expr) -> str:
        """An output: one that is a number or a size is written out."""
        if node in self.of:
            return self.of[node]
        text = str(node.attrs[0]) if node.op.name == "size" else number_text(node)
        return f"np.{numpy_name(node.type.dtype)}({text})"


def _columns(ndim: int, start: int, stop: int, size: Size) -> str:
    """An index of whole rows, and of these columns."""
    return ", ".join([*[":"] * (ndim - 1), f"{start or ''}:{stop if stop != size else ''}"])


def _aligned(lines: list[str]) -> list[str]:
    """The lines with their comments below one another."""
    parts = [line.partition("  # ") for line in lines]
    width = min(max([len(code) for code, mark, _ in parts if mark], default=0), _COMMENT_AT)
    return [f"{code:<{width}}{mark}{comment}" if mark else code for code, mark, comment in parts]


def _stem(node: Expr) -> str:
    return node.label or "y"


def _size_words(length: Size, body: Body) -> list[str]:
    return list(dict.fromkeys([*re.findall(r"[^\W\d]\w*", str(length)), *map(str, body.sizes)]))


def _called(source: str) -> str:
    return source[4 : source.index("(")]


def _dtype(type_: TensorType) -> str:
    return "" if type_.dtype == "float64" else f", np.{numpy_name(type_.dtype)}"
