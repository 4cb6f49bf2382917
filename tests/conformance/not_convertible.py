"""Tests of the suite that the importer refuses, each with its reason; the suite asserts the list exactly.

A test that becomes convertible must leave the list, and one that stops being so must enter it with a reason.
"""

from __future__ import annotations

ERRORS = "there an error in an expression, a send or a place is an event; here it is an incident and stops the step"
INVOKE = "invokes a chart written inline or named by address; child processes are registered and named here"
ADDRESS = "sends to a session by its id or location; instances are addressed by process and number here"
FIELDS = "reads fields of _event besides name and data, or _event itself"
SYSTEM = "reads _ioprocessors, which says where a session can be reached over the network"
DYNAMIC = "computes the name of an event, a send id or a type; what is sent and cancelled must be known beforehand"
PROCESSOR = "sends through an event processor other than SCXML's own"
LATE = "data bound late, on first entry of their state; here they exist from the start"
SCRIPT = "uses ECMAScript outside the subset: functions with parameters, objects with behaviour, bit operators"
XML = "has XML as data, read through a DOM"


def _tests(group: str, reasons: dict[str, str]) -> dict[str, str]:
    return {f"{group}/{name}": reason for reason, names in reasons.items() for name in names.split()}


SCION = {
    "assign/assign_invalid": ERRORS,
    "data/data_invalid": ERRORS,
    "error/error": ERRORS,
}

W3C = _tests(
    "w3c-ecma",
    {
        ERRORS: """
            test152 test156 test159 test194 test199 test277 test286 test298 test309 test311 test312 test313 test314
            test322 test324 test329 test332 test343 test344 test346 test376 test378 test401 test402 test457 test487
            test488 test496 test521 test528 test553
            """,
        INVOKE: """
            test187 test191 test192 test207 test215 test216 test220 test223 test224 test225 test226 test228 test229
            test230 test232 test233 test234 test235 test236 test237 test239 test240 test241 test242 test243 test244
            test245 test247 test250 test252 test253 test276 test338 test347 test422 test530 test554
            """,
        ADDRESS: "test173 test190 test350",
        FIELDS: "test198 test319 test330 test331 test333 test335 test337 test339 test349 test351 test352",
        SYSTEM: "test325 test326 test500 test501 test569",
        DYNAMIC: "test172 test174 test210 test342",
        PROCESSOR: "test201 test336",
        LATE: "test280 test307",
        SCRIPT: "test303-2 test444 test452 test453 test459",
        XML: "test557 test561",
    },
)

NOT_CONVERTIBLE = {**SCION, **W3C}

LEGACY = frozenset({"more-parallel/test10", "more-parallel/test10b"})
"""The suite has two sets of expectations for some tests. The common ancestor of a transition is never a parallel
state (SCXML Appendix D, findLCCA): for these two tests that is what the suite calls its legacy semantics. The other
six tests with two sets are about conflicts between regions, where document order decides: the suite's main set."""
