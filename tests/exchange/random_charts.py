"""Random legal programs: nested and parallel states, history, finals, guards, data, raised events, timers."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from workflows.definition.program import (
    Action,
    Branch,
    Cel,
    Const,
    ForEach,
    If,
    Log,
    Program,
    Raise,
    Send,
    Set,
    State,
    Text,
    Timer,
    Transition,
)

EVENTS = ("a", "b", "c")
GUARDS = (None, None, None, "data.n > 1", "data.n < 3", "data.n == 2")
COUNT = Set(values={"n": Cel(source="data.n < 4 ? data.n + 1 : 0")})
ACTIONS: tuple[Action, ...] = (
    COUNT,
    Set(values={"note": Text(parts=("n is ", "data.n", ""))}),
    Raise(event="c"),
    Send(event="b", delay=Const(value="PT30M"), id="later"),
    Log(label="l", value=Text(parts=("", "data.n", " <&>"))),
    If(branches=(Branch(when="data.n > 2", actions=(Log(label="more"),)),), otherwise=(COUNT,)),
    ForEach(of="data.m", item="item", index="i", actions=(Set(values={"n": Cel(source="item + i")}),)),
)


@st.composite
def programs(draw: st.DrawFn, actions: tuple[Action, ...] = ACTIONS, *, across_regions: bool = True) -> Program:
    """A program of two to some dozen states; `data.n` counts.

    Args:
        actions: what transitions may do.
        across_regions: transitions may lead from one region into another, and states around regions may have some.
    """
    names = (f"s{number}" for number in range(1000))
    root = draw(_shapes(depth=3, least=2))
    tree = [_named(shape, names, ()) for shape in root]
    every = {name: regions for node in tree for name, regions in _names(node)}
    states = tuple(draw(_state(node, every, actions, across_regions)) for node in tree)
    initial = draw(st.sampled_from([node["name"] for node in tree if node["kind"] != "history"]))
    return Program(
        process="random",
        version="1.0.0",
        title="Random",
        data={"n": Const(value=0), "m": Cel(source="[1, 2]")},
        initial=Transition(id="initial", targets=(initial,)),
        states=states,
        max_microsteps=40,
    )


@st.composite
def _shapes(draw: st.DrawFn, depth: int, least: int = 1) -> list[dict[str, Any]]:
    """Kinds of siblings with what is inside them."""
    kinds = ["atomic", "atomic", "atomic", "final"] + (["compound", "parallel"] if depth else [])
    found = []
    for position in range(draw(st.integers(least, 3))):
        kind = "atomic" if position == 0 else draw(st.sampled_from(kinds))
        inside: list[dict[str, Any]] = []
        if kind == "compound":
            inside = draw(_shapes(depth - 1))
            if draw(st.booleans()):
                inside.append({"kind": "history", "inside": [], "deep": draw(st.booleans())})
        elif kind == "parallel":
            regions = [draw(_shapes(depth - 1)) for _ in range(2)]
            inside = [{"kind": "compound", "inside": region} for region in regions]
        found.append({"kind": kind, "inside": inside, "deep": False} | {})
    return found


def _named(shape: dict[str, Any], names: Any, regions: tuple[str, ...]) -> dict[str, Any]:
    """With names, and the regions around each state, outermost first."""
    name = next(names)
    inside = [
        _named(inner, names, (*regions, f"{name}:{position}") if shape["kind"] == "parallel" else regions)
        for position, inner in enumerate(shape["inside"])
    ]
    return shape | {"name": name, "regions": regions, "inside": inside}


def _names(node: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    return [(node["name"], node["regions"]), *(pair for inner in node["inside"] for pair in _names(inner))]


def _across(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two states stand in different regions of one parallel state."""
    return any(a != b and a.split(":")[0] == b.split(":")[0] for a, b in zip(one, other, strict=False))


def _has_regions(node: dict[str, Any]) -> bool:
    return node["kind"] == "parallel" or any(_has_regions(inner) for inner in node["inside"])


@st.composite
def _state(
    draw: st.DrawFn,
    node: dict[str, Any],
    every: dict[str, tuple[str, ...]],
    actions: tuple[Action, ...],
    across_regions: bool,
) -> State:
    name, kind = node["name"], node["kind"]
    reachable = [other for other, regions in every.items() if across_regions or not _across(node["regions"], regions)]
    children = [inner for inner in node["inside"] if inner["kind"] != "history"]
    if kind == "history":
        return State(id=name, kind="history", deep=node["deep"], initial=node["default"])
    for inner in node["inside"]:
        if inner["kind"] == "history":
            inner["default"] = Transition(id=f"{inner['name']}/default", targets=(children[0]["name"],))
    timers: tuple[Timer, ...] = ()
    transitions: list[Transition] = []
    if kind != "final" and (across_regions or not _has_regions(node)):
        transitions = [draw(_transition(f"{name}/{n}", reachable, actions)) for n in range(draw(st.integers(0, 2)))]
        if draw(st.integers(0, 3)) == 0:
            timers = (Timer(id=f"after.{name}.1", event=f"after.{name}.1", after=Const(value="PT1H")),)
            timed = draw(_transition(f"{name}/{len(transitions)}", reachable, actions))
            transitions.append(timed.model_copy(update={"events": (timers[0].event,), "code": None}))
        if kind == "compound" and draw(st.booleans()):
            done = draw(_transition(f"{name}/{len(transitions)}", reachable, actions))
            transitions.append(done.model_copy(update={"events": (f"done.state.{name}",), "code": None}))
    return State(
        id=name,
        kind=kind,
        title=draw(st.sampled_from([None, "A title", 'Quotes " & <tags>'])),
        initial=Transition(id=f"{name}/initial", targets=(draw(st.sampled_from(children))["name"],))
        if kind == "compound"
        else None,
        entry=draw(st.sampled_from([(), ((COUNT,),)])),
        exit=draw(st.sampled_from([(), ((Log(label=f"-{name}"),),)])),
        transitions=tuple(transitions),
        timers=timers,
        children=tuple(draw(_state(inner, every, actions, across_regions)) for inner in node["inside"]),
    )


@st.composite
def _transition(draw: st.DrawFn, name: str, reachable: list[str], actions: tuple[Action, ...]) -> Transition:
    code = draw(st.sampled_from(EVENTS))
    targets = draw(st.one_of(st.just(()), st.sampled_from(reachable).map(lambda target: (target,))))
    return Transition(
        id=name,
        code=code,
        events=(code,),
        when=draw(st.sampled_from(GUARDS)),
        targets=targets,
        actions=draw(st.lists(st.sampled_from(actions), max_size=2).map(tuple)),
        by=draw(st.sampled_from([(), ("anyone",), ("role:operator", "assignee")])),
    )


def steps(events: tuple[str, ...] = EVENTS) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Events and waits, as `jidoka simulate` takes them."""
    event = st.sampled_from(events).map(lambda name: {"event": name})
    wait = st.sampled_from(["PT20M", "PT1H"]).map(lambda length: {"advance": length})
    return st.lists(st.one_of(event, event, wait), max_size=8)
