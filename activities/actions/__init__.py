"""What a definition can call: sql actions, facts and activities, one file per area."""

from workflows.definition.catalogue import Catalogue


def catalogue() -> Catalogue:
    """Signatures of everything registered, for the compiler."""
    from activities.actions.registry import default

    return default().catalogue()
