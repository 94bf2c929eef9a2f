// A page that a government's front end could be: @gazette/client in a browser, from another origin than Gazette's.
// What it can do hangs on `window`, for chromium's driver to call one after the other.
import { createClient, type Gazette, GazetteError, memoryStore } from "@gazette/client";

interface Given {
  readonly http: string;
  readonly organisation: string;
  readonly path: string;
  readonly expired: string;
}

declare const GIVEN: Given;

const store = memoryStore();
let gazette: Gazette = createClient({ baseUrl: GIVEN.http, store });

/** What is told of a failure. */
const told = (error: unknown) =>
  error instanceof GazetteError
    ? { error: error.constructor.name, code: error.code, reason: error.reason, fields: error.fieldViolations, requestId: error.requestId }
    : { error: (error as Error).name };

const picture = async (name: string) => new File([await (await fetch(`/${name}`)).blob()], name);

const guide = (title: string) => ({ organisationId: GIVEN.organisation, contentType: "harbour_guide", path: GIVEN.path, title });

const journey = {
  /** Another person at this desk. */
  async signIn(name: string) {
    if (await gazette.session.isSignedIn()) await gazette.signOut();
    const account = await gazette.signIn({ email: `${name}@example.gov`, password: "gazette-demo-only" });
    return account?.email;
  },

  async read(path: string) {
    try {
      const { answer } = await gazette.delivery.getPage({ path });
      return answer.case === "page" ? { title: answer.value.title, html: answer.value.html } : answer.case;
    } catch (error) {
      return told(error);
    }
  },

  /** HTTP/JSON through the browser's own cache. */
  async readOverHttp(path: string) {
    try {
      const answer = await fetch(`${GIVEN.http}/v1/pages${path}`, { cache: "force-cache" });
      return { title: (await answer.json()).page.title, etag: answer.headers.get("etag") };
    } catch (error) {
      return told(error);
    }
  },

  async write(title: string, attachment: string) {
    const attachments = attachment ? [attachment] : [];
    const { document } = await gazette.content.createDocument({ document: { ...guide(title), body: "High water is at **six**.", attachments } });
    return { id: document?.id, etag: document?.etag, state: document?.draft?.state };
  },

  async writeWrongly() {
    return gazette.content.createDocument({ document: { ...guide("Tides"), path: "tides" } }).catch(told);
  },

  async step(verb: "submitDocument" | "approveDocument" | "publishDocument", id: string, etag: string) {
    try {
      const { document } = await gazette.content[verb]({ id, etag });
      return { id, etag: document?.etag, live: document?.live?.path };
    } catch (error) {
      return told(error);
    }
  },

  async upload(name: string) {
    const progress: number[] = [];
    const onProgress = ({ loaded, total }: { loaded: number; total: number }) => progress.push(loaded / total);
    const file = await gazette.upload(await picture(name), { ...guide(""), alternativeText: "Waves", onProgress });
    return { id: file.id, size: Number(file.sizeBytes), sha256: file.sha256, progress };
  },

  /** In pieces, of which the first is given up as soon as something is under way; what goes on later sends the rest. */
  async uploadInPieces(name: string) {
    const source = await picture(name);
    const about = { ...guide(""), alternativeText: "Waves", way: "resumable" } as const;
    const giving = new AbortController();
    let begun = "";
    const stop = { signal: giving.signal, onProgress: ({ loaded }: { loaded: number }) => loaded > 0 && giving.abort() };
    const first = await gazette.upload(source, { ...about, ...stop, onBegun: (id) => (begun = id) }).then(() => "uploaded", told);
    const progress: number[] = [];
    const onProgress = ({ loaded, total }: { loaded: number; total: number }) => progress.push(loaded / total);
    const file = await gazette.upload(source, { ...about, resume: begun, onProgress });
    return { first, begun, id: file.id, sha256: file.sha256, progress };
  },

  /** What of a page's pictures the browser takes, and how wide it is. */
  async look(path: string, width: number) {
    const { answer } = await gazette.delivery.getPage({ path });
    const frame = document.body.appendChild(document.createElement("div"));
    frame.style.width = `${width}px`;
    frame.innerHTML = answer.case === "page" ? answer.value.html.replaceAll("/v1/files/", `${GIVEN.http}/v1/files/`) : "";
    const image = frame.querySelector("img") as HTMLImageElement;
    image.loading = "eager";
    await image.decode();
    const { currentSrc, naturalWidth, alt, srcset } = image;
    return { source: currentSrc, naturalWidth, alt, srcset, lazy: answer.case === "page" && answer.value.html.includes('loading="lazy"') };
  },

  /** Gives up as soon as something is under way. */
  async giveUp(name: string) {
    const giving = new AbortController();
    const onProgress = ({ loaded }: { loaded: number }) => loaded > 0 && giving.abort();
    return gazette.upload(await picture(name), { ...guide(""), onProgress, signal: giving.signal }).then(() => "uploaded", told);
  },

  async download(id: string) {
    const coming = await gazette.download(id);
    return { size: coming.size, bytes: (await coming.bytes()).length, sha256: coming.sha256 };
  },

  /** Holds a token that ended an hour ago, and knows it or not. */
  async outliveToken(knows: boolean) {
    const tokens = await gazette.session.tokens();
    await store.save({ ...tokens, accessToken: GIVEN.expired, freshUntil: knows ? 0 : Date.now() + 600_000 });
    const calls = [1, 2, 3].map(() => gazette.auth.getMe({}));
    return (await Promise.all(calls)).map(({ account }) => account?.email);
  },
};

export type Journey = typeof journey;
Object.assign(globalThis, { journey, gazette, finished: true });
