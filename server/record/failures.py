"""What readers of the record are refused."""

from __future__ import annotations

from server.rpc.failures import FailedPrecondition, InvalidArgument, NotFound, Violation


class RecordEntryNotFound(NotFound):
    """The record is not that long yet."""

    reason = "RECORD_ENTRY_NOT_FOUND"
    message = "The record has no entry of that number."


class RecordNotReached(FailedPrecondition):
    """A read was to be as new as an entry that the record does not have: nobody has been told of it, unless the record has been
    set back."""

    reason = "RECORD_NOT_REACHED"

    def __init__(self, number: int, head: int) -> None:
        super().__init__(f"The record ends at {head}: it has no entry {number}.", min_record_number=str(number), head=str(head))


class InstallationInUse(FailedPrecondition):
    """What is restored would stand on the record behind what was published here."""

    reason = "INSTALLATION_IN_USE"
    message = "Something was published here already. Only an installation that has published nothing itself can be restored."


class RecordDiffers(FailedPrecondition):
    """Two installations cannot be restored into one."""

    reason = "RECORD_DIFFERS"

    def __init__(self, number: int) -> None:
        super().__init__(f"The record has another entry {number} already: what is here was restored from elsewhere.")


class RecordGap(FailedPrecondition):
    """The record has no gaps, so that whoever has seen an entry has seen all before it."""

    reason = "RECORD_GAP"

    def __init__(self, number: int, wanted: int) -> None:
        super().__init__(f"Entry {number} cannot be restored: {wanted} is the next of this record.", next_number=str(wanted))


class InvalidEntry(InvalidArgument):
    """What is to be restored is no entry of a record."""

    reason = "INVALID_ENTRY"

    def __init__(self, description: str) -> None:
        super().__init__(Violation("record_entry.body", description))
