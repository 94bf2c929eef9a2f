"""A file's bytes on their way out, with what HTTP wants to know of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta

from google.api.httpbody_pb2 import HttpBody

from server.files.downloads import ranges, rules
from server.files.downloads.pacing import paced
from server.files.downloads.served import Served
from server.rpc import http
from server.rpc.call import Call
from server.stores.blobs import ObjectStorage


@dataclass(frozen=True)
class Sending:
    """Answers with what the storage has under the key of what is served: a version of a file, or an image made from one."""

    storage: ObjectStorage
    max_age: timedelta
    """For how long caches may keep what an address with a version answers."""

    async def send(self, file: Served, call: Call, *, offset: int = 0, limit: int = 0) -> AsyncIterator[HttpBody]:
        """All of it, what `offset` and `limit` leave, or what a Range asks for; nothing where the client has it. Raises
        RangeNotSatisfiable."""
        headers = (("etag", rules.etag(file)), *rules.cache_headers(file, self.max_age), *rules.SAFE)
        if call.is_http and http.matches(call, rules.etag(file)):
            call.headers += (*headers, http.NOT_MODIFIED)
            return
        span = ranges.window(file.size_bytes, offset, limit)
        if call.is_http:
            span, told = rules.over_http(file, span, call.metadata.get("range", ""), call.metadata.get("if-range", ""))
            headers = (*headers, *told)
        else:
            headers = ()
        if not span.length:
            call.headers += headers
            yield HttpBody(content_type=file.content_type)
            return
        async with (
            aclosing(self.storage.read(file.blob_key, span.start, span.stop)) as pieces,
            aclosing(paced(pieces)) as parts,
        ):
            first = await anext(parts)  # before the headers go: an outage must still be able to say so
            call.headers += headers
            yield HttpBody(content_type=file.content_type, data=first)
            async for part in parts:
                yield HttpBody(data=part)
