"""The state machine as a pure function: (program, snapshot, event) -> (snapshot, effects).

No clock, no input or output, no Temporal, no set iteration: the same arguments give the same result for ever.
"""
