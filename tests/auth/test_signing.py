"""The key ring: which keys the settings make, what they are called, and what keeps a server from starting."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from server.auth.base64url import encoded
from server.auth.tokens.signing import Key, KeyRing, PrivateKey
from server.settings import InvalidSettings, Settings, load

PLAIN = NoEncryption()
EDWARDS = ed25519.Ed25519PrivateKey.generate()
CURVE = ec.generate_private_key(ec.SECP256R1())
PRIVATE: dict[str, PrivateKey] = {"EdDSA": EDWARDS, "ES256": CURVE}


def private(key: PrivateKeyTypes, password: bytes = b"") -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password) if password else PLAIN)


def public(key: PrivateKeyTypes) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def given(directory: Path, **changed: str | bytes) -> Settings:
    """Settings; a variable whose value is bytes names a file with them."""
    environ = {
        "DATABASE_URL": "postgresql://gazette:x@127.0.0.1:5432/gazette",
        "REDIS_URL": "redis://127.0.0.1:6379/0",
        "FILES_DIRECTORY": str(directory),
        "JWT_SECRET": "a secret of the tests, for access tokens",
        "REFRESH_TOKEN_SECRET": "a secret of the tests, for refresh tokens",
        "ENCRYPTION_KEY": "a key of the tests, for authenticator secrets",
    }
    for name, value in changed.items():
        if isinstance(value, bytes):
            (directory / name).write_bytes(value)
        environ[name] = value if isinstance(value, str) else str(directory / name)
    return load(environ)


def refusal(settings: Settings) -> str:
    """The one line that a server with these settings ends with."""
    with pytest.raises(InvalidSettings) as caught:
        KeyRing.from_settings(settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_secrets(tmp_path: Path) -> None:
    """JWT_SECRET signs, and what JWT_PREVIOUS_SECRET signed holds; both are known by names that do not give them away."""
    ring = KeyRing.from_settings(given(tmp_path, JWT_PREVIOUS_SECRET="the secret of the tests that was before"))
    earlier = KeyRing.from_settings(given(tmp_path, JWT_SECRET="the secret of the tests that was before"))
    assert [key.algorithm for key in ring.verifying.values()] == ["HS256", "HS256"]
    assert [key.kid for key in ring.verifying.values()] == [ring.signing.kid, earlier.signing.kid]
    assert len(ring.signing.kid) == 16
    assert ring.jwks == []
    assert "secret" not in repr(ring)


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_key_files(tmp_path: Path, algorithm: str) -> None:
    """JWT_KEY_FILE signs instead of JWT_SECRET, by the algorithm of its kind; tokens of secrets do not hold beside it."""
    ring = KeyRing.from_settings(given(tmp_path, JWT_KEY_FILE=private(PRIVATE[algorithm]), JWT_PREVIOUS_SECRET="x" * 32))
    assert list(ring.verifying.values()) == [ring.signing]
    assert ring.signing.algorithm == algorithm


@pytest.mark.parametrize("other", [private(CURVE), public(CURVE)], ids=["private", "public"])
def test_a_key_that_verifies(tmp_path: Path, other: bytes) -> None:
    """JWT_VERIFICATION_KEY_FILES may hold private keys or public ones: they have the same name, and none of them signs."""
    ring = KeyRing.from_settings(given(tmp_path, JWT_KEY_FILE=private(EDWARDS), JWT_VERIFICATION_KEY_FILES=other))
    signing, verifying = ring.verifying.values()
    assert (signing.algorithm, verifying.algorithm) == ("EdDSA", "ES256")
    assert verifying.kid == Key.of_pair(CURVE.public_key()).kid
    assert verifying.signing is None


def test_on_the_way_from_a_secret_to_a_key(tmp_path: Path) -> None:
    """While a secret still signs, the tokens of the key to come hold already, and others can read the key."""
    ring = KeyRing.from_settings(given(tmp_path, JWT_VERIFICATION_KEY_FILES=public(EDWARDS)))
    assert ring.signing.algorithm == "HS256"
    assert [jwk["alg"] for jwk in ring.jwks] == ["EdDSA"]


def test_one_key_named_twice_is_one(tmp_path: Path) -> None:
    """The key that signs may stand among those that verify: every process can then have the same list."""
    ring = KeyRing.from_settings(given(tmp_path, JWT_KEY_FILE=private(EDWARDS), JWT_VERIFICATION_KEY_FILES=public(EDWARDS)))
    assert ring.signing.signing is not None
    assert [jwk["kid"] for jwk in ring.jwks] == [ring.signing.kid]


@pytest.mark.parametrize("key", [Key.of_secret("x" * 32), Key.of_pair(EDWARDS.public_key(), EDWARDS)], ids=["HS256", "EdDSA"])
def test_the_ring_knows_the_segment_that_is_written(key: Key) -> None:
    """What stands before the first point of a token is what the ring looks for."""
    assert key.signed({"sub": "x"}).partition(".")[0] == key.first_segment


def test_a_thumbprint_is_the_standards() -> None:
    """The name of a key is what RFC 8037 appendix A.3 computes for its example."""
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    key = jwt.PyJWK({"kty": "OKP", "crv": "Ed25519", "x": x}, "EdDSA").key
    assert Key.of_pair(key).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_a_jwk_has_what_others_need_and_no_more(algorithm: str) -> None:
    """A JWK names its key, use and algorithm, and holds the public members alone; its kid is their thumbprint (RFC 7638)."""
    key = PRIVATE[algorithm]
    jwk = dict(Key.of_pair(key.public_key(), key).jwk or {})
    assert (jwk.pop("use"), jwk.pop("alg")) == ("sig", algorithm)
    kid = jwk.pop("kid")
    assert set(jwk) == ({"kty", "crv", "x"} if algorithm == "EdDSA" else {"kty", "crv", "x", "y"})
    canonical = json.dumps(jwk, separators=(",", ":"), sort_keys=True)
    assert kid == encoded(hashlib.sha256(canonical.encode()).digest())


MAKE_ONE = "and not one of Ed25519 or P-256; make one with: openssl genpkey -algorithm ed25519"
NO_KEY = "holds no key (PEM) of Ed25519 or P-256; make one with: openssl genpkey -algorithm ed25519"
ENCRYPTED = "is encrypted; write it without its password: openssl pkey -in … -out …"
RSA = rsa.generate_private_key(65537, 2048)
REFUSED = {
    "empty": (b"", NO_KEY),
    "words": (b"not a key", NO_KEY),
    "DER": (EDWARDS.private_bytes(Encoding.DER, PrivateFormat.PKCS8, PLAIN), NO_KEY),
    "cut": (private(CURVE)[:80], NO_KEY),
    "encrypted": (private(CURVE, b"x"), ENCRYPTED),
    "encrypted as of old": (
        CURVE.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"x")),
        ENCRYPTED,
    ),
    "RSA": (private(RSA), f"holds an RSA key, {MAKE_ONE}"),
    "RSA, public": (public(RSA), f"holds an RSA key, {MAKE_ONE}"),
    "P-384": (private(ec.generate_private_key(ec.SECP384R1())), f"holds a key of the curve secp384r1, {MAKE_ONE}"),
    "P-384, public": (public(ec.generate_private_key(ec.SECP384R1())), f"holds a key of the curve secp384r1, {MAKE_ONE}"),
    "secp256k1": (private(ec.generate_private_key(ec.SECP256K1())), f"holds a key of the curve secp256k1, {MAKE_ONE}"),
    "Ed448": (private(ed448.Ed448PrivateKey.generate()), f"holds a key of another kind, {MAKE_ONE}"),
    "X25519": (private(x25519.X25519PrivateKey.generate()), f"holds a key of another kind, {MAKE_ONE}"),
    "DSA": (private(dsa.generate_private_key(1024)), f"holds a key of another kind, {MAKE_ONE}"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_that_will_not_do(tmp_path: Path, kind: str) -> None:
    """What is no plain key of the two kinds stops the start, with a line that begins with the variable and says why."""
    content, why = REFUSED[kind]
    assert refusal(given(tmp_path, JWT_KEY_FILE=content)) == f"JWT_KEY_FILE {why}"
    file = tmp_path / "JWT_VERIFICATION_KEY_FILES"
    said = refusal(given(tmp_path, JWT_VERIFICATION_KEY_FILES=content))
    assert said == f"JWT_VERIFICATION_KEY_FILES: {file} {why}"


def test_a_public_key_cannot_sign(tmp_path: Path) -> None:
    """JWT_KEY_FILE wants the private half."""
    said = refusal(given(tmp_path, JWT_KEY_FILE=public(EDWARDS)))
    assert said == "JWT_KEY_FILE holds a public key, which cannot sign; name the file of the private one"


@pytest.mark.parametrize("variable", ["JWT_KEY_FILE", "JWT_VERIFICATION_KEY_FILES"])
def test_a_file_that_is_not_there(tmp_path: Path, variable: str) -> None:
    """A path that leads nowhere stops the start."""
    with pytest.raises(InvalidSettings, match=rf"^{variable}.* no file; mend the path$"):
        given(tmp_path, **{variable: str(tmp_path / "nowhere.pem")})


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is gone, or not for the server to read, by the time that it reads it, stops the start."""
    settings = given(tmp_path, JWT_KEY_FILE=private(EDWARDS))
    (tmp_path / "JWT_KEY_FILE").unlink()
    assert refusal(settings) == "JWT_KEY_FILE cannot be read (No such file or directory); let the server read it"


@pytest.mark.parametrize("variable", ["JWT_SECRET", "JWT_PREVIOUS_SECRET"])
@pytest.mark.parametrize("secret", [private(EDWARDS).decode(), public(CURVE).decode()], ids=["private", "public"])
def test_a_secret_that_is_a_key(tmp_path: Path, variable: str, secret: str) -> None:
    """A PEM in place of a secret, which could be public, stops the start and is not repeated."""
    assert refusal(given(tmp_path, **{variable: secret})) == (
        f"{variable} holds a key of another kind; make one with: openssl rand -base64 48"
    )
