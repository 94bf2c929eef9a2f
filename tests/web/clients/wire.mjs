// What goes over the wire, as Chromium's network stack tells it: preflights too, which pages never hear of.

/** Watches a page from now on. */
export async function watch(session) {
  const requests = [];
  const open = new Map();

  session.on("Network.requestWillBeSent", ({ requestId, request, initiator }) => {
    const told = { method: request.method, url: request.url };
    const caused = requests.indexOf(open.get(initiator.requestId)); // what a preflight precedes is told of first
    open.set(requestId, told);
    requests.splice(caused < 0 ? requests.length : caused, 0, told);
  });
  session.on("Network.requestServedFromCache", ({ requestId }) => Object.assign(open.get(requestId) ?? {}, { cached: true }));
  session.on("Network.responseReceived", ({ requestId, response }) => {
    const { status, headers, fromDiskCache } = response;
    const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    Object.assign(open.get(requestId) ?? {}, {
      status,
      ...(fromDiskCache && { cached: true }),
      allowed: named["access-control-allow-origin"],
      grpcStatus: named["grpc-status"],
    });
  });
  session.on("Network.loadingFinished", ({ requestId }) => open.delete(requestId));
  session.on("Network.loadingFailed", ({ requestId, canceled, errorText, corsErrorStatus }) => {
    const told = open.get(requestId) ?? {};
    // A client that has read what it wants lets go of the answer, which the browser then calls cancelled.
    if (corsErrorStatus || !told.status) told.failed = corsErrorStatus?.corsError ?? (canceled ? "given up" : errorText);
    open.delete(requestId);
  });
  await session.send("Network.enable");

  return {
    requests,
    /** Waits, within reason, until no request is open any more: the browser says so a little later than the page knows. */
    async settled() {
      for (let turn = 0; turn < 100 && open.size > 0; turn++) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    /** As many bytes a second upwards at most; -1 lifts it. */
    slow: (uploadThroughput) =>
      session.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput }),
  };
}
