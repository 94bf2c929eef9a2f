"""What auth adds to a process: who calls, and all that people and services do to sign in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func

from gazette.auth.v1 import account_service_pb2, auth_service_pb2
from server.auth.account_service import AccountService
from server.auth.api_keys import bootstrap
from server.auth.credentials import Credentials
from server.auth.guessing.throttle import Throttle
from server.auth.links.links import Links
from server.auth.mails import letters
from server.auth.models import Link, SignInAttempts
from server.auth.passwords.hashing import Passwords
from server.auth.passwords.resets import PasswordResets
from server.auth.service import AuthService
from server.auth.sessions.queries import CHANNEL
from server.auth.sessions.revocations import Revocations
from server.auth.sign_in.devices import DeviceTokens
from server.auth.tokens.access import AccessTokens
from server.auth.tokens.refresh import RefreshTokens
from server.auth.tokens.signing import KeyRing
from server.auth.totp.codes import Totp
from server.process.domains import Base, Domain, Follower
from server.stores.retention import Expired

AUTH = auth_service_pb2.DESCRIPTOR.services_by_name["AuthService"]
ACCOUNTS = account_service_pb2.DESCRIPTOR.services_by_name["AccountService"]
SIGN_IN_CONNECTIONS = 4
"""How many connections to PostgreSQL all who sign in have among them: a crowd leaves the others to everybody else."""
LINKS_KEPT = timedelta(days=30)
"""None holds for so long."""


@dataclass(frozen=True, kw_only=True)
class AuthDomain(Domain):
    """Auth, which also tells the others who calls."""

    authenticator: Credentials


def wire(base: Base) -> AuthDomain:
    """Raises InvalidSettings, WrongApiKey."""
    settings, database, listener = base.settings, base.database, base.listener
    passwords = Passwords()
    revocations = Revocations(database, settings.jwt_expiration_time)
    tokens = AccessTokens(KeyRing.from_settings(settings), settings.jwt_expiration_time, revocations)
    links = Links(settings.refresh_token_secret, settings.public_url)
    auth = AuthService(
        database,
        passwords,
        Throttle(base.redis, database.sharing(SIGN_IN_CONNECTIONS)),
        DeviceTokens.from_secret(settings.refresh_token_secret),
        tokens,
        RefreshTokens(settings.refresh_token_secret),
        base.paging,
        Totp.from_secrets(settings.encryption_key, settings.encryption_previous_key),
        links,
        settings,
    )
    jobs = [PasswordResets(database, links).job()]
    if settings.api_key:
        bootstrap.check(settings.api_key)
        jobs.append(bootstrap.job(database, settings.api_key))
    return AuthDomain(
        authenticator=Credentials(tokens, database, revocations, lambda: listener.is_listening, base.rates.check_stranger),
        services={AUTH: (auth,), ACCOUNTS: (AccountService(database, tokens, base.paging, links),)},
        jobs=jobs,
        followers=(Follower(CHANNEL, revocations.receive, revocations.catch_up),),
        composers=letters.composers(links),
        retention=(
            Expired(SignInAttempts, SignInAttempts.expire_time < func.now()),
            Expired(Link, Link.create_time < func.now() - LINKS_KEPT),
        ),
        closers=(passwords.close,),
        means=(passwords, revocations, tokens),
    )
