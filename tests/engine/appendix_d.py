"""A second reading of W3C SCXML, Appendix D: its pseudocode as literally as Python allows, slow and without effects.

Two corrections, without which configurations can become illegal when a transition within the parent of a history
state has that as its target: a state that is active and was not left is not entered again, nor are its regions; and
the domain of a transition is what it was before leaving recorded new history.

Knows only what `random_charts` makes: `raise`, `send` to itself, `log`, `set` of `n`, and two kinds of guards.
Shares no code with the engine, so that both being wrong in the same way is unlikely.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable

from workflows.definition.program import Action, Cel, Log, Program, Raise, Send, Set, State, Transition

ROOT = State(id="", kind="compound")


class Endless(Exception):
    """More micro-steps than the program allows."""


class AppendixD:
    """One instance; `configuration` holds state ids."""

    def __init__(self, program: Program, n: int) -> None:
        self._program = program
        self._parent: dict[str, str | None] = {"": None}
        self._states: dict[str, State] = {"": ROOT.model_copy(update={"children": program.states})}
        self._number(self._states[""])
        self._order = {name: position for position, name in enumerate(self._states)}
        self._history: dict[str, list[str]] = {}
        self._internal: deque[str] = deque()
        self._external: deque[str] = deque()
        self._microsteps = 0
        self.configuration: set[str] = set()
        self.trace: list[str] = []
        self.n = n
        self.running = True
        self._microstep([(program.initial, "")])
        self._main_event_loop()

    def send(self, event: str) -> None:
        self.trace.clear()
        self._microsteps = 0
        if self.running:
            self._external.append(event)
            self._main_event_loop()

    def _number(self, state: State) -> None:
        for child in state.children:
            self._states[child.id] = child
            self._parent[child.id] = state.id
            self._number(child)

    # --- procedures of the appendix ----------------------------------------------------------------------------

    def _main_event_loop(self) -> None:
        while self.running:
            while self.running:
                enabled = self._select_transitions(None)
                if not enabled:
                    if not self._internal:
                        break
                    enabled = self._select_transitions(self._internal.popleft())
                if enabled:
                    self._microstep(enabled)
            if not self.running or not self._external:
                break
            enabled = self._select_transitions(self._external.popleft())
            if enabled:
                self._microstep(enabled)
        if not self.running:
            self._internal.clear()
            self._external.clear()

    def _select_transitions(self, event: str | None) -> list[tuple[Transition, str]]:
        enabled: list[tuple[Transition, str]] = []
        for name in self._in_order(name for name in self.configuration if self._is_atomic(name)):
            found = next(
                (
                    (transition, source)
                    for source in [name, *self._proper_ancestors(name)]
                    for transition in self._states[source].transitions
                    if self._matches(transition, event) and self._condition(transition.when)
                ),
                None,
            )
            if found is not None and found not in enabled:
                enabled.append(found)
        return self._remove_conflicting(enabled)

    def _remove_conflicting(self, enabled: list[tuple[Transition, str]]) -> list[tuple[Transition, str]]:
        filtered: list[tuple[Transition, str]] = []
        for one in enabled:
            preempted, to_remove = False, []
            for other in filtered:
                if self._exit_set([one]) & self._exit_set([other]):
                    if self._is_descendant(one[1], other[1]):
                        to_remove.append(other)
                    else:
                        preempted = True
                        break
            if not preempted:
                filtered = [other for other in filtered if other not in to_remove]
                filtered.append(one)
        return filtered

    def _microstep(self, enabled: list[tuple[Transition, str]]) -> None:
        self._microsteps += 1
        if self._microsteps > self._program.max_microsteps:
            raise Endless
        domains = [self._domain(*one) for one in enabled]
        self._exit_states(enabled)
        for transition, _ in enabled:
            self._execute(transition.actions)
        self._enter_states(enabled, domains)

    def _exit_states(self, enabled: list[tuple[Transition, str]]) -> None:
        leaving = self._in_order(self._exit_set(enabled))[::-1]
        for name in leaving:
            for child in self._states[name].children:
                if child.kind == "history":
                    self._history[child.id] = self._in_order(
                        active
                        for active in self.configuration
                        if (
                            self._is_atomic(active) and self._is_descendant(active, name)
                            if child.deep
                            else self._parent[active] == name
                        )
                    )
        for name in leaving:
            for block in self._states[name].exit:
                self._execute(block)
            self.configuration.discard(name)

    def _exit_set(self, enabled: list[tuple[Transition, str]]) -> set[str]:
        leaving: set[str] = set()
        for transition, source in enabled:
            if transition.targets:
                domain = self._domain(transition, source)
                leaving |= {name for name in self.configuration if self._is_descendant(name, domain)}
        return leaving

    def _enter_states(self, enabled: list[tuple[Transition, str]], domains: list[str]) -> None:
        entering: dict[str, None] = {}
        by_default: dict[str, None] = {}
        default_history: dict[str, tuple[Action, ...]] = {}
        for (transition, _), domain in zip(enabled, domains, strict=True):
            for target in transition.targets:
                self._add_descendants(target, entering, by_default, default_history)
            if transition.targets:
                for target in self._effective_targets(transition):
                    self._add_ancestors(target, domain, entering, by_default, default_history)
        for name in self._in_order(entering):
            self.configuration.add(name)
            state = self._states[name]
            for block in state.entry:
                self._execute(block)
            if name in by_default and state.initial is not None:
                self._execute(state.initial.actions)
            self._execute(default_history.get(name, ()))
            if state.kind == "final":
                self._enter_final(name)

    def _enter_final(self, name: str) -> None:
        parent = self._parent[name]
        assert parent is not None
        if parent == "":
            self.running = False
            return
        self._internal.append(f"done.state.{parent}")
        grandparent = self._parent[parent]
        if grandparent and self._states[grandparent].kind == "parallel":
            regions = [child.id for child in self._states[grandparent].children if child.kind != "history"]
            if all(self._is_in_final_state(region) for region in regions):
                self._internal.append(f"done.state.{grandparent}")

    def _add_descendants(
        self,
        name: str,
        entering: dict[str, None],
        by_default: dict[str, None],
        default_history: dict[str, tuple[Action, ...]],
    ) -> None:
        state = self._states[name]
        rest = (entering, by_default, default_history)
        if state.kind == "history":
            parent = self._parent[name]
            assert parent is not None
            assert state.initial is not None
            targets = self._history.get(name)
            if targets is None:
                default_history[parent] = state.initial.actions
                targets = list(state.initial.targets)
            for target in targets:
                self._add_descendants(target, *rest)
            for target in targets:
                self._add_ancestors(target, parent, *rest)
            return
        entering[name] = None
        if state.kind == "compound":
            assert state.initial is not None
            by_default[name] = None
            for target in state.initial.targets:
                self._add_descendants(target, *rest)
            for target in state.initial.targets:
                self._add_ancestors(target, name, *rest)
        elif state.kind == "parallel":
            self._add_regions(name, *rest)

    def _add_ancestors(
        self,
        name: str,
        until: str,
        entering: dict[str, None],
        by_default: dict[str, None],
        default_history: dict[str, tuple[Action, ...]],
    ) -> None:
        for above in self._proper_ancestors(name, until):
            if above in self.configuration:
                return
            entering[above] = None
            if self._states[above].kind == "parallel":
                self._add_regions(above, entering, by_default, default_history)

    def _add_regions(
        self,
        name: str,
        entering: dict[str, None],
        by_default: dict[str, None],
        default_history: dict[str, tuple[Action, ...]],
    ) -> None:
        for child in self._states[name].children:
            if child.kind != "history" and not any(self._is_descendant(inner, child.id) for inner in entering):
                self._add_descendants(child.id, entering, by_default, default_history)

    def _domain(self, transition: Transition, source: str) -> str:
        targets = self._effective_targets(transition)
        inside = all(self._is_descendant(target, source) for target in targets)
        if transition.internal and self._states[source].kind == "compound" and inside:
            return source
        for above in [*self._proper_ancestors(source), ""]:
            if self._states[above].kind == "compound" and all(self._is_descendant(item, above) for item in targets):
                return above
        return ""

    def _effective_targets(self, transition: Transition) -> list[str]:
        found: list[str] = []
        for target in transition.targets:
            state = self._states[target]
            if state.kind != "history":
                found.append(target)
            elif target in self._history:
                found.extend(self._history[target])
            elif state.initial is not None:
                found.extend(self._effective_targets(state.initial))
        return found

    # --- predicates --------------------------------------------------------------------------------------------

    def _proper_ancestors(self, name: str, until: str = "") -> list[str]:
        found = []
        above = self._parent[name]
        while above not in (None, "", until):
            assert above is not None
            found.append(above)
            above = self._parent[above]
        return found

    def _is_descendant(self, name: str, of: str) -> bool:
        return name != of and (of == "" or of in self._proper_ancestors(name))

    def _is_atomic(self, name: str) -> bool:
        return self._states[name].kind in ("atomic", "final")

    def _is_in_final_state(self, name: str) -> bool:
        children = [child for child in self._states[name].children if child.kind != "history"]
        if self._states[name].kind == "parallel":
            return all(self._is_in_final_state(child.id) for child in children)
        return any(child.kind == "final" and child.id in self.configuration for child in children)

    def _in_order(self, names: Iterable[str]) -> list[str]:
        return sorted(names, key=self._order.__getitem__)

    def _matches(self, transition: Transition, event: str | None) -> bool:
        if event is None:
            return not transition.events
        return any(
            item == "*" or event.split(".")[: len(item.split("."))] == item.split(".") for item in transition.events
        )

    def _condition(self, when: str | None) -> bool:
        if when is None:
            return True
        limit = re.fullmatch(r"data\.n % (\d+) == (\d+)", when)
        if limit is not None:
            return self.n % int(limit.group(1)) == int(limit.group(2))
        inside = re.fullmatch(r"'(\w+)' in state", when)
        assert inside is not None, when
        return inside.group(1) in self.configuration

    def _execute(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            match action:
                case Log(label=label):
                    self.trace.append(str(label))
                case Raise(event=event):
                    self._internal.append(event)
                case Send(event=event):
                    self._external.append(event)
                case Set(values=values) if values == {"n": Cel(source="data.n + 1")}:
                    self.n += 1
                case _:
                    raise AssertionError(action)
