"""What becomes of a content item."""

from __future__ import annotations

import uuid

import pytest

from gazette.content.v1.document_import_pb2 import ImportedDocument
from gazette.content.v1.document_pb2 import BodyFormat, LiveState
from tests.importer.sources import OWN, Read, as_dict, converted, details, item, read

KEY = "6f1d2c3b-0000-4000-8000-{:012d}"


@pytest.fixture(scope="module")
def own() -> Read:
    return read(OWN)


def test_fields_say_what_the_item_says(own: Read) -> None:
    """Key, locale, path, type, words and claimed times are the item's."""
    guide = own.of("guide/moor-a-boat.json")
    said = as_dict(guide.document)
    assert {name: said[name] for name in ("translation_key", "locale", "path", "content_type", "title", "summary")} == {
        "translation_key": KEY.format(10),
        "locale": "en",
        "path": "/moor-a-boat",
        "content_type": "guide",
        "title": "Moor a boat",
        "summary": "How to come alongside.",
    }
    assert guide.document.body == "<p>Slow down.</p><script>alert(1)</script>"
    assert guide.document.body_format == BodyFormat.BODY_FORMAT_HTML
    assert guide.live_state == LiveState.LIVE_STATE_PUBLISHED
    assert guide.claimed_first_publish_time.ToJsonString() == "2014-03-01T08:30:00Z"
    assert guide.claimed_public_update_time.ToJsonString() == "2016-05-01T12:00:00Z"


def test_details_stay_whole(own: Read) -> None:
    """Parts stay in details; only the body leaves them, and what has no field of its own comes in as `govuk`."""
    said = details(own.of("guide/moor-a-boat.json"))
    assert [part["body"] for part in said["parts"]] == ["<p>Call channel 12.</p>", "<p>Pay.</p>"]
    assert (said["fee"], said["link"], "body" in said) == (12.5, "/fees", False)
    left = {name: value for name, value in said["govuk"].items() if name != "links"}
    assert left == {
        "phase": "live",
        "publishing_app": "quay",
        "schema_name": "guide",
        "analytics_identifier": None,
        "updated_at": "2016-05-01T12:00:01.123Z",
    }


def test_links_are_keys_in_order(own: Read) -> None:
    """Every target is linked by its key, an id alone too; translations are not, since they share the key."""
    links = {kind: [*targets.translation_keys] for kind, targets in own.of("guide/moor-a-boat.json").document.links.items()}
    assert links == {"organisations": [KEY.format(1)], "people": [KEY.format(3)], "related": [], "topics": [KEY.format(5)]}


def test_embedded_targets_become_documents_once(own: Read) -> None:
    """A target that is there in full becomes one document however often it is embedded, and says so."""
    [board] = own.at("/organisations/harbour-board")
    assert board.only_if_absent
    assert board.source == "guide/moor-a-boat.json#/links/organisations/0"
    assert details(board)["logo"] == {"formatted_title": "Harbour<br/>Board"}
    assert details(board)["govuk"] == {"embedded": True, "schema_name": "organisation", "analytics_identifier": "HB1"}
    assert [*board.document.links["parent"].translation_keys] == [KEY.format(2)]
    [ministry] = own.at("/organisations/ministry-of-boats")
    assert (ministry.document.content_type, ministry.document.title) == ("organisation", "Ministry of Boats")


def test_other_translations_of_a_target_are_documents_of_their_own(own: Read) -> None:
    """A target is named by its locale too."""
    [welsh] = own.at("/organisations/harbour-board.cy")
    assert (welsh.document.translation_key, welsh.document.locale) == (KEY.format(1), "cy")
    assert details(welsh)["govuk"]["web_url"] == "https://other.example/organisations/harbour-board.cy"


def test_targets_without_a_path_stay_beside_the_link(own: Read) -> None:
    """What cannot be a document is kept whole, inner targets included, by where it stood."""
    kept = details(own.of("guide/moor-a-boat.json"))["govuk"]["links"]
    assert kept["/people/0"]["details"] == {"body": "<p>Knows the tides.</p>"}
    assert kept["/people/0/links/role/0"]["title"] == "Harbour master"
    assert not [each for each in own.conversion.documents if each.document.title == "Ada Pilot"]


def test_what_a_target_says_otherwise_stays_beside_the_link(own: Read) -> None:
    """An embedded version that differs from the document keeps the difference, and nothing else."""
    kept = details(own.of("guide/moor-a-boat-moved.json"))["govuk"]["links"]
    assert kept["/organisations/0"] == {"content_id": KEY.format(1), "locale": "en", "title": "The Harbour Board"}
    assert kept["/related/0"] == {"content_id": KEY.format(20), "locale": "en", "title": "New lights"}


def test_a_file_is_its_document_wherever_it_is_embedded(own: Read) -> None:
    """No document is made of a link to what a file brings; one that claims a file's path is that file's document."""
    assert [each.source for each in own.at("/news/new-lights")] == ["news/new-lights.json"]
    assert [*own.of("news/new-lights.json").document.links["related"].translation_keys] == [KEY.format(10)]
    kept = details(own.of("news/new-lights.json"))["govuk"]["links"]
    assert kept["/related/1"]["content_id"] == KEY.format(99)


def test_files_of_one_pair_are_revisions_in_order(own: Read) -> None:
    """They follow one another by their public change; the later one moves the document."""
    english = [each for each in own.conversion.documents if each.document.translation_key == KEY.format(10)]
    assert [(each.document.locale, each.document.path) for each in english if each.document.locale == "en"] == [
        ("en", "/moor-a-boat"),
        ("en", "/guidance/moor-a-boat"),
    ]


def test_targets_come_before_what_links_to_them(own: Read) -> None:
    """The page of a document that is published after its targets has its links."""
    order = [each.source for each in own.conversion.documents]
    assert order.index("guide/moor-a-boat.json#/links/organisations/0") < order.index("guide/moor-a-boat.json")


def test_withdrawn_says_why_and_when(own: Read) -> None:
    """A notice becomes the live state, its explanation and its time."""
    news = own.of("news/new-lights.json")
    assert (news.live_state, news.explanation) == (LiveState.LIVE_STATE_WITHDRAWN, "<p>The lights went out.</p>")
    assert news.withdraw_time.ToJsonString() == "2019-08-22T09:29:02Z"
    assert "withdrawn_notice" not in details(news)["govuk"]


def test_gone_says_why_and_where_instead(own: Read) -> None:
    """What is gone has no title and no content id, and yet a name: the UUIDv5 of its path."""
    gone = own.of("closed/old-pier.json")
    assert (gone.live_state, gone.explanation) == (LiveState.LIVE_STATE_GONE, "<p>Washed away.</p>")
    assert (gone.location, gone.document.title) == ("/news/new-lights", "/old-pier")
    assert gone.document.translation_key == str(uuid.uuid5(uuid.NAMESPACE_URL, "/old-pier"))
    assert not gone.HasField("claimed_public_update_time")


def test_each_redirect_of_a_file_is_a_document(own: Read) -> None:
    """Exact and prefix redirects keep their kind; what is no ASCII is percent-encoded, and kept as it was."""

    def way(path: str) -> tuple[str, bool, bool]:
        [made] = own.at(path)
        assert made.live_state == LiveState.LIVE_STATE_REDIRECTED
        return made.location, made.covers_prefix, made.preserves_suffix

    assert way("/old-harbour") == ("/guidance/moor-a-boat?from=harbour#fees", False, False)
    assert way("/old-harbour/berths") == ("/berths", True, True)
    assert way("/old-harbour/maps") == ("https://maps.example/karte-%C3%BC", True, False)
    [maps] = own.at("/old-harbour/maps")
    assert details(maps)["govuk"]["redirects"] == [{"destination": "https://maps.example/karte-ü"}]


def test_all_renditions_of_a_text_are_kept() -> None:
    """Of a body in several content types the HTML is the body."""
    renditions = [
        {"content_type": "text/govspeak", "content": "# High"},
        {"content_type": "text/html", "content": "<h1>High</h1>"},
    ]
    [made] = converted(item(details={"body": renditions}, description=renditions[:1])).documents
    assert (made.document.body, made.document.summary) == ("<h1>High</h1>", "# High")
    assert details(made)["govuk"] == {"body": renditions, "description": renditions[:1]}


def test_times_that_are_none_stay_as_they_are() -> None:
    """A time that cannot be read is claimed by nobody, and not lost."""
    [made] = converted(item(first_published_at="last summer", public_updated_at=None)).documents
    assert not made.HasField("claimed_first_publish_time")
    assert details(made)["govuk"] == {"first_published_at": "last summer", "public_updated_at": None}


def test_a_target_without_a_type_is_a_placeholder() -> None:
    """A document needs a content type: without a document type it is the schema's name, and without that a placeholder."""
    target = {"content_id": KEY.format(1), "locale": "en", "base_path": "/moon", "title": "Moon"}
    links = {"related": [target, {**target, "content_id": KEY.format(2), "base_path": "/sun", "schema_name": "star"}]}
    made = {each.document.path: each.document.content_type for each in converted(item(links=links)).documents}
    assert made == {"/tides": "guide", "/moon": "placeholder", "/sun": "star"}


def test_a_withdrawn_target_is_withdrawn() -> None:
    """What is known from links alone can be known as withdrawn."""
    target = item(content_id=KEY.format(1), base_path="/ebb", title="Ebb", withdrawn=True)
    made = {each.document.path: each for each in converted(item(links={"related": [target]})).documents}
    assert made["/ebb"].live_state == LiveState.LIVE_STATE_WITHDRAWN
    assert "withdrawn" not in details(made["/ebb"])["govuk"]


def test_links_in_a_circle_end() -> None:
    """Documents that link to one another are all there, once."""
    first, second = item(), item(content_id=KEY.format(1), base_path="/ebb", title="Ebb")
    sources = [{**first, "links": {"related": [second]}}, {**second, "links": {"related": [first]}}]
    assert [each.document.path for each in converted(*sources).documents] == ["/ebb", "/tides"]


def test_the_same_source_makes_the_same_messages() -> None:
    """A second run sends the very same bytes, whatever the order of the files."""
    one, other = item(), item(title="Tides again", public_updated_at="2020-01-01T00:00:00Z")

    def sent(documents: list[ImportedDocument]) -> list[bytes]:
        for each in documents:
            each.source = ""
        return [each.SerializeToString(deterministic=True) for each in documents]

    assert sent(converted(one, other).documents) == sent(converted(other, one).documents)
