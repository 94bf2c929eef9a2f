"""What readers ask for, and files on their way in and out."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from gazette.delivery.v1 import delivery_service_pb2 as delivery
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from gazette.files.v1 import file_service_pb2 as files
from gazette.files.v1 import managing_pb2 as managing
from gazette.files.v1 import serving_pb2 as serving
from gazette.files.v1.file_pb2 import File
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from gazette.files.v1.serving_pb2 import CreateDownloadUrlRequest
from gazette.record.v1 import record_service_pb2 as record
from gazette.record.v1.record_service_pb2_grpc import RecordServiceStub
from gazette.system.v1 import system_service_pb2 as system
from gazette.system.v1.system_service_pb2_grpc import SystemServiceStub
from tests.costs.day import Day
from tests.files import keeping, pieces
from tests.files.uploading import PDF, PNG, requests, upload_of


async def reading(day: Day) -> None:
    desk = day.desk
    document = await desk.published()
    stub = DeliveryServiceStub(desk.service.channel)
    request = delivery.GetPageRequest(path=document.path, locale="en")
    newest = document.live.record_number  # once that is heard of, no notice takes the page away again
    await stub.GetPage(delivery.GetPageRequest(path=document.path, locale="en", min_record_number=newest))
    day.path_of_nothing = "/gazette.delivery.v1.DeliveryService/GetPage"
    await day.measure(lambda: stub.GetPage(request), "held")
    pages = delivery.ListPagesRequest(content_type=desk.kind("unasked"))
    await day.measure(lambda: stub.ListPages(pages), "not held")
    entries = RecordServiceStub(desk.service.channel)
    await day.measure(lambda: entries.GetRecordEntry(record.GetRecordEntryRequest(number=1)))
    await day.measure(lambda: entries.ListRecordEntries(record.ListRecordEntriesRequest(page_size=5)))
    health = SystemServiceStub(desk.service.channel)
    day.path_of_nothing = "/gazette.system.v1.SystemService/GetHealth"
    await day.measure(lambda: health.GetHealth(system.GetHealthRequest()))


async def uploads(day: Day) -> None:
    desk = day.desk
    stub: Any = FileServiceStub(desk.service.channel)
    upload = upload_of(desk.organisation_id, PDF, "form.pdf")
    made = await day.measure(lambda: stub.UploadFile(requests(upload, PDF), metadata=desk.author.metadata))
    await day.measure(lambda: stub.GetFile(files.GetFileRequest(id=made.file.id), metadata=desk.author.metadata))

    async def downloaded() -> None:
        async for _ in stub.DownloadFile(files.DownloadFileRequest(id=made.file.id), metadata=desk.author.metadata):
            pass

    await day.measure(downloaded)
    await day.measure(lambda: stub.GetFileText(serving.GetFileTextRequest(id=made.file.id), metadata=desk.author.metadata))

    async def downloaded_in_part() -> None:
        part = files.DownloadFileRequest(id=made.file.id, offset=100, limit=100)
        async for _ in stub.DownloadFile(part, metadata=desk.author.metadata):
            pass

    await day.measure(downloaded_in_part, "a part")
    usage = managing.GetFileUsageRequest(organisation_id=desk.organisation_id)
    await day.measure(lambda: stub.GetFileUsage(usage, metadata=desk.author.metadata))
    quota = managing.SetFileQuotaRequest(organisation_id=desk.organisation_id, quota_bytes=1 << 30)
    await day.measure(lambda: stub.SetFileQuota(quota, metadata=desk.admin.metadata))
    address = CreateDownloadUrlRequest(id=made.file.id)
    await day.measure(lambda: stub.CreateDownloadUrl(address, metadata=desk.author.metadata))
    await files_kept(day, made.file)


async def files_kept(day: Day, file: File) -> None:
    desk = day.desk
    await day.measure(lambda: keeping.listed(desk))
    file = await day.measure(lambda: keeping.update(desk, file, alternative_text="A form"))
    new = PDF + b"\n"
    await day.measure(lambda: keeping.replacing(desk, file, new))
    await day.measure(lambda: keeping.versions(desk, file))
    await day.measure(lambda: keeping.delete(desk, file))
    await day.measure(lambda: keeping.restore(desk, file))
    await desk.published(f"{desk.root}/with-a-file", attachments=[file.id])
    file = await keeping.known(desk, file.id)
    await day.measure(lambda: keeping.update(desk, file, desk.publisher, alternative_text="The form"), "of a public file")
    asked = {"now": True, "explanation": "A leak"}
    await day.measure(lambda: keeping.delete(desk, file, desk.publisher, **asked), "now")


async def uploads_in_pieces(day: Day) -> None:
    service, author, organisation_id = day.desk.service, day.desk.author, day.desk.organisation_id
    begin = partial(pieces.begun, service, author, organisation_id, PDF, name="form.pdf")
    upload = await day.measure(begin)
    await day.measure(partial(begin, key=uuid.uuid4().hex), "with a key")
    await day.measure(lambda: pieces.got(service, author, upload.id))
    await day.measure(lambda: pieces.appended(service, author, upload.id, 0, PDF[:100]), "a piece")
    await day.measure(lambda: pieces.appended(service, author, upload.id, 100, PDF[100:]))
    await day.measure(lambda: pieces.got(service, author, upload.id), "of what has become a file")
    await day.measure(lambda: pieces.completed(service, author, upload.id))
    given_up = await begin()
    await day.measure(lambda: pieces.cancelled(service, author, given_up.id))


async def pictures(day: Day) -> None:
    desk = day.desk
    stub: Any = FileServiceStub(desk.service.channel)
    upload = upload_of(desk.organisation_id, PNG)
    id = (await stub.UploadFile(requests(upload, PNG), metadata=desk.author.metadata)).file.id

    async def rendered() -> None:
        wanted = serving.GetRenditionRequest(id=id, specification="w160.webp")
        async for _ in stub.GetRendition(wanted, metadata=desk.author.metadata):
            pass

    await day.measure(rendered, "new")
    await day.measure(rendered)
    wanted = serving.CreateRenditionUrlRequest(id=id, specification="w99.webp")
    await day.measure(lambda: stub.CreateRenditionUrl(wanted, metadata=desk.author.metadata))
