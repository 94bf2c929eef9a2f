import { createClient, fileSource, save } from "@gazette/client/node";

/** Copies a file by way of the server, as a service that has an API key. */
export async function copy(
  grpc: string,
  http: string,
  apiKey: string,
  organisationId: string,
  from: string,
  to: string,
): Promise<void> {
  const gazette = createClient({ baseUrl: grpc, httpUrl: http, apiKey, timeoutMs: 5_000 });
  const file = await gazette.upload(await fileSource(from), { organisationId, alternativeText: "The harbour at low water" });
  await save(await gazette.download(file.id), to);
  gazette.close();
}
