/** How a failure over HTTP becomes a GazetteError: the `google.rpc.Status` in JSON, or the bare status of something on the way. */
import { fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { said } from "./decoding.js";
import { type Detail, failed, type GazetteError, type StatusCode, statusCode } from "./errors.js";

const BY_STATUS: Readonly<Record<number, StatusCode>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  413: "INVALID_ARGUMENT",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

/** What a response says that is no success. */
export async function refusal(response: Response): Promise<GazetteError> {
  const status = parsed(await response.text().catch(() => ""));
  const details = (Array.isArray(status.details) ? status.details : []).filter(isObject).map(detail);
  const code = typeof status.code === "number" ? statusCode(status.code) : (BY_STATUS[response.status] ?? "UNKNOWN");
  const message = typeof status.message === "string" ? status.message : `The server answered ${response.status}.`;
  const { requestId, retryAfter, ...rest } = said(details);
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return failed(message, {
    ...rest,
    code,
    requestId: requestId || (response.headers.get("x-request-id") ?? ""),
    retryAfter: retryAfter ?? (Number.isFinite(seconds) ? seconds : undefined),
  });
}

function parsed(text: string): JsonObject {
  try {
    const value = JSON.parse(text) as JsonValue;
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A detail as HTTP sends it: with its kind as a member, `@type`. */
function detail({ "@type": url, ...message }: JsonObject): Detail {
  return {
    type: String(url).replace(/^.*\//, ""),
    read: (schema) => fromJson(schema, message, { ignoreUnknownFields: true }),
  };
}
