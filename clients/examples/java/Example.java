import com.google.rpc.ErrorInfo;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.example.gazette.auth.v1.AuthServiceGrpc;
import org.example.gazette.auth.v1.GetMeRequest;
import org.example.gazette.auth.v1.LoginRequest;
import org.example.gazette.delivery.v1.DeliveryServiceGrpc;
import org.example.gazette.delivery.v1.GetPageRequest;

/** Reads a page, decodes an error and signs in: java Example 127.0.0.1:50051 EMAIL PASSWORD */
public class Example {
  /** Of what may be repeated (`idempotency_level` in the contract), all that this program calls again by itself. */
  static final Map<String, ?> RETRIES =
      Map.of("methodConfig", List.of(Map.of(
          "name", List.of(Map.of("service", "gazette.delivery.v1.DeliveryService")),
          "retryPolicy", Map.of(
              "maxAttempts", 4.0, "initialBackoff", "0.1s", "maxBackoff", "2s", "backoffMultiplier", 2.0,
              "retryableStatusCodes", List.of("UNAVAILABLE")))));

  /** The stable reason of an error, for programs; empty where the service did not answer it. */
  static String reason(StatusRuntimeException error) throws Exception {
    for (var detail : StatusProto.fromThrowable(error).getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        return detail.unpack(ErrorInfo.class).getReason();
      }
    }
    return "";
  }

  public static void main(String[] arguments) throws Exception {
    var channel = ManagedChannelBuilder.forTarget(arguments[0])
        .usePlaintext() // for production: useTransportSecurity()
        .enableRetry()
        .defaultServiceConfig(RETRIES)
        .build();
    var delivery = DeliveryServiceGrpc.newBlockingStub(channel);
    var request = GetPageRequest.newBuilder().setPath("/guidance/moor-a-boat").build();
    System.out.println(delivery.withDeadlineAfter(5, TimeUnit.SECONDS).getPage(request).getPage().getTitle());

    try {
      var missing = GetPageRequest.newBuilder().setPath("/no/such/page").build();
      delivery.withDeadlineAfter(5, TimeUnit.SECONDS).getPage(missing);
    } catch (StatusRuntimeException error) {
      System.out.println(reason(error));
    }

    var auth = AuthServiceGrpc.newBlockingStub(channel);
    var session = auth.withDeadlineAfter(5, TimeUnit.SECONDS)
        .login(LoginRequest.newBuilder().setEmail(arguments[1]).setPassword(arguments[2]).build());
    var headers = new Metadata();
    headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + session.getAccessToken());
    var signedIn = auth.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    var me = signedIn.withDeadlineAfter(5, TimeUnit.SECONDS).getMe(GetMeRequest.getDefaultInstance());
    System.out.println(me.getAccount().getEmail());

    channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
  }
}
