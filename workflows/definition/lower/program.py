"""The whole Program of a document."""

from __future__ import annotations

from workflows.definition.lower.context import Assignment, Call, Lowering, Names
from workflows.definition.lower.states import initial_targets, lower_states
from workflows.definition.lower.values import check_roles, lower_value, lower_values
from workflows.definition.program import Fact, Program, Transition, Value
from workflows.definition.tables.compile import lower_tables
from workflows.definition.typing.fit import coerced
from workflows.definition.typing.shapes import DYN
from workflows.domain.errors import InvalidInput
from workflows.domain.numbering import parse as parse_pattern


def lower_program(lowering: Lowering) -> Program:
    """A Program as good as the document allows; only to be used when nothing was reported."""
    document = lowering.document
    _check_number(lowering)
    check_roles(lowering, document.start.by, (*document.start.path, "by"))
    form, form_path = document.start.form, (*document.start.path, "form")
    return Program(
        process=document.process,
        version=document.version,
        title=document.title,
        number=document.number,
        start_by=tuple(document.start.by),
        start_form=lowering.form(form, form_path) if form is not None else None,
        start_require=tuple(document.start.require),
        data_schema=lowering.data_schema,
        data=_defaults(lowering),
        facts=_facts(lowering),
        tables=lower_tables(lowering),
        initial=Transition(
            id="initial", targets=initial_targets(lowering, lowering.tree.root, document.initial, ("initial",))
        ),
        states=lower_states(lowering),
        calendar=lowering.calendar,
    )


def _check_number(lowering: Lowering) -> None:
    if lowering.document.number is None:
        return
    try:
        parse_pattern(lowering.document.number)
    except InvalidInput as problem:
        lowering.problem("J110", ("number",), problem.message)


def _defaults(lowering: Lowering) -> dict[str, Value]:
    names, defaults = Names(facts=False), {}
    for name, raw in lowering.document.defaults.items():
        path = ("defaults", name)
        lowering.assignments.append(Assignment(name, raw, path, names))
        shape = lowering.data_shape.fields.get(name, DYN)
        defaults[name] = lower_value(lowering, coerced(raw, shape), path, names)
    return defaults


def _facts(lowering: Lowering) -> dict[str, Fact]:
    facts = {}
    names = Names(facts=False)
    for name, node in lowering.document.facts.items():
        path, arguments_path = (*node.path, "call"), (*node.path, "with")
        lowering.calls.append(Call(node.call, "fact", node.with_, path, arguments_path, names))
        arguments = lower_values(lowering, node.with_, arguments_path, names)
        facts[name] = Fact(call=node.call, with_=arguments)
    return facts
