"""What files add to a process."""

from __future__ import annotations

from gazette.files.v1 import file_service_pb2
from server.files.downloads.service import Downloads
from server.files.examining.background import Examining
from server.files.managing.service import Managing
from server.files.quotas.service import Quotas
from server.files.renditions.service import Renditions
from server.files.replacing.service import Replacing
from server.files.resumable.service import Resumable
from server.files.scanning import tell_what_is_scanned
from server.files.sweeping.job import Sweeping
from server.files.texts.service import Texts
from server.files.uploads.service import Uploading
from server.files.uploads.sweeping import sweep
from server.files.uploads.uploads import Uploads
from server.files.urls.service import DownloadUrls
from server.process.domains import Base, Crossings, Domain

SERVICE = file_service_pb2.DESCRIPTOR.services_by_name["FileService"]


def wire(base: Base, crossings: Crossings) -> Domain:
    """Raises InvalidSettings."""
    tell_what_is_scanned(base.settings)
    uploads = Uploads.from_settings(base.settings, base.database, base.blobs, base.parsers)
    downloads = Downloads(base.database, base.blobs, crossings.authenticator, crossings.previews)
    return Domain(
        services={
            SERVICE: (
                Uploading(uploads),
                Resumable(base.database),
                Replacing(base.database),
                Managing(base.database),
                Quotas(base.database, base.settings.file_quota),
                downloads,
                DownloadUrls(base.database),
                Renditions(base.database),
                Texts(base.database),
            )
        },
        jobs=(sweep(uploads), Examining(uploads.pipeline).job(), Sweeping(base.database, base.blobs).job()),
        checks=uploads.pipeline.examination.checks,
        means=(uploads,),
    )
