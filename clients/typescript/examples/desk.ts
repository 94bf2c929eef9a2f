import { createClient, type Gazette, GazetteError, StaleEtag, webStore } from "@gazette/client";
import type { Document } from "@gazette/client/content";

/** One client for the whole page. The session outlives the tab, and is shared with others of this origin. */
export function open(baseUrl: string): Gazette {
  return createClient({ baseUrl, store: webStore(localStorage) });
}

/** What the sign-in form does. Empty when it went well, or what to show. */
export async function signIn(gazette: Gazette, email: string, password: string, code: string): Promise<string> {
  try {
    await gazette.signIn({ email, password, ...(code && { totp: code }) });
    return "";
  } catch (error) {
    if (error instanceof GazetteError) {
      return error.reason === "TOTP_REQUIRED" ? "Enter the code that your authenticator app shows." : error.message;
    }
    throw error;
  }
}

/** All drafts of an organisation, however many parts the list has. */
export async function titles(gazette: Gazette, organisationId: string): Promise<string[]> {
  const found = [];
  for await (const document of gazette.content.listDocuments({ organisationId, hasDraft: true })) {
    found.push(document.title);
  }
  return found;
}

/** Saves a title, if nobody else has saved meanwhile. */
export async function retitle(gazette: Gazette, document: Document, title: string): Promise<Document | undefined> {
  try {
    const { id, etag } = document;
    const saved = await gazette.content.updateDocument({ document: { id, etag, title }, updateMask: { paths: ["title"] } });
    return saved.document;
  } catch (error) {
    if (error instanceof StaleEtag) {
      return undefined; // read again, decide again
    }
    throw error;
  }
}

/** Uploads what a file input has, shows how far it is, and can be given up. */
export async function upload(
  gazette: Gazette,
  picture: File,
  organisationId: string,
  bar: { value: number; max: number },
  signal: AbortSignal,
): Promise<string> {
  const file = await gazette.upload(picture, {
    organisationId,
    alternativeText: "The harbour at low water",
    signal,
    onProgress: ({ loaded, total }) => {
      bar.value = loaded;
      bar.max = total;
    },
  });
  return file.id;
}
