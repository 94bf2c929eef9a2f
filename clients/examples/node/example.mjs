// Reads a page, decodes an error and signs in: node example.mjs build/contract/proto 127.0.0.1:50051 EMAIL PASSWORD
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const [proto, target, email, password] = process.argv.slice(2);

const contract = loadSync(
  [
    "gazette/auth/v1/auth_service.proto",
    "gazette/delivery/v1/delivery_service.proto",
    "google/rpc/error_details.proto", // what errors carry beside their status
    "google/rpc/status.proto",
  ],
  // Names as in the contract; enums by name; int64 as strings, since numbers lose digits; details of errors by their types.
  { includeDirs: [proto], keepCase: true, enums: String, longs: String, defaults: true, oneofs: true, json: true },
);
const { gazette } = grpc.loadPackageDefinition(contract);

// Of what may be repeated (`idempotency_level` in the contract), all that this program calls again by itself.
const retries = JSON.stringify({
  methodConfig: [
    {
      name: [{ service: "gazette.delivery.v1.DeliveryService" }],
      retryPolicy: {
        maxAttempts: 4,
        initialBackoff: "0.1s",
        maxBackoff: "2s",
        backoffMultiplier: 2,
        retryableStatusCodes: ["UNAVAILABLE"],
      },
    },
  ],
});
const credentials = grpc.credentials.createInsecure(); // for production: grpc.credentials.createSsl()
const options = { "grpc.service_config": retries };
const delivery = new gazette.delivery.v1.DeliveryService(target, credentials, options);
const auth = new gazette.auth.v1.AuthService(target, credentials, options);

/** A unary call as a promise, with a deadline: grpc-js has neither by itself. */
function call(client, method, request, metadata = new grpc.Metadata()) {
  const deadline = Date.now() + 5000;
  return new Promise((resolve, reject) =>
    client[method](request, metadata, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer))),
  );
}

/** The stable reason of an error, for programs; empty where the service did not answer it. */
function reason(error) {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const details = bytes ? contract["google.rpc.Status"].deserialize(bytes).details : [];
  return details.find((detail) => detail["@type"] === "type.googleapis.com/google.rpc.ErrorInfo")?.reason ?? "";
}

const { page } = await call(delivery, "GetPage", { path: "/guidance/moor-a-boat" });
console.log(page.title);

try {
  await call(delivery, "GetPage", { path: "/no/such/page" });
} catch (error) {
  console.log(reason(error));
}

const { access_token } = await call(auth, "Login", { email, password });
const metadata = new grpc.Metadata();
metadata.set("authorization", `Bearer ${access_token}`);
const { account } = await call(auth, "GetMe", {}, metadata);
console.log(account.email);
