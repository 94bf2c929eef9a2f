"""Who has which documents open, as Redis has it: by the account's id, since when, and in which field. No name is there."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from server.stores.redis import Cache, CacheUnavailable

SECONDS = 30
"""For how long it holds that somebody has a document open."""
MOST = 200
"""Accounts that are noted of one document."""
KEY = "gazette:presence:{}"

ANNOUNCE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local me, field, leaves, lasts, most = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4] * 1000, tonumber(ARGV[5])
local all, others, since, count = redis.call('HGETALL', KEYS[1]), {}, now, 0
for at = 1, #all, 2 do
  local began, seen, where = string.match(all[at + 1], '^(%d+) (%d+) (.*)$')
  if not seen or tonumber(seen) + lasts < now then
    redis.call('HDEL', KEYS[1], all[at])
  elseif all[at] == me then
    since = tonumber(began)
  else
    count = count + 1
    for _, each in ipairs({all[at], began, where}) do others[#others + 1] = each end
  end
end
if leaves then
  redis.call('HDEL', KEYS[1], me)
elseif count < most then
  redis.call('HSET', KEYS[1], me, string.format('%.0f %.0f %s', since, now, field))
  redis.call('PEXPIRE', KEYS[1], lasts)
end
return others
"""
"""Notes one and answers the others, with what is over cleared away. By Redis's clock: those of processes may differ."""


class Present(NamedTuple):
    """Somebody who has a document open."""

    account_id: uuid.UUID
    since: datetime
    field: str


@dataclass(frozen=True)
class Presences:
    """Those of all documents."""

    cache: Cache

    async def announce(
        self, document_id: uuid.UUID, account_id: uuid.UUID, field: str, *, leaves: bool
    ) -> list[Present] | None:
        """Notes that the account has the document open, or not any more, and answers who else has, the first one first. None if
        Redis could not be asked."""
        arguments = (str(account_id).encode(), field.encode(), int(leaves), SECONDS, MOST)
        try:
            told = await self.cache.evaluate(ANNOUNCE, [KEY.format(document_id)], arguments)
        except CacheUnavailable:
            return None
        said = iter([each.decode() if isinstance(each, bytes) else each for each in told])
        found = [Present(uuid.UUID(id), moment(since), where) for id, since, where in zip(said, said, said, strict=True)]
        return sorted(found, key=lambda each: (each.since, each.account_id))


def moment(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
