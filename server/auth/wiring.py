"""What auth adds to a process: who calls, and all that people and services do to sign in."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1 import account_service_pb2, auth_service_pb2
from server.auth.accounts.people import People
from server.auth.administration.granting import Granting
from server.auth.administration.invitations import Invitations
from server.auth.administration.service import Administration
from server.auth.api_keys import bootstrap
from server.auth.api_keys.service import ApiKeys
from server.auth.credentials import Credentials
from server.auth.devices import DeviceTokens
from server.auth.guessing.long_run import LongRun
from server.auth.guessing.throttle import Throttle
from server.auth.links.mailed import Links
from server.auth.mails.composing import composers
from server.auth.models import Link, LongRunAttempts, SignInAttempts
from server.auth.passwords.choosing import NewPasswords
from server.auth.passwords.confirming import Confirmations
from server.auth.passwords.hashing import PATIENT, Passwords, share
from server.auth.passwords.resets import PasswordResets
from server.auth.passwords.service import PasswordChanges
from server.auth.profile.service import Profile
from server.auth.sessions.pairs import TokenPairs
from server.auth.sessions.queries import CHANNEL
from server.auth.sessions.revocations import Revocations
from server.auth.sessions.service import Sessions
from server.auth.sessions.standings import Standings
from server.auth.sessions.starting import SessionStart
from server.auth.sign_in.service import SignIn
from server.auth.tokens.access import AccessTokens
from server.auth.tokens.refresh import RefreshTokens
from server.auth.tokens.service import Jwks
from server.auth.tokens.signing import KeyRing
from server.auth.totp.codes import Totp
from server.auth.totp.service import Authenticators
from server.process.domains import Base, Domain, Follower, Person
from server.stores.retention import Expired

AUTH = auth_service_pb2.DESCRIPTOR.services_by_name["AuthService"]
ACCOUNTS = account_service_pb2.DESCRIPTOR.services_by_name["AccountService"]
SIGN_IN_CONNECTIONS = 4
"""How many connections to PostgreSQL all who sign in have among them: a crowd leaves the others to everybody else."""
LINKS_KEPT = timedelta(days=30)
"""For how long links are kept: none holds for so long."""


@dataclass(frozen=True, kw_only=True)
class AuthDomain(Domain):
    """Auth, which also finds out for the others who calls, and who somebody is."""

    authenticator: Credentials
    people: Callable[[Collection[uuid.UUID]], Awaitable[Mapping[uuid.UUID, Person]]]
    holders: Callable[[uuid.UUID, Permission.ValueType], Awaitable[Mapping[uuid.UUID, Person]]]


def wire(base: Base) -> AuthDomain:
    """Raises InvalidSettings, WrongApiKey."""
    settings, database, listener = base.settings, base.database, base.listener
    sign_in_database = database.sharing(SIGN_IN_CONNECTIONS)
    patience = PATIENT * settings.call_deadline.total_seconds()
    passwords = Passwords(at_once=share(settings.workers), patience=patience, is_public=settings.is_public)
    new_passwords = NewPasswords.at(base.processes, settings.public_url)
    throttle = Throttle(base.redis, sign_in_database)
    long_run = LongRun(sign_in_database)
    confirmations = Confirmations(database, passwords, throttle, long_run)
    links = Links(settings.refresh_token_secret, settings.public_url)
    devices = DeviceTokens.from_secret(settings.refresh_token_secret)
    totp = Totp.from_secrets(settings.encryption_key, settings.encryption_previous_key)
    totp_roles = settings.totp_required_roles
    keys = KeyRing.from_settings(settings)

    def is_listening() -> bool:
        return listener.is_listening

    revocations = Revocations(database, settings.jwt_expiration_time)
    standings = Standings(database, revocations, is_listening, totp_roles)
    access_tokens = AccessTokens(keys, settings.jwt_expiration_time, revocations)
    refresh_tokens = RefreshTokens(settings.refresh_token_secret)
    idle, leeway = settings.refresh_token_expiration_time, timedelta(seconds=settings.refresh_token_leeway)
    start = SessionStart(idle, settings.session_expiration_time)
    pairs = TokenPairs(access_tokens, refresh_tokens, totp_roles)
    auth = (
        SignIn(sign_in_database, passwords, throttle, long_run, devices, totp, start, pairs),
        Sessions(database, base.paging, refresh_tokens, pairs, revocations, idle, leeway),
        Profile(database, confirmations, throttle, links),
        PasswordChanges(database, passwords, new_passwords, confirmations, links, throttle, start, pairs, revocations, devices),
        Authenticators(database, confirmations, totp, revocations, totp_roles),
        Jwks(keys),
    )
    accounts = (
        Administration(database, base.paging, revocations),
        Invitations(database, links),
        Granting(database, revocations),
        ApiKeys(database, base.paging, revocations),
    )
    jobs = [PasswordResets(database, links).job()]
    if settings.api_key:
        bootstrap.check(settings.api_key)
        jobs.append(bootstrap.job(database, settings.api_key))
    credentials = Credentials(access_tokens, database, revocations, is_listening, standings, base.rates.check_stranger)
    people = People(database, totp_roles)
    return AuthDomain(
        authenticator=credentials,
        people=people.find,
        holders=people.holders,
        services={AUTH: auth, ACCOUNTS: accounts},
        jobs=jobs,
        followers=(Follower(CHANNEL, revocations.receive, revocations.catch_up),),
        composers=composers(links),
        retention=(
            Expired(SignInAttempts, SignInAttempts.expire_time < func.now()),
            Expired(LongRunAttempts, LongRunAttempts.expire_time < func.now()),
            Expired(Link, Link.create_time < func.now() - LINKS_KEPT),
        ),
        closers=(passwords.close,),
        means=(passwords, revocations, access_tokens, standings, credentials),
    )
