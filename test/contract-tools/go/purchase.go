// Buys something with the client that oapi-codegen has generated, and prints what came of it as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"github.com/google/uuid"
	"github.com/oapi-codegen/runtime/types"
	"souk.example/purchase/souk"
)

func main() {
	baseURL, username, email, password, name := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	ctx := context.Background()
	client := must(souk.NewClientWithResponses(baseURL))

	signUp := souk.SignUp{Email: types.Email(email), Username: &username, Password: password, FullName: "Guna Go"}
	signedUp := must(client.PostAuthSignUpWithResponse(ctx, &souk.PostAuthSignUpParams{}, signUp))
	expect(signedUp.HTTPResponse, http.StatusCreated)
	var code string
	must(fmt.Scanln(&code)) // from the email
	confirmed := must(client.PostAuthConfirmSignUpWithResponse(ctx, &souk.PostAuthConfirmSignUpParams{}, souk.ConfirmSignUp{Username: &username, Code: code}))
	expect(confirmed.HTTPResponse, http.StatusOK)

	signedIn := must(client.PostAuthSignInWithResponse(ctx, souk.SignIn{Username: &username, Password: password}))
	expect(signedIn.HTTPResponse, http.StatusOK)
	bearer := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+signedIn.JSON200.AccessToken)
		return nil
	}

	charge := souk.PostCustomersByUsernameWalletChargeJSONRequestBody{Amount: 100_00, Currency: souk.USD, Source: "4242424242424242"}
	charged := must(client.PostCustomersByUsernameWalletChargeWithResponse(
		ctx, username, &souk.PostCustomersByUsernameWalletChargeParams{IdempotencyKey: uuid.NewString()}, charge, bearer))
	expect(charged.HTTPResponse, http.StatusCreated)

	limit, options := 5, map[string]string{"option.color": "red"}
	found := must(client.GetProductsWithResponse(ctx, &souk.GetProductsParams{Q: &name, Limit: &limit, Options: &options}))
	expect(found.HTTPResponse, http.StatusOK)
	product := found.JSON200.Items[0]

	buy := func(quantity int) *souk.PostOrdersResponse {
		var order souk.PostOrdersJSONRequestBody
		order.Items = append(order.Items, struct {
			Options   *souk.Options `json:"options,omitempty"`
			ProductId *uuid.UUID    `json:"productId,omitempty"`
			Quantity  int           `json:"quantity"`
			VariantId *uuid.UUID    `json:"variantId,omitempty"`
		}{ProductId: &product.Id, Quantity: quantity})
		params := &souk.PostOrdersParams{IdempotencyKey: uuid.NewString()}
		return must(client.PostOrdersWithResponse(ctx, params, order, bearer))
	}
	ordered := buy(1)
	expect(ordered.HTTPResponse, http.StatusCreated)
	refused := buy(100_000)
	expect(refused.HTTPResponse, http.StatusConflict)
	read := must(client.GetOrdersByIdWithResponse(ctx, ordered.JSON201.Id, bearer))
	expect(read.HTTPResponse, http.StatusOK)

	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"id":          read.JSON200.Id,
		"state":       read.JSON200.State,
		"total":       read.JSON200.Total.Amount,
		"refusedWith": refused.ApplicationproblemJSON409.Code,
	})
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func expect(reply *http.Response, status int) {
	if reply.StatusCode != status {
		panic(fmt.Sprintf("%s %s: %s", reply.Request.Method, reply.Request.URL.Path, reply.Status))
	}
}
