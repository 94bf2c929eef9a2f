// Reads a page, decodes an error and signs in: go run . 127.0.0.1:50051 EMAIL PASSWORD
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	authv1 "example.org/harbour/gen/gazette/auth/v1"
	deliveryv1 "example.org/harbour/gen/gazette/delivery/v1"
)

// Of what may be repeated (`idempotency_level` in the contract), all that this program calls again by itself.
const retries = `{"methodConfig": [{
  "name": [{"service": "gazette.delivery.v1.DeliveryService"}],
  "retryPolicy": {
    "maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "2s", "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"]
  }
}]}`

// The stable reason of an error, for programs; empty where the service did not answer it.
func reason(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.Reason
		}
	}
	return ""
}

func main() {
	target, email, password := os.Args[1], os.Args[2], os.Args[3]
	// For production: grpc.WithTransportCredentials(credentials.NewTLS(nil)). From grpc-go 1.63 on, NewClient takes Dial's place,
	// and insecure.NewCredentials that of WithInsecure.
	connection, err := grpc.Dial(target, grpc.WithInsecure(), grpc.WithDefaultServiceConfig(retries))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()

	delivery := deliveryv1.NewDeliveryServiceClient(connection)
	answer, err := delivery.GetPage(ctx, &deliveryv1.GetPageRequest{Path: "/guidance/moor-a-boat"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.GetPage().GetTitle())

	_, err = delivery.GetPage(ctx, &deliveryv1.GetPageRequest{Path: "/no/such/page"})
	fmt.Println(reason(err))

	auth := authv1.NewAuthServiceClient(connection)
	session, err := auth.Login(ctx, &authv1.LoginRequest{Email: email, Password: password})
	if err != nil {
		log.Fatal(err)
	}
	signedIn := metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+session.GetAccessToken())
	me, err := auth.GetMe(signedIn, &authv1.GetMeRequest{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(me.GetAccount().GetEmail())
}
