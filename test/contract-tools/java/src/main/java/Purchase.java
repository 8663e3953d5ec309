import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import java.util.Scanner;
import java.util.UUID;
import souk.ApiClient;
import souk.ApiException;
import souk.api.OrdersApi;
import souk.api.ProductsApi;
import souk.api.SignUpAndSignInApi;
import souk.api.WalletsApi;
import souk.model.ConfirmSignUp;
import souk.model.Currency;
import souk.model.Order;
import souk.model.PostCustomersByUsernameWalletChargeRequest;
import souk.model.PostOrdersRequest;
import souk.model.PostOrdersRequestItemsInner;
import souk.model.Product;
import souk.model.SignIn;
import souk.model.SignUp;

/** Buys something with the client that OpenAPI Generator has generated, and prints what came of it as JSON. */
public class Purchase {
  public static void main(String[] args) throws Exception {
    String baseUrl = args[0], username = args[1], email = args[2], password = args[3], name = args[4];
    ApiClient client = new ApiClient();
    client.updateBaseUri(baseUrl);

    SignUpAndSignInApi accounts = new SignUpAndSignInApi(client);
    accounts.postAuthSignUp(new SignUp().email(email).username(username).password(password).fullName("Jo Java"), null);
    String code = new Scanner(System.in).nextLine(); // from the email
    accounts.postAuthConfirmSignUp(new ConfirmSignUp().username(username).code(code), null);

    String token = accounts.postAuthSignIn(new SignIn().username(username).password(password)).getAccessToken();
    client.setRequestInterceptor(request -> request.setHeader("Authorization", "Bearer " + token));

    new WalletsApi(client).postCustomersByUsernameWalletCharge(username, UUID.randomUUID().toString(),
        new PostCustomersByUsernameWalletChargeRequest().amount(100_00L).currency(Currency.USD).source("4242424242424242"));

    Product product = new ProductsApi(client)
        .getProducts(5, null, name, null, null, null, null, null, null, null, null, null, null, null, Map.of("option.color", "red"), null)
        .getItems().get(0);

    OrdersApi orders = new OrdersApi(client);
    Order ordered = orders.postOrders(UUID.randomUUID().toString(), orderOf(product, 1));
    Order read = orders.getOrdersById(ordered.getId());
    System.out.println(new ObjectMapper().writeValueAsString(Map.of(
        "id", read.getId(),
        "state", read.getState().getValue(),
        "total", read.getTotal().getAmount(),
        "refusedWith", refusalOf(orders, orderOf(product, 100_000)))));
  }

  static PostOrdersRequest orderOf(Product product, int quantity) {
    return new PostOrdersRequest().addItemsItem(new PostOrdersRequestItemsInner().productId(product.getId()).quantity(quantity));
  }

  static String refusalOf(OrdersApi orders, PostOrdersRequest request) throws Exception {
    try {
      orders.postOrders(UUID.randomUUID().toString(), request);
      return "not refused";
    } catch (ApiException refused) {
      return new ObjectMapper().readTree(refused.getResponseBody()).get("code").textValue();
    }
  }
}
