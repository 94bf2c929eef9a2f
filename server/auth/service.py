"""AuthService: signing in and out, and what people do with their own accounts. Each part has a module of its own."""

from __future__ import annotations

from dataclasses import dataclass

from server.auth.passwords.service import PasswordChanges
from server.auth.profile.service import Profile
from server.auth.sessions.service import Sessions
from server.auth.sign_in.service import SignIn
from server.auth.tokens.service import Jwks
from server.auth.totp.service import Authenticators


@dataclass(frozen=True)
class AuthService(SignIn, Sessions, Profile, PasswordChanges, Authenticators, Jwks):
    """All parts together."""
