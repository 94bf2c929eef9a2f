// What each client written in JavaScript is asked to do, and how it says what it saw: one line of JSON for each step.

/** What the test hands over: addresses, the demo's organisation, a path of this client's own, a picture. */
export const given = globalThis.process ? JSON.parse(process.env.GIVEN) : globalThis.GIVEN;

export const PASSWORD = "gazette-demo-only";

/** A document that may be made at `path`. */
export const draft = (path) => ({
  organisationId: given.organisation,
  contentType: "harbour_guide",
  path,
  title: "Tide tables",
  body: "High water is at **six**.",
});

/**
 * An import of one document that is public at `path`, part by part.
 * @param {string} path
 * @returns {({ options: { organisationId: string } } | { document: { document: ReturnType<typeof draft> & { translationKey: string },
 *   source: string, liveState: "LIVE_STATE_PUBLISHED" } })[]}
 */
export const imported = (path) => [
  { options: { organisationId: given.organisation } },
  { document: { document: { ...draft(path), translationKey: given.key }, source: path, liveState: "LIVE_STATE_PUBLISHED" } },
];

/** The picture that is uploaded: from a disk, or from the page's own origin. */
export const pictureBytes = async () =>
  globalThis.process
    ? new Uint8Array(await (await import("node:fs/promises")).readFile(given.picture))
    : new Uint8Array(await (await fetch(given.picture)).arrayBuffer());

export const sha256 = async (bytes) =>
  [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((each) => each.toString(16).padStart(2, "0")).join("");

/** Takes the steps one after the other. One that fails ends none but itself. */
export async function take(steps, say = (line) => console.log(JSON.stringify(line))) {
  for (const [step, act] of Object.entries(steps)) {
    try {
      say({ step, saw: await act() });
    } catch (error) {
      say({ step, error: error?.stack ?? JSON.stringify(error) });
    }
  }
  globalThis.finished = true;
}
