"""Random charts for the property tests: small, but with every kind of state and transition in any nesting."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.engine.charts import cel, note
from workflows.definition.program import Action, Program, Raise, Send, Set, State, Transition

EVENTS = ("e1", "e2", "e1.x")
RAISED = ("r1", "r2")
MOST_STATES = 14
COUNT_ON = Set(values={"n": cel("data.n + 1")})


@st.composite
def programs(draw: DrawFn) -> Program:
    """A program whose `n` counts and whose every entry and exit leaves a trace."""
    skeleton = draw(_skeletons())
    kinds = dict(_walk(skeleton))
    memories = [(name,) for name, kind in kinds.items() if kind in HISTORIES]
    targets = [(), *((name,) for name in kinds), *memories * 3, *_pairs(skeleton)]
    states = tuple(_state(draw, item, targets, kinds) for item in skeleton)
    first = draw(st.sampled_from([state.id for state in states if state.kind != "final"] or [states[0].id]))
    return Program(
        process="random",
        version="1.0.0",
        title="Random",
        data={"n": cel("0")},
        initial=Transition(id="initial", targets=(first,), actions=(note("begin"),)),
        states=states,
        max_microsteps=40,
    )


Skeleton = tuple[str, str, tuple["Skeleton", ...]]
"""Name, kind, children."""
HISTORIES = ("shallow", "deep")


@st.composite
def _skeletons(draw: DrawFn) -> tuple[Skeleton, ...]:
    count = iter(range(MOST_STATES))

    def grow(depth: int, *, must: bool, region: bool) -> Skeleton | None:
        number = next(count, None)
        if number is None and not must:
            return None
        name = f"s{number}" if number is not None else f"x{draw(st.uuids()).hex[:8]}"
        kinds = ["atomic"] if region else ["atomic", "atomic", "final"]
        if depth < 3 and number is not None:
            kinds += ["compound", "compound", "parallel"]
        kind = draw(st.sampled_from(kinds))
        children: list[Skeleton | None] = []
        if kind in ("compound", "parallel"):
            children.append(grow(depth + 1, must=True, region=kind == "parallel"))
            more = range(draw(st.integers(0, 2)))
            children += [grow(depth + 1, must=False, region=kind == "parallel") for _ in more]
            if draw(st.booleans()) and (memory := next(count, None)) is not None:
                children.append((f"s{memory}", draw(st.sampled_from(HISTORIES)), ()))
        return name, kind, tuple(child for child in children if child is not None)

    top = [grow(0, must=True, region=True), grow(0, must=True, region=False), grow(0, must=False, region=False)]
    return tuple(item for item in top if item is not None)


def _walk(skeleton: tuple[Skeleton, ...]) -> list[tuple[str, str]]:
    return [pair for name, kind, children in skeleton for pair in [(name, kind), *_walk(children)]]


def _pairs(skeleton: tuple[Skeleton, ...]) -> list[tuple[str, ...]]:
    """Two targets at once: the last states of two regions of one parallel state."""
    found: list[tuple[str, ...]] = []
    for _, kind, children in skeleton:
        found += _pairs(children)
        if kind == "parallel":
            last = [_walk((child,))[-1][0] for child in children if child[1] not in HISTORIES]
            found += pairwise(last)
    return found


def _state(draw: DrawFn, item: Skeleton, targets: list[tuple[str, ...]], kinds: dict[str, str]) -> State:
    name, kind, children = item
    inner = [child for child in children if child[1] not in HISTORIES]
    entry: tuple[Action, ...] = (note(f"+{name}"), *draw(_actions()))
    leave: tuple[Action, ...] = (note(f"-{name}"), *draw(_actions()))
    return State(
        id=name,
        kind=kind,
        initial=_initial(draw, name, inner) if kind == "compound" else None,
        entry=(entry,),
        exit=(leave,),
        transitions=tuple(
            _transition(draw, f"{name}/{position}", targets, kinds)
            for position in range(0 if kind == "final" else draw(st.integers(1, 3)))
        ),
        children=tuple(
            _history(draw, child, inner) if child[1] in HISTORIES else _state(draw, child, targets, kinds)
            for child in children
        ),
    )


def _initial(draw: DrawFn, name: str, inner: list[Skeleton]) -> Transition:
    below = [found for child in inner for found, _ in _walk((child,))]
    actions = (note(f"initial of {name}"),)
    return Transition(id=f"{name}/initial", targets=(draw(st.sampled_from(below)),), actions=actions)


def _history(draw: DrawFn, item: Skeleton, siblings: list[Skeleton]) -> State:
    name, kind, _ = item
    candidates = [found for found, _, _ in siblings]
    if kind == "deep":
        candidates = [found for found, inner in _walk(tuple(siblings)) if inner not in HISTORIES]
    default = Transition(
        id=f"{name}/default", targets=(draw(st.sampled_from(candidates)),), actions=(note(f"default of {name}"),)
    )
    return State(id=name, kind="history", deep=kind == "deep", initial=default)


def _transition(draw: DrawFn, name: str, targets: list[tuple[str, ...]], kinds: dict[str, str]) -> Transition:
    done = [f"done.state.{state}" for state, kind in kinds.items() if kind in ("compound", "parallel")]
    event = draw(st.sampled_from(["e1", "e1", *EVENTS, *RAISED, "*", None, *done]))
    active = [state for state, kind in kinds.items() if kind not in HISTORIES]
    guards = ["data.n % 2 == 0", "data.n % 3 == 1", f"'{draw(st.sampled_from(active))}' in state"]
    always = [None] * 4 if event is not None else []
    return Transition(
        id=name,
        events=(event,) if event is not None else (),
        when=draw(st.sampled_from([*always, *guards])),
        targets=draw(st.sampled_from(targets)),
        internal=draw(st.booleans()),
        actions=(note(name), *draw(_actions())),
    )


@st.composite
def _actions(draw: DrawFn) -> tuple[Action, ...]:
    possible: list[tuple[Action, ...]] = [(), (), (), (COUNT_ON,), (COUNT_ON,)]
    possible += [(Raise(event="r1"),), (Raise(event="r2"), COUNT_ON), (Send(event="e2"),)]
    return draw(st.sampled_from(possible))
