"""Buys something with the client that openapi-python-client has generated, and prints what came of it as JSON."""

import json
import sys
from uuid import uuid4

from souk import AuthenticatedClient, Client
from souk.api.orders import get_orders_by_id, post_orders
from souk.api.products import get_products
from souk.api.sign_up_and_sign_in import post_auth_confirm_sign_up, post_auth_sign_in, post_auth_sign_up
from souk.api.wallets import post_customers_by_username_wallet_charge
from souk.models import (
    Charge,
    ConfirmSignUp,
    GetProductsResponse200,
    Order,
    PostCustomersByUsernameWalletChargeBody,
    PostOrdersBody,
    PostOrdersBodyItemsItem,
    PostOrdersResponse409,
    SignedUp,
    SignIn,
    SignUp,
    Tokens,
)


def expect(kind, reply):
    if not isinstance(reply, kind):
        raise SystemExit(f"{kind.__name__} expected, got {reply}")
    return reply


base_url, username, email, password, name = sys.argv[1:]
anybody = Client(base_url=base_url)

sign_up = SignUp(email=email, username=username, password=password, full_name="Pia Python")
expect(SignedUp, post_auth_sign_up.sync(client=anybody, body=sign_up))
code = input()  # from the email
confirmed = post_auth_confirm_sign_up.sync_detailed(client=anybody, body=ConfirmSignUp(username=username, code=code))
assert confirmed.status_code == 200, confirmed

tokens = expect(Tokens, post_auth_sign_in.sync(client=anybody, body=SignIn(username=username, password=password)))
client = AuthenticatedClient(base_url=base_url, token=tokens.access_token)

charge = PostCustomersByUsernameWalletChargeBody(amount=100_00, currency="USD", source="4242424242424242")
charged = post_customers_by_username_wallet_charge.sync(username, client=client, body=charge, idempotency_key=str(uuid4()))
expect(Charge, charged)

found = expect(GetProductsResponse200, get_products.sync(client=anybody, q=name, limit=5))
product = next(item for item in found.items if item.name == name)


def buy(quantity):
    body = PostOrdersBody(items=[PostOrdersBodyItemsItem(product_id=product.id, quantity=quantity)])
    return post_orders.sync(client=client, body=body, idempotency_key=str(uuid4()))


ordered = expect(Order, buy(1))
refused = expect(PostOrdersResponse409, buy(100_000))
read = expect(Order, get_orders_by_id.sync(ordered.id, client=client))
print(json.dumps({"id": str(read.id), "state": read.state, "total": read.total.amount, "refusedWith": refused.code}))
