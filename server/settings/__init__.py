"""Reading the settings, once at start. Nothing else reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from pydantic import ValidationError

from server.settings import here
from server.settings.here import NobodyKnown
from server.settings.model import ENVIRONMENTS, SAMPLE_MARK, Settings

__all__ = ["CANNOT_START", "SAMPLE_MARK", "CannotStart", "InvalidSettings", "NobodyKnown", "Settings"]

CANNOT_START = 78  # EX_CONFIG of sysexits.h: starting again would not help


class CannotStart(Exception):
    """What keeps a command from doing its work; the message is one line that says how to mend it."""


class InvalidSettings(CannotStart):
    """A setting that stops the start; the message names it."""


def names(field: str) -> list[str]:
    """The environment variables that a field is read from, its own name first."""
    extra = Settings.model_fields[field].json_schema_extra
    assert isinstance(extra, dict)
    return list(extra["names"])  # type: ignore[arg-type]


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises InvalidSettings, in one line, for the first thing that is wrong."""
    environ = with_dotenv(os.environ) if environ is None else environ
    values: dict[str, str] = {}
    for field in Settings.model_fields:
        given = {name: environ[name].strip() for name in names(field) if environ.get(name, "").strip()}
        if len(set(given.values())) > 1:
            raise InvalidSettings(f"{' and '.join(given)} differ, but are one setting; set one of them")
        if given:
            values[field] = next(iter(given.values()))
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise InvalidSettings(explain(error)) from None


def explain(error: ValidationError) -> str:
    """One line for the first error; never the value, which may be a secret."""
    first = error.errors(include_input=False, include_url=False)[0]
    text = str(first["msg"]).removeprefix("Value error, ")
    if not first["loc"]:
        return text
    field = str(first["loc"][0])
    described = (Settings.model_fields[field].description or "").split("\n")[0]
    problem = "is missing" if first["type"] == "missing" else text if text.startswith("is ") else f"is not valid: {text}"
    return f"{names(field)[0]} {problem}. It is: {described}"


def with_dotenv(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment over `.env.local` over `.env`, these two in development only."""
    environment = next((environ[name].strip() for name in names("environment") if environ.get(name, "").strip()), "development")
    if in_full(environment) != "development":
        return environ
    files = [dotenv_values(name) for name in (".env", ".env.local") if Path(name).is_file()]
    merged = {key: value for file in files for key, value in file.items() if value is not None}
    return {**merged, **environ}


def in_full(environment: str) -> str:
    """The environment's name, which may be given short."""
    return ENVIRONMENTS.get(environment, environment)


def for_jobs_only(settings: Settings) -> Settings:
    """Those of a process that does background jobs, of which one is enough, and which Envoy has no business with."""
    return settings.model_copy(update={"workers": 1, "socket_dir": None})


def child_environment(**more: str) -> dict[str, str]:
    """The environment for a worker process: this one's, and more."""
    return {**os.environ, **more}


def local_grpc_address() -> str:
    """Where the server answers that a command belongs to, in plaintext. No other setting is needed. Raises NobodyKnown."""
    return here.grpc_address(os.environ, with_dotenv(os.environ))


def command_password() -> str:
    """GAZETTE_PASSWORD: a password for `gazette accounts create`, where no terminal can ask for one. Empty: none."""
    return os.environ.get("GAZETTE_PASSWORD", "")
