import { connect } from "@gazette/client";
import { DeliveryService } from "@gazette/client/delivery";

export async function show(baseUrl: string, path: string, place: Element): Promise<void> {
  const { answer } = await connect({ baseUrl }).service(DeliveryService).getPage({ path });
  if (answer.case === "page") {
    place.innerHTML = answer.value.html; // rendered and sanitised by the server
  }
}
