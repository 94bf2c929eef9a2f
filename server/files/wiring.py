"""What files add to a process."""

from __future__ import annotations

from gazette.files.v1 import file_service_pb2
from server.files.downloads.access import Access
from server.files.downloads.sending import Sending
from server.files.downloads.service import Downloads
from server.files.downloads.tokens import DownloadTokens
from server.files.examining.background import Examining
from server.files.managing.removing import Removal, rejections
from server.files.managing.service import Managing
from server.files.purging.sending import UNTOLD, Purging
from server.files.quotas.service import Quotas
from server.files.renditions.service import Renditions
from server.files.replacing.service import Replacing
from server.files.resumable import expiring
from server.files.resumable.service import Resumable
from server.files.scanning import tell_what_is_scanned
from server.files.succession.succession import Succession
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
    succession = Succession(crossings.file_pages, crossings.people)
    uploads = Uploads.from_settings(base.settings, base.database, base.blobs, base.parsers, succession)
    purging = Purging.of(base.settings, base.database)
    tokens = DownloadTokens.from_secrets(base.settings.jwt_secret, base.settings.jwt_previous_secret)
    access = Access(base.database, crossings.authenticator, crossings.previews, tokens)
    sending = Sending(base.blobs, base.settings.file_max_age)
    removal = Removal(base.database, base.blobs)
    resumable = Resumable.from_settings(base.settings, base.database, base.blobs, uploads.pipeline)
    renditions = Renditions.from_settings(base.settings, base.blobs, access, sending)
    return Domain(
        services={
            SERVICE: (
                Uploading(uploads),
                resumable,
                Replacing(uploads),
                Managing(base.database, base.paging, crossings.file_pages, removal),
                Quotas(base.database, base.settings.file_quota),
                Downloads(access, sending),
                DownloadUrls(access, base.blobs),
                renditions,
                Texts(access, base.settings.file_max_age),
            )
        },
        jobs=(
            sweep(uploads),
            Examining(uploads.pipeline).job(),
            *expiring.jobs(resumable.completing),
            *(each.job() for each in purging),
            removal.job(),
            Sweeping(base.database, base.blobs).job(),
        ),
        retention=(*rejections(), *((UNTOLD,) if not purging else ())),
        closers=(renditions.making.processes.close,),
        checks=uploads.pipeline.examination.checks,
        means=(uploads, renditions, *purging, removal),
    )
