"""The gRPC port's certificates: TLS, and mutual TLS where an authority for clients is named."""

from __future__ import annotations

import ssl

import grpc

from server.settings import InvalidSettings, Settings


def credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """What the port needs; None for plaintext."""
    if settings.tls_certificate_file is None or settings.tls_key_file is None:
        return None
    authority = settings.tls_client_ca_file.read_bytes() if settings.tls_client_ca_file else None
    pair = (settings.tls_key_file.read_bytes(), settings.tls_certificate_file.read_bytes())
    return grpc.ssl_server_credentials([pair], root_certificates=authority, require_client_auth=authority is not None)


def check(settings: Settings) -> None:
    """Raises InvalidSettings for files that do not do: gRPC itself would only say that it cannot listen."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        if settings.tls_certificate_file and settings.tls_key_file:
            context.load_cert_chain(settings.tls_certificate_file, settings.tls_key_file, password=no_password)
    except (OSError, ValueError):
        raise InvalidSettings("TLS_CERTIFICATE_FILE and TLS_KEY_FILE hold no certificate with its plain key (PEM)") from None
    try:
        if settings.tls_client_ca_file:
            context.load_verify_locations(settings.tls_client_ca_file)
    except OSError:
        raise InvalidSettings("TLS_CLIENT_CA_FILE holds no certificate (PEM)") from None


def no_password() -> str:
    """Keeps OpenSSL from asking a terminal for one."""
    raise ValueError
