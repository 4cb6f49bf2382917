"""Which states a transition enters, by the chart and by what its history states remember."""

from __future__ import annotations

from workflows.engine.actions import Run
from workflows.engine.tables import Chart, Node


class EntrySet:
    """computeEntrySet of SCXML, Appendix D. Insertion-ordered dicts stand for its ordered sets.

    One correction; the other is where the domain is worked out. A transition to a history state from within that
    history's own parent may have a domain below the parent. The appendix would enter the states between again,
    though they were not left, and other regions among them twice. Nothing at or above the domain is entered here.
    """

    def __init__(self, chart: Chart, remembered: dict[str, list[str]], domain: int) -> None:
        self._chart = chart
        self._remembered = remembered
        self._domain = domain
        self.nodes: dict[int, None] = {}
        self.defaults: dict[int, None] = {}
        self.history: dict[int, tuple[Run, ...]] = {}
        self.through_history = False

    def descendants(self, number: int) -> None:
        """The node, and below it what is entered with it: remembered states, initial ones, all regions."""
        node = self._chart.nodes[number]
        if node.kind == "history":
            self._history(node)
            return
        self.nodes[number] = None
        if node.kind == "compound" and node.initial is not None:
            self.defaults[number] = None
            self._targets(node.initial.targets, number)
        elif node.kind == "parallel":
            self._regions(node)

    def ancestors(self, number: int, limit: int) -> None:
        """What lies between the node and `limit`, and the other regions of parallel states on the way."""
        for above in self._chart.nodes[number].path:
            if above in (limit, self._domain):
                return
            self.nodes[above] = None
            node = self._chart.nodes[above]
            if node.kind == "parallel":
                self._regions(node)

    def _history(self, node: Node) -> None:
        self.through_history = True
        remembered = self._remembered.get(node.id)
        if remembered is not None:
            self._targets(tuple(self._chart.number_of[state] for state in remembered), node.parent)
        elif node.initial is not None:
            self.history[node.parent] = node.initial.actions
            self._targets(node.initial.targets, node.parent)

    def _targets(self, targets: tuple[int, ...], limit: int) -> None:
        for target in targets:
            self.descendants(target)
        for target in targets:
            self.ancestors(target, limit)

    def _regions(self, node: Node) -> None:
        for child in node.children:
            last = self._chart.nodes[child].last
            if not any(child <= entered <= last for entered in self.nodes):
                self.descendants(child)
