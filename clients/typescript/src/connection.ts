/** A connection to Gazette: what all calls of one client share. */
import type { DescService } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import type { Conduct } from "./calls/conversation.js";
import { Publications } from "./calls/publications.js";
import { RETRY, type Retry } from "./calls/retries.js";
import { type ServiceClient, serviceClient } from "./calls/services.js";
import { conversing } from "./calls/transport.js";
import { ANONYMOUS, type Credentials } from "./sessions/credentials.js";

/** How calls go, whatever carries them. */
export interface CallingOptions {
  /** What lets calls in: a `Session`, or `apiKey("gaz_…")`. Without, only what is public can be called. */
  readonly credentials?: Credentials;
  /** Milliseconds that a call has for everything, retries and signing in included; by default 10,000. Streams have as long as they take. */
  readonly timeoutMs?: number;
  /** When and how often calls are repeated that are safe to repeat. */
  readonly retry?: Partial<Retry>;
}

/** Means of reaching the server. */
export interface Reach {
  /** Carries calls. */
  readonly transport: Transport;
  /** Where HTTP is served, for uploads and downloads. */
  readonly httpUrl: string;
  /** Carries uploads and downloads. */
  readonly fetch: typeof globalThis.fetch;
  /** Ends what connections there are. */
  close?(): void;
}

/** Makes calls. Services are given to it by who uses them, so that a page loads no other. */
export class Connection {
  /** Carries calls as this client makes them; for what takes a transport of `@connectrpc/connect`. */
  readonly transport: Transport;
  /** How calls go. */
  readonly conduct: Conduct;
  readonly reach: Reach;
  readonly #services = new Map<string, object>();

  constructor(reach: Reach, options: CallingOptions = {}) {
    this.reach = reach;
    this.conduct = {
      credentials: options.credentials ?? ANONYMOUS,
      retry: { ...RETRY, ...options.retry },
      timeoutMs: options.timeoutMs ?? 10_000,
      publications: new Publications(),
    };
    this.conduct.credentials.attach?.(conversing(reach.transport, { ...this.conduct, credentials: ANONYMOUS }));
    this.transport = conversing(reach.transport, this.conduct);
  }

  /** The methods of a service of the contract, made when it is first asked for. */
  service<Service extends DescService>(service: Service): ServiceClient<Service> {
    let found = this.#services.get(service.typeName);
    if (!found) {
      found = serviceClient(service, this.transport);
      this.#services.set(service.typeName, found);
    }
    return found as ServiceClient<Service>;
  }

  /** The last entry of the record that this client has made by publishing. It reads nothing public that is older. */
  get recordNumber(): bigint {
    return this.conduct.publications.recordNumber;
  }

  /** Ends the connections to the server, where there are any of its own. The session lasts on. */
  close(): void {
    this.reach.close?.();
  }
}
