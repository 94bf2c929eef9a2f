# Reads a page, decodes an error and signs in: ruby example.rb 127.0.0.1:50051 EMAIL PASSWORD
$LOAD_PATH.unshift(File.join(__dir__, "gen"))
require "grpc"
require "json"
require "google/protobuf/well_known_types"
require "google/rpc/error_details_pb"
require "google/rpc/status_pb"
require "gazette/auth/v1/auth_service_services_pb"
require "gazette/delivery/v1/delivery_service_services_pb"

target, email, password = ARGV

# Of what may be repeated (`idempotency_level` in the contract), all that this program calls again by itself.
RETRIES = JSON.generate(
  methodConfig: [{
    name: [{ service: "gazette.delivery.v1.DeliveryService" }],
    retryPolicy: {
      maxAttempts: 4, initialBackoff: "0.1s", maxBackoff: "2s", backoffMultiplier: 2,
      retryableStatusCodes: ["UNAVAILABLE"],
    },
  }],
)

# The stable reason of an error, for programs; empty where the service did not answer it.
def reason(error)
  status = Google::Rpc::Status.decode(error.metadata["grpc-status-details-bin"] || "")
  info = status.details.find { |detail| detail.is(Google::Rpc::ErrorInfo) }
  info ? info.unpack(Google::Rpc::ErrorInfo).reason : ""
end

# For production: GRPC::Core::ChannelCredentials.new in place of :this_channel_is_insecure.
common = [target, :this_channel_is_insecure]
options = { timeout: 5, channel_args: { "grpc.service_config" => RETRIES } }
delivery = Gazette::Delivery::V1::DeliveryService::Stub.new(*common, **options)
auth = Gazette::Auth::V1::AuthService::Stub.new(*common, **options)

puts delivery.get_page(Gazette::Delivery::V1::GetPageRequest.new(path: "/guidance/moor-a-boat")).page.title

begin
  delivery.get_page(Gazette::Delivery::V1::GetPageRequest.new(path: "/no/such/page"))
rescue GRPC::BadStatus => error
  puts reason(error)
end

session = auth.login(Gazette::Auth::V1::LoginRequest.new(email: email, password: password))
metadata = { "authorization" => "Bearer #{session.access_token}" }
puts auth.get_me(Gazette::Auth::V1::GetMeRequest.new, metadata: metadata).account.email
