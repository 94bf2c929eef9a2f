"""The steps of a draft through its review, and who may take them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import NamedTuple

from gazette.content.v1.document_pb2 import DraftState
from server.content.failures import SelfApproval, WrongState

NOTHING = DraftState.DRAFT_STATE_UNSPECIFIED
DRAFT = DraftState.DRAFT_STATE_DRAFT
IN_REVIEW = DraftState.DRAFT_STATE_IN_REVIEW
CHANGES_REQUESTED = DraftState.DRAFT_STATE_CHANGES_REQUESTED
APPROVED = DraftState.DRAFT_STATE_APPROVED
SCHEDULED = DraftState.DRAFT_STATE_SCHEDULED
SCHEDULE_FAILED = DraftState.DRAFT_STATE_SCHEDULE_FAILED
PUBLISHABLE = (APPROVED, SCHEDULED, SCHEDULE_FAILED)
"""Somebody else has read what the draft says."""


class Transition(NamedTuple):
    """A step of a draft through its review, or to its publication."""

    needs: tuple[DraftState.ValueType, ...]
    leads_to: DraftState.ValueType


SUBMIT = Transition((DRAFT, CHANGES_REQUESTED), IN_REVIEW)
APPROVE = Transition((IN_REVIEW,), APPROVED)
REQUEST_CHANGES = Transition((IN_REVIEW,), CHANGES_REQUESTED)
SCHEDULE = Transition(PUBLISHABLE, SCHEDULED)
UNSCHEDULE = Transition((SCHEDULED, SCHEDULE_FAILED), APPROVED)
FAIL = Transition((SCHEDULED,), SCHEDULE_FAILED)


def step(state: int, transition: Transition) -> DraftState.ValueType:
    """Where the draft stands after it. Raises WrongState."""
    if state not in transition.needs:
        raise WrongState(state, transition.needs)
    return transition.leads_to


def approve(state: int, reviewer: uuid.UUID, authors: Collection[uuid.UUID]) -> DraftState.ValueType:
    """As `step`; `authors` wrote the revisions since the last publication. Raises SelfApproval too."""
    approved = step(state, APPROVE)
    if reviewer in authors:
        raise SelfApproval
    return approved
