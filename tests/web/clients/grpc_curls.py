"""`buf curl` and grpcurl: gRPC from a shell, by reflection. The first argument says which, the second is its program."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo

from tests.web.clients.steps import GIVEN, PASSWORD, REVIEW, draft, imported, take

KIND, PROGRAM = sys.argv[1:]
CONTENT = "gazette.content.v1.ContentService"


def run(method: str, *messages: object, headers: dict[str, str]) -> subprocess.CompletedProcess[str]:
    options = [option for name, value in headers.items() for option in ("-H", f"{name}: {value}")]
    if KIND == "buf":
        address = f"http://{GIVEN['grpc']}/{method}"
        command = [PROGRAM, "curl", "--protocol", "grpc", "--http2-prior-knowledge", "--data", "@-", *options, address]
    else:
        command = [PROGRAM, "-plaintext", "-format-error", "-d", "@", *options, GIVEN["grpc"], method]
    given = "\n".join(map(json.dumps, messages))
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False)


def answers(method: str, *messages: object, as_: str = "", **headers: str) -> list[Any]:
    """All answers of a call."""
    if as_:
        headers["authorization"] = f"Bearer {token(as_)}"
    done = run(method, *messages, headers=headers)
    if done.returncode:
        raise AssertionError(done.stderr)
    return list(objects(done.stdout))


def answer(method: str, message: object, as_: str = "", **headers: str) -> Any:
    return answers(method, message, as_=as_, **headers)[0]


def objects(text: str) -> Any:
    """Each JSON object of a text, however it is laid out."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        found, end = decoder.raw_decode(text)
        yield found
        text = text[end:]


@functools.cache
def token(name: str) -> str:
    given = {"email": f"{name}@example.gov", "password": PASSWORD}
    return str(answer("gazette.auth.v1.AuthService/Login", given)["accessToken"])


def publish() -> str:
    document = answer(f"{CONTENT}/CreateDocument", {"document": draft(GIVEN["path"])}, "author")["document"]
    for who, verb in REVIEW:
        asked = {"id": document["id"], "etag": document["etag"]}
        document = answer(f"{CONTENT}/{verb.title()}Document", asked, who)["document"]
    asked = {"path": GIVEN["path"], "minRecordNumber": document["live"]["recordNumber"]}
    return str(answer("gazette.delivery.v1.DeliveryService/GetPage", asked)["page"]["html"])


def every() -> list[str]:
    titles, page_token = [], ""
    while True:
        asked = {"contentType": "harbour_notice", "pageSize": 1, "pageToken": page_token}
        page = answer(f"{CONTENT}/ListDocuments", asked, "author")
        titles += [each["title"] for each in page["documents"]]
        page_token = page.get("nextPageToken", "")
        if not page_token:
            return sorted(titles)


def upload() -> str:
    content = Path(GIVEN["picture"]).read_bytes()
    about = {
        "organisationId": GIVEN["organisation"],
        "name": "pier.png",
        "alternativeText": "A pier",
        "sizeBytes": len(content),
    }
    parts = [{"chunk": base64.b64encode(each).decode()} for each in (content[:1000], content[1000:])]
    file = answers("gazette.files.v1.FileService/UploadFile", {"upload": about}, *parts, as_="author")[0]["file"]
    return str(file["sha256"])


def download() -> str:
    parts = answers("gazette.files.v1.FileService/DownloadFile", {"id": GIVEN["file"]}, as_="author")
    return hashlib.sha256(b"".join(base64.b64decode(each["data"]) for each in parts)).hexdigest()


def refusal() -> list[Any]:
    headers = {"authorization": f"Bearer {token('author')}"}
    done = run(f"{CONTENT}/CreateDocument", {"document": draft("tides")}, headers=headers)
    details = json.loads(done.stderr[done.stderr.index("{") :])["details"]
    info, bad = (detail(details, kind) for kind in (ErrorInfo, BadRequest))
    return [info.reason, [each.field for each in bad.field_violations]]


def detail(details: list[dict[str, Any]], kind: type[Any]) -> Any:
    """The detail of a kind: grpcurl writes it as JSON, buf as the bytes of the message."""
    name = kind.DESCRIPTOR.full_name
    found = next(each for each in details if (each.get("type") or each["@type"]).endswith(name))
    if "value" in found:
        return kind.FromString(base64.b64decode(found["value"] + "=="))
    return ParseDict(found, kind(), ignore_unknown_fields=True)


def twice() -> list[str]:
    given = {"document": draft(f"{GIVEN['path']}-once")}
    method, key = f"{CONTENT}/CreateDocument", {"idempotency-key": GIVEN["key"]}
    return [answer(method, given, "author", **key)["document"]["id"] for _ in range(2)]


def export() -> int:
    asked = {"organisationId": GIVEN["organisation"]}
    return sum("document" in each for each in answers(f"{CONTENT}/ExportDocuments", asked, as_="editor"))


def bring() -> list[str]:
    parts = imported(f"{GIVEN['path']}-imported")
    told = answers(f"{CONTENT}/ImportDocuments", *parts, as_="admin")[0]
    return [each["outcome"] for each in told["results"]]


take(
    {
        "page": lambda: answer("gazette.delivery.v1.DeliveryService/GetPage", {"path": GIVEN["page"]})["page"]["title"],
        "signIn": lambda: answer("gazette.auth.v1.AuthService/GetMe", {}, "author")["account"]["email"],
        "publish": publish,
        "list": every,
        "upload": upload,
        "download": download,
        "error": refusal,
        "health": lambda: answer("grpc.health.v1.Health/Check", {})["status"],
        "export": export,
        "import": bring,
        "idempotent": twice,
    }
)
