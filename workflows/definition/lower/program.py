"""The whole Program of a document."""

from __future__ import annotations

from workflows.definition.lower.context import Call, Lowering, Names
from workflows.definition.lower.states import initial_targets, lower_states
from workflows.definition.lower.values import check_roles, lower_values
from workflows.definition.program import Fact, Program, Transition


def lower_program(lowering: Lowering) -> Program:
    """A Program as good as the document allows; only to be used when nothing was reported."""
    document = lowering.document
    check_roles(lowering, document.start.by, (*document.start.path, "by"))
    schema = lowering.schemas.load(document.data, ("data",)) or {}
    start_form = document.start.form
    return Program(
        process=document.process,
        version=document.version,
        title=document.title,
        number=document.number,
        start_by=tuple(document.start.by),
        start_form=lowering.schemas.load(start_form, (*document.start.path, "form")) if start_form else None,
        start_require=tuple(document.start.require),
        data_schema=schema,
        data=lower_values(lowering, document.defaults, ("defaults",), Names(facts=False)),
        facts=_facts(lowering),
        initial=Transition(
            id="initial", targets=initial_targets(lowering, lowering.tree.root, document.initial, ("initial",))
        ),
        states=lower_states(lowering),
    )


def _facts(lowering: Lowering) -> dict[str, Fact]:
    facts = {}
    names = Names(facts=False)
    for name, node in lowering.document.facts.items():
        path, arguments_path = (*node.path, "call"), (*node.path, "with")
        lowering.calls.append(Call(node.call, "fact", node.with_, path, arguments_path, names))
        arguments = lower_values(lowering, node.with_, arguments_path, names)
        facts[name] = Fact(call=node.call, with_=arguments)
    return facts
