// What a program does with the types that openapi-typescript makes of the document.

import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const given: { url: string; organisation: string; password: string; picture: string } = JSON.parse(process.env["GIVEN"] ?? "");
const client = createClient<paths>({ baseUrl: given.url });

const { data: page } = await client.GET("/v1/pages/{path}", { params: { path: { path: "guidance/moor-a-boat" } } });
const absent = await client.GET("/v1/pages/{path}", { params: { path: { path: "guidance/nothing" } } });
const refusal = absent.error && "code" in absent.error ? absent.error : undefined; // what is gone is an answer that is no 200, too
const { data: session } = await client.POST("/v1/auth/login", {
  body: { email: "author@example.gov", password: given.password },
});
const { data: uploaded } = await client.POST("/v1/files:upload", {
  params: { query: { organisationId: given.organisation, name: "picture.png", alternativeText: "A harbour." } },
  headers: { authorization: `Bearer ${session?.accessToken}`, "content-type": "application/octet-stream" },
  body: "", // its type is string where bytes are meant; the serializer gives them
  bodySerializer: () => readFileSync(given.picture),
});
console.log(
  JSON.stringify({
    title: page?.page?.title,
    absent: refusal?.details?.[0]?.reason,
    email: session?.account?.email,
    file: uploaded?.file?.name,
    type: uploaded?.file?.contentType,
  }),
);
