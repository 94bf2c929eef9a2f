"""What the verbs of the editorial workflow do to the model of it, or the first reason for which each is refused.

Nothing here asks `server/content/transitions.py`: that table is what is tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.content.workflow_model import (
    ADMIN,
    APPROVED,
    AUTHOR,
    CHANGES_REQUESTED,
    DISCARD,
    DRAFT,
    EDITOR,
    IN_REVIEW,
    PUBLISHED,
    PUBLISHER,
    SCHEDULE_FAILED,
    SCHEDULED,
    UNSAID,
    VANISHED,
    Modelled,
    Saved,
    Site,
)

READY = (APPROVED, SCHEDULED, SCHEDULE_FAILED)
FIELDS = ("title", "summary")


@dataclass(frozen=True)
class Act:
    """Who does something to a document, and whether they have seen how it stands."""

    one: Modelled
    by: str
    is_fresh: bool = True


@dataclass
class Office:
    """Documents, and who may do what with them."""

    roles: Mapping[str, int]
    site: Site = field(default_factory=Site)

    def may(self, act: Act, least: int) -> str:
        """What a call is refused for before anything else: who could not do it anywhere is not told what there is."""
        if self.roles[act.by] < least:
            return "PERMISSION_DENIED"
        if act.one.is_deleted:
            return "DOCUMENT_NOT_FOUND"
        return "" if act.is_fresh else "STALE_ETAG"

    def update(self, act: Act, path: str, title: str) -> str:
        wanted = replace(act.one.newest, path=path, title=title, author=act.by, restored_from=0, is_copy=False)
        return self.may(act, AUTHOR) or self.save(act.one, wanted)

    def save(self, one: Modelled, wanted: Saved) -> str:
        if self.site.is_taken(wanted.path, one):
            return "PATH_TAKEN"
        one.save(wanted)
        return ""

    def merge(self, act: Act, base: Saved, name: str, text: str) -> str:
        """Saves a field, as somebody has changed it who saw no more than the base."""
        refusal = self.may(replace(act, is_fresh=True), AUTHOR)
        newest = act.one.newest
        if refusal or (not act.is_fresh and getattr(newest, name) not in {getattr(base, name), text}):
            return refusal or "MERGE_CONFLICT"
        if act.is_fresh or getattr(newest, name) != text:
            said = {each: getattr(newest, each) for each in FIELDS} | {name: text}
            act.one.save(Saved(newest.path, **said, author=act.by))
        return ""

    def restore_revision(self, act: Act, number: int, *, keeps_path: bool) -> str:
        refusal = self.may(act, AUTHOR)
        if refusal or not 1 <= number <= len(act.one.revisions):
            return refusal or "REVISION_NOT_FOUND"
        old = act.one.revisions[number - 1]
        path = act.one.path if keeps_path else old.path
        return self.save(
            act.one, replace(old, path=path, author=act.by, restored_from=old.restored_from or number, is_copy=False)
        )

    def discard(self, act: Act) -> str:
        one = act.one
        if refusal := self.may(act, AUTHOR):
            return refusal
        if not one.live or not one.draft:
            return "WRONG_STATE" if one.live else "WRONG_LIVE_STATE"
        if self.site.is_taken(one.shown.path, one):
            return "PATH_TAKEN"
        one.save(one.copied(one.live_number, one.shown.path, act.by), "")
        return ""

    def submit(self, act: Act) -> str:
        return self.leads(act, AUTHOR, (DRAFT, CHANGES_REQUESTED), IN_REVIEW)

    def recall(self, act: Act) -> str:
        return self.leads(act, AUTHOR, (IN_REVIEW,), DRAFT)

    def request_changes(self, act: Act) -> str:
        return self.leads(act, EDITOR, (IN_REVIEW,), CHANGES_REQUESTED)

    def unschedule(self, act: Act) -> str:
        return self.leads(act, PUBLISHER, (SCHEDULED, SCHEDULE_FAILED), APPROVED if act.one.approvals else DRAFT)

    def leads(self, act: Act, least: int, states: tuple[str, ...], state: str) -> str:
        refusal = self.may(act, least)
        if refusal or act.one.draft not in states:
            return refusal or "WRONG_STATE"
        act.one.become(state)
        return ""

    def approve(self, act: Act) -> str:
        one, more = act.one, len(act.one.approvals) + 1
        if refusal := self.may(act, EDITOR):
            return refusal
        if one.draft != IN_REVIEW and not (one.draft in READY and more <= one.required):
            return "WRONG_STATE"
        if act.by in one.authors or act.by in one.approvals:
            return "SELF_APPROVAL" if act.by in one.authors else "ALREADY_APPROVED"
        if one.blocking:
            return "BLOCKING_COMMENTS"
        one.become(APPROVED if one.draft == IN_REVIEW and more >= one.required else one.draft)
        one.approvals.add(act.by)
        return ""

    def comment(self, act: Act) -> str:
        refusal = self.may(replace(act, is_fresh=True), EDITOR)
        act.one.blocking += not refusal
        return refusal

    def resolve(self, act: Act) -> str:
        refusal = self.may(replace(act, is_fresh=True), EDITOR)
        act.one.blocking -= not refusal
        return refusal

    def unpublishable(self, one: Modelled) -> str:
        """What keeps a draft from becoming public, but by force."""
        has = one.draft in (IN_REVIEW, *READY) and len(one.approvals) >= one.required
        if not has and not (one.draft == DRAFT and one.required == 0):
            return "NOT_APPROVED"
        return "BLOCKING_COMMENTS" if one.blocking else ""

    def publish(self, act: Act, *, tells: bool, force: bool = False) -> str:
        """`tells` whether it is minor, or says to readers what has changed."""
        one = act.one
        if refusal := self.may(act, PUBLISHER):
            return refusal
        if one.live == VANISHED and self.roles[act.by] < ADMIN:
            return "PERMISSION_DENIED"
        if one.live and not tells:
            return "CHANGE_NOTE_REQUIRED"
        unmet = self.unpublishable(one)
        if unmet and not (force and one.draft):
            return unmet
        return self.become_public(one, act.by if unmet else "")

    def become_public(self, one: Modelled, forced_by: str = "") -> str:
        if refusal := self.site.check_free(one, PUBLISHED, one.path):
            return refusal
        if not one.forced_by:
            one.base_number = one.live_number
        self.site.show(one, PUBLISHED, len(one.revisions), one.path)
        one.forced_by, one.forced_number = forced_by, len(one.revisions) if forced_by else 0
        one.become("")
        return ""

    def approve_publication(self, act: Act) -> str:
        one = act.one
        if refusal := self.may(act, EDITOR):
            return refusal
        if not one.forced_by or act.by in one.authors:
            return "SELF_APPROVAL" if one.forced_by else "NOT_FORCED"
        one.forced_by, one.forced_number = "", 0
        one.version += 1
        return ""

    def schedule(self, act: Act, *, tells: bool) -> str:
        one = act.one
        if refusal := self.may(act, PUBLISHER):
            return refusal
        if one.live and not tells:
            return "CHANGE_NOTE_REQUIRED"
        if unmet := self.unpublishable(one):
            return unmet
        one.become(SCHEDULED)
        return ""

    def come_due(self, one: Modelled, by: str) -> str:
        """The time has come that somebody scheduled it for. Why it fails, if it does."""
        failure = "PERMISSION_DENIED" if one.live == VANISHED and self.roles[by] < ADMIN else ""
        if failure := failure or self.unpublishable(one) or self.become_public(one):
            one.become(SCHEDULE_FAILED)
        return failure

    def change(self, act: Act, live: str, handling: int) -> str:
        """Takes a page down, or brings it back."""
        one = act.one
        is_legal = VANISHED in ({one.live, live} if live == PUBLISHED else {live})
        is_theirs = not is_legal or one.is_deleted
        if refusal := self.may(act, PUBLISHER if is_theirs else ADMIN):
            return refusal
        if one.live in ({"", PUBLISHED} if live == PUBLISHED else {"", VANISHED}):
            return "WRONG_LIVE_STATE"
        if one.draft and handling == UNSAID:
            return "DRAFT_IN_PROGRESS"
        path, is_discarding = one.shown.path, bool(one.draft) and handling == DISCARD
        if refusal := self.site.check_free(one, live, path):
            return refusal
        if is_discarding and self.site.is_taken(path, one):
            return "PATH_TAKEN"
        number = len(one.revisions) + 1 if is_discarding else one.live_number
        copied = one.copied(one.live_number, path, act.by)
        if is_discarding:
            one.save(copied, "")
        else:
            one.version += 1
        self.site.show(one, live, number, path)
        return ""

    def delete(self, act: Act) -> str:
        one = act.one
        if refusal := self.may(act, EDITOR):
            return refusal
        if one.live or one.draft == SCHEDULED:
            return "WAS_PUBLIC" if one.live else "WRONG_STATE"
        one.become(DRAFT)
        one.is_deleted = True
        return ""

    def undelete(self, act: Act, path: str) -> str:
        one = act.one
        if self.roles[act.by] < EDITOR or not one.is_deleted:
            return "PERMISSION_DENIED" if self.roles[act.by] < EDITOR else "DOCUMENT_NOT_FOUND"
        if not act.is_fresh:
            return "STALE_ETAG"
        if self.site.is_taken(path or one.path, one):
            return "PATH_TAKEN"
        one.is_deleted = False
        if path and path != one.path:
            one.save(replace(one.newest, path=path, author=act.by, restored_from=len(one.revisions), is_copy=False))
        else:
            one.become(DRAFT)
        return ""

    def swap(self, act: Act, other: Modelled) -> str:
        one = act.one
        if refusal := self.may(act, AUTHOR) or self.may(Act(other, act.by), AUTHOR):
            return refusal
        are_pages = one.is_page and other.is_page
        if not are_pages and (one.live or other.live):
            return "WRONG_LIVE_STATE"
        if are_pages and (one.draft or other.draft):
            return "DRAFT_IN_PROGRESS"
        if are_pages and self.roles[act.by] < PUBLISHER:
            return "PERMISSION_DENIED"
        for each, path in ((one, other.path), (other, one.path)):
            each.save(replace(each.newest, path=path, author=act.by, restored_from=0, is_copy=are_pages), each.draft and DRAFT)
        if are_pages:
            one.live_number, other.live_number = len(one.revisions), len(other.revisions)
            self.site.paths |= {each.path: type(self.site.paths[each.path])(each) for each in (one, other)}
        return ""
