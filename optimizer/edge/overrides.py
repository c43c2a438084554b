"""`--set limits.0.at_most=60_000_000`: one value of a scenario replaced or added, without another file.

The path's parts are keys, or places in a list counted from 0; the value is YAML, under the rules of the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from optimizer.edge.yaml_tree import Node, Ranked, Text
from optimizer.errors import Fault
from optimizer.problem.scenario_part import one_line


def override(root: Node, overrides: Sequence[str]) -> list[Ranked]:
    """Apply the overrides to the tree, in order; the faults of those that cannot be applied."""
    faults: list[Ranked] = []
    for rank, written in enumerate(overrides, start=1):
        path, equals, value = written.partition("=")
        keys, name = path.strip().split("."), f"--set {one_line(path.strip())}"
        if not equals or not all(keys):
            faults.append(((rank, 0), Fault(name, "must be PATH=VALUE", "", "write --set limits.0.at_most=60_000_000")))
            continue
        text = Text(name=name, text=value, rank=rank)
        node = Node(None, name, (rank, 0)) if not value.strip() else text.tree()
        faults += text.faults
        if node is not None and (fault := _put(root, keys, node)):
            faults.append(((rank, 0), fault))
    return faults


def _put(root: Node, keys: Sequence[str], node: Node) -> Fault | None:
    parent = root
    for depth, key in enumerate(keys):
        last, above = depth == len(keys) - 1, one_line(".".join(keys[:depth]))
        # A part that the file leaves out is made on the way: solver.backend=highs needs no `solver` in the file.
        made = node if last else Node([] if keys[depth + 1] == "0" else {}, node.where, node.order)
        match parent.value:
            case dict() as children:
                if last or children.get(key, made).value is None:
                    children[key] = made
                parent = children.setdefault(key, made)
            case list() as items:
                place = int(key) if re.fullmatch("[0-9]{1,6}", key) else None
                if place is None or place > len(items):
                    known = f"0 to {len(items) - 1}, or {len(items)} to append" if items else "0 to append"
                    return Fault(node.where, f"{above} is a list", one_line(key), f"name a place in it: {known}")
                items[place : place + 1] = [made] if last or place == len(items) else [items[place]]
                parent = items[place]
            case _:
                remedy = f"set {above} as a whole"
                return Fault(node.where, f"{above} is a single value, without a {one_line(key)}", "", remedy)
    return None
