/** How browsers carry an upload: by XMLHttpRequest, since `fetch` tells nobody how far it is. */
import { failed } from "../errors/errors.js";
import type { Outgoing } from "./carrying.js";
import { chunks } from "./streams.js";

/** Sends the file. In workers without XMLHttpRequest `fetch` does, and progress is told at its end. */
export async function carriedByXhr(outgoing: Outgoing): Promise<Response> {
  const { method, url, headers, source, signal, onProgress, fetch } = outgoing;
  const body = source instanceof Blob ? source : await gathered(source.stream());
  if (typeof XMLHttpRequest === "undefined") {
    const response = await fetch(url, { method, headers, body, signal });
    onProgress({ loaded: source.size, total: source.size });
    return response;
  }
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    headers.forEach((value, name) => {
      request.setRequestHeader(name, value);
    });
    request.upload.onprogress = ({ loaded }) => onProgress({ loaded, total: source.size });
    request.onload = () => resolve(answered(request));
    request.onerror = () => reject(failed("The server cannot be reached.", { code: "UNAVAILABLE" }));
    request.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    signal.throwIfAborted();
    request.send(body);
  });
}

async function gathered(stream: ReadableStream<Uint8Array>): Promise<Blob> {
  const read = [];
  for await (const chunk of chunks(stream)) {
    read.push(chunk);
  }
  return new Blob(read);
}

/** The answer as `fetch` would give it. */
function answered(request: XMLHttpRequest): Response {
  const lines = request.getAllResponseHeaders().trim().split(/\r?\n/).filter(Boolean);
  const headers = lines.map((line): [string, string] => {
    const [name = "", ...value] = line.split(":");
    return [name.trim(), value.join(":").trim()];
  });
  return new Response(request.responseText, { status: request.status, headers });
}
