"""What operators see: JSON logs with request ids and without secrets, Prometheus metrics, error reports."""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextvars import ContextVar
from typing import Any

import grpc
import structlog
from prometheus_client import Histogram

from server.process import log_lines
from server.rpc import ambient
from server.rpc.call import Call, Handler, Interceptor
from server.rpc.methods import Method
from server.settings import InvalidSettings, Settings

log = structlog.get_logger(__name__)

trace_id: ContextVar[str] = ContextVar("trace_id", default="")
"""Of the trace that the running task is in; empty outside of one."""

SECRET_NAMES = re.compile(r"password|secret|token|totp|recovery|authorization|credential|api_?key|dsn|cookie", re.IGNORECASE)
SECRET_VALUES = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*|gaz_\w+|(?<=://)[^\s/@]+@")
ADDRESSES = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+|\b\d{1,3}(\.\d{1,3}){3}\b")
"""Of mail, and of the network (IPv4)."""
REDACTED = "[redacted]"
CODES = {code.value[0]: code.name for code in grpc.StatusCode}

SECONDS = Histogram(
    "gazette_call_seconds",
    "How long calls took, by method and status code.",
    ["method", "code"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)


def observing(slow_seconds: float) -> Interceptor:
    """The outermost interceptor: measures every call, and logs those that changed something, failed or were slow."""

    def intercept(method: Method, handler: Handler) -> Handler:
        succeeded = SECONDS.labels(method.path, "OK")
        level = "debug" if method.is_read else "info"

        async def observe(request: Any, call: Call) -> Any:
            try:
                answer = await handler(request, call)
            except BaseException as error:
                ended(call, code_of(call, error))
                raise
            seconds = call.seconds
            succeeded.observe(seconds)
            if seconds > slow_seconds:
                log.warning("slow call", seconds=round(seconds, 4), code="OK")
            elif level == "info":
                log.info("call", seconds=round(seconds, 4), code="OK")
            return answer

        return observe

    return intercept


def ended(call: Call, code: str) -> None:
    """Counts and logs a call that did not succeed."""
    seconds = call.seconds
    SECONDS.labels(call.method.path, code).observe(seconds)
    is_ours = code in {"INTERNAL", "UNKNOWN"}
    if is_ours or logging.getLogger(__name__).isEnabledFor(logging.INFO):  # which costs less than to ask structlog
        report = log.error if is_ours else log.info
        report("call", seconds=round(seconds, 4), code=code, message=call.context.details() or None)


def code_of(call: Call, error: BaseException) -> str:
    if isinstance(error, asyncio.CancelledError):
        return "CANCELLED"
    code: Any = call.context.code()  # a number where grpc.aio itself set it, whatever its type says
    return code.name if isinstance(code, grpc.StatusCode) else CODES.get(code, "UNKNOWN")


def configure(settings: Settings, *, worker: int | None = None) -> None:
    """Sends all logs of the process, ours and the libraries', as JSON lines to standard output and the files asked for."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        add_call,
        redact,
    ]
    if worker is not None:
        shared.insert(0, lambda logger, name, event: {**event, "worker": worker})
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, log_lines.bounded],
        foreign_pre_chain=shared,
    )
    root = logging.getLogger()
    root.handlers = list(handlers(settings))
    for handler in root.handlers:
        handler.setFormatter(formatter)
    root.setLevel(settings.log_level.upper())
    for noisy in ("sqlalchemy", "asyncio", "botocore", "urllib3", "grpc", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # what is wrong with a form its sender is told
    log_lines.quieten()
    report_errors(settings)


def handlers(settings: Settings) -> Iterator[logging.Handler]:
    yield logging.StreamHandler(sys.stdout)
    if settings.log_directory is not None:
        try:
            settings.log_directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidSettings(f"LOG_DIRECTORY cannot be made ({error.strerror}); name a folder that can") from error
        yield logging.handlers.WatchedFileHandler(settings.log_directory / "combined.log")
        errors = logging.handlers.WatchedFileHandler(settings.log_directory / "error.log")
        errors.setLevel(logging.ERROR)
        yield errors


def report_errors(settings: Settings) -> None:
    """Unexpected errors go to Sentry where a DSN is set. Local variables stay here: they may hold secrets."""
    if not settings.sentry_dsn:
        return
    import sentry_sdk
    from sentry_sdk.integrations.logging import LoggingIntegration

    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        environment=settings.environment,
        server_name=settings.otel_service_name,
        release=settings.revision or None,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=cleaned,
        send_default_pii=False,
        include_local_variables=False,
        default_integrations=False,
        integrations=[LoggingIntegration(level=None, event_level=logging.ERROR)],
    )


def cleaned(event: Any, hint: Any) -> Any:
    """An error report with the request's id and method, and without secrets and addresses."""
    if ambient.is_answering():
        call = ambient.current()
        event.setdefault("tags", {}).update(request_id=call.request_id, method=call.method.path)
    event.pop("user", None)
    event.pop("request", None)
    return without_addresses(
        {key: hidden(key, value) if key in {"logentry", "extra", "message"} else value for key, value in event.items()}
    )


def without_addresses(value: Any) -> Any:
    if isinstance(value, str):
        return ADDRESSES.sub(REDACTED, SECRET_VALUES.sub(REDACTED, value))
    if isinstance(value, dict):
        return {key: without_addresses(each) for key, each in value.items()}
    return [without_addresses(each) for each in value] if isinstance(value, list | tuple) else value


def add_call(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The call that is being answered: its request id, method and account."""
    if ambient.is_answering():
        call = ambient.current()
        event.setdefault("request_id", call.request_id)
        event.setdefault("method", call.method.path)
        if call.caller.account_id is not None:
            event.setdefault("account_id", str(call.caller.account_id))
        if traced := trace_id.get():
            event.setdefault("trace_id", traced)
    return event


def redact(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hides what is named or looks like a secret. JSON keeps control characters inside one line."""
    for key, value in event.items():
        event[key] = hidden(key, value)
    return event


def hidden(key: str, value: Any) -> Any:
    if SECRET_NAMES.search(key):
        return REDACTED
    if isinstance(value, str):
        return SECRET_VALUES.sub(REDACTED, log_lines.cut(value, log_lines.MAX_TEXT))
    if isinstance(value, dict):
        return {name: hidden(str(name), each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [hidden("", each) for each in value]
    return value
