"""AuthService: signing in and out, and what people do with their own accounts. Each part has a module of its own."""

from __future__ import annotations

from dataclasses import dataclass

from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceServicer
from server.auth.authenticators import Authenticators
from server.auth.jwks import Jwks
from server.auth.password_changes import PasswordChanges
from server.auth.profile import Profile
from server.auth.sessions import Sessions
from server.auth.sign_in import SignIn


@dataclass(frozen=True)
class AuthService(SignIn, Sessions, Profile, PasswordChanges, Authenticators, Jwks, AuthServiceServicer):
    """All parts together."""
