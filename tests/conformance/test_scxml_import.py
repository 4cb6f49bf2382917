"""What SCXML becomes, and what is refused: with its line, and nothing fetched."""

from __future__ import annotations

import pytest

from tests.conformance.player import Player
from workflows.definition.exchange.markup import MOST_BYTES
from workflows.definition.exchange.scxml_import import import_scxml
from workflows.definition.program import Const, Program
from workflows.domain.errors import InvalidInput, PayloadTooLarge


def scxml(body: str, **attributes: str) -> str:
    given = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0"{given}>\n{body}\n</scxml>'


def run(body: str, *events: str, **attributes: str) -> list[str]:
    """Active atomic states after the start and these events."""
    player = Player(import_scxml(scxml(body, **attributes)), reload=False)
    for event in events:
        player.send(event)
    return player.configuration


def refusal(text: str | bytes) -> str:
    with pytest.raises(InvalidInput) as refused:
        import_scxml(text)
    return refused.value.message


# --- structure ----------------------------------------------------------------------------------------------------


def test_state_ids_stay_as_they_are_and_states_without_one_get_one() -> None:
    program = import_scxml(scxml('<state id="state_1"><state/><state id="a-b.c"/></state>'))
    (outer,) = program.states

    assert [outer.id, *(child.id for child in outer.children)] == ["state_1", "state_2", "a-b.c"]


def test_the_first_state_is_the_initial_one_unless_another_is_named() -> None:
    two = '<state id="a"/><state id="b"><state id="b1"/></state>'

    assert run(two) == ["a"]
    assert run(two, initial="b1") == ["b1"]


def test_a_transition_with_one_event_has_that_as_its_code() -> None:
    transitions = '<transition event="go"/><transition event="x y"/><transition event="*"/><transition cond="false"/>'
    (state,) = import_scxml(scxml(f'<state id="a">{transitions}</state>')).states

    assert [(item.code, item.events) for item in state.transitions] == [
        ("go", ("go",)),
        (None, ("x", "y")),
        (None, ("*",)),
        (None, ()),
    ]


def test_a_prefix_for_the_namespace_makes_no_difference() -> None:
    text = '<s:scxml xmlns:s="http://www.w3.org/2005/07/scxml"><s:state id="a"/></s:scxml>'

    assert import_scxml(text).states[0].id == "a"


def test_notes_of_other_tools_are_skipped() -> None:
    body = '<q:view xmlns:q="urn:tool" x="1"/><state id="a"><q:pos xmlns:q="urn:tool"/></state>'

    assert run(body) == ["a"]


def test_transitions_of_the_whole_chart_come_after_a_states_own() -> None:
    body = """<transition event="go" target="c"/><state id="a"><transition event="go" target="b"/></state>
    <state id="b"/><state id="c"/>"""

    assert run(body, "go") == ["b"]
    assert run(body, "go", "go") == ["c"]


def test_the_process_has_the_name_of_the_chart() -> None:
    assert import_scxml(scxml('<state id="a"/>', name="order entry")).process == "order_entry"
    assert import_scxml(scxml('<state id="a"/>'), process="mine").process == "mine"


def test_final_data_reach_the_done_event() -> None:
    body = """<datamodel><data id="n" expr="20"/></datamodel>
    <state id="box"><transition event="done.state.box" cond="_event.data.n === 21" target="ok"/>
      <state id="one"><transition event="go" target="end"/></state>
      <final id="end"><donedata><param name="n" expr="n + 1"/></donedata></final></state>
    <state id="ok"/>"""

    assert run(body, "go") == ["ok"]


def test_a_loop_leaves_its_variables_as_ecmascript_does() -> None:
    body = """<datamodel><data id="xs">[1, 2, 3]</data><data id="x"/><data id="i"/><data id="sum" expr="0"/></datamodel>
    <state id="a">
      <onentry><foreach array="xs" item="x" index="i"><assign location="sum" expr="sum + x * i"/></foreach></onentry>
      <transition cond="sum === 8 &amp;&amp; x === 3 &amp;&amp; i === 2" target="ok"/></state>
    <state id="ok"/>"""

    assert run(body) == ["ok"]


@pytest.mark.parametrize(
    ("delay", "duration"),
    [
        ("10ms", "PT0.01S"),
        ("1.5s", "PT1.5S"),
        (".5s", "PT0.5S"),
        ("2m", "PT120S"),
        ("1h", "PT3600S"),
        ("1d", "PT86400S"),
    ],
)
def test_delays_become_durations(delay: str, duration: str) -> None:
    (state,) = import_scxml(scxml(f'<state id="a"><onentry><send event="x" delay="{delay}"/></onentry></state>')).states
    (send,) = state.entry[0]

    assert send.kind == "send"
    assert send.delay == Const(value=duration)


def test_a_delay_of_nothing_is_none() -> None:
    (state,) = import_scxml(scxml('<state id="a"><onentry><send event="x" delay="0s"/></onentry></state>')).states
    (send,) = state.entry[0]

    assert send.kind == "send"
    assert send.delay is None


# --- data model cel ----------------------------------------------------------------------------------------------


def test_cel_passes_as_it_is() -> None:
    body = """<datamodel><data id="items" expr="[1, 2, 3]"/><data id="sum" expr="0"/></datamodel>
    <state id="a"><onentry><foreach array="data.items" item="it" index="n">
        <assign location="data.sum" expr="data.sum + it * n"/></foreach></onentry>
      <transition cond="data.sum == 8 &amp;&amp; 'a' in state" target="ok"/></state>
    <state id="ok"/>"""

    assert run(body, datamodel="cel") == ["ok"]


def test_cel_can_be_asked_for() -> None:
    body = scxml('<state id="a"><transition cond="size(data) == 0" target="b"/></state><state id="b"/>')

    assert Player(import_scxml(body, expressions="cel"), reload=False).configuration == ["b"]


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('<state id="a"/>\n<state id="a"/>', "line 3: the state id 'a' is used twice (also line 2)"),
        ('<state id="a">\n<transition event="x" target="b"/></state>', "line 3: there is no state 'b'"),
        ('<state id="a">\n<invoke src="http://x/"/></state>', "line 3: <invoke> is not convertible"),
        ('<state id="a"><onentry>\n<frobnicate/></onentry></state>', "line 3: <frobnicate> is not convertible here"),
        ('<state id="a"><blink/></state>', "line 2: <blink> is not known inside <state>"),
        ('<state id="a">\n<transition cond="x >"/></state>', "line 3: unexpected end"),
        ('<state id="a">\n<transition cond="nobody > 1"/></state>', "line 3: unknown variable 'nobody'"),
        ('<state id="a"><history id="h"/></state>', "line 2: history 'h' needs one transition"),
        ('<state id="a"><onentry><send event="x" delay="soon"/></onentry></state>', "line 2: 'soon' is no delay"),
        ('<state id="a"><onentry><send event="x" target="http://x/"/></onentry></state>', "line 2: only sends to the"),
        (
            '<state id="a"><onentry><if cond="true"><else/><elseif cond="true"/></if></onentry></state>',
            "line 2: nothing may",
        ),
        ("", "line 1: a statechart needs a state"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_its_line(body: str, message: str) -> None:
    assert refusal(scxml(body)).startswith(message)


@pytest.mark.parametrize("text", ["", "<scxml", "not xml", "<scxml></scxm>", b"\xff\xfe\x00"])
def test_what_is_no_xml_is_refused(text: str | bytes) -> None:
    assert "not well-formed XML" in refusal(text)


def test_another_root_is_refused() -> None:
    assert refusal("<html/>") == "line 1: the root element is not <scxml>"


def test_an_unknown_data_model_is_refused() -> None:
    assert "data model 'xpath'" in refusal(scxml('<state id="a"/>', datamodel="xpath"))


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE scxml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE scxml [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE scxml SYSTEM "http://example.com/x.dtd">',
        "<!DOCTYPE scxml>",
    ],
)
def test_document_types_are_refused(prologue: str) -> None:
    assert "document types and entities are not allowed" in refusal(prologue + scxml('<state id="a"/>'))


def test_very_deep_documents_are_refused() -> None:
    assert "nested deeper" in refusal(scxml("<state>" * 300 + "</state>" * 300))


def test_very_long_documents_are_refused() -> None:
    with pytest.raises(PayloadTooLarge):
        import_scxml(scxml("<!--" + "x" * MOST_BYTES + "-->"))


@pytest.mark.parametrize(
    "path", ["http://x/a.js", "/etc/passwd", "../a.js", "a/../../b.js", "file:///etc/passwd", "C:\\a"]
)
def test_only_files_beside_the_document_are_read(path: str) -> None:
    def read(name: str) -> str:
        raise AssertionError(f"asked for {name}")

    body = f'<state id="a"><onentry><script src="{path}"/></onentry></state>'
    with pytest.raises(InvalidInput, match="only files beside the document"):
        import_scxml(scxml(body), read_file=read)


def test_a_file_that_is_missing_is_refused() -> None:
    def read(name: str) -> str:
        raise FileNotFoundError(name)

    with pytest.raises(InvalidInput, match="cannot be read"):
        import_scxml(scxml('<state id="a"><onentry><script src="a.js"/></onentry></state>'), read_file=read)


def test_without_a_reader_nothing_is_read() -> None:
    assert "is not read" in refusal(scxml('<state id="a"><onentry><script src="a.js"/></onentry></state>'))


def test_the_same_document_gives_the_same_program() -> None:
    text = scxml('<state><onentry><send event="x" idlocation="at"/></onentry></state>', name="x").replace(
        "<state>", '<datamodel><data id="at"/></datamodel><state>', 1
    )
    first, second = import_scxml(text), import_scxml(text)

    assert isinstance(first, Program)
    assert first.digest == second.digest
