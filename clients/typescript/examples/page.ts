import { connect } from "@gazette/client";
import { DeliveryService } from "@gazette/client/delivery";

const pages = connect({ baseUrl: "http://127.0.0.1:8080" }).service(DeliveryService);
const { answer } = await pages.getPage({ path: "/guidance/moor-a-boat" });
if (answer.case === "page") document.body.innerHTML = answer.value.html;
