import { createClient } from "@gazette/client/node";

const gazette = createClient({ baseUrl: process.argv[2] ?? "http://127.0.0.1:50051" });
const { answer } = await gazette.delivery.getPage({ path: "/guidance/moor-a-boat" });
console.log(answer.case === "page" ? answer.value.title : answer.case);
