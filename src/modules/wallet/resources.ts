import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Wallets',
    paths: ['/customers/{username}/wallet'],
    about: `The money of a customer: balances, top-ups, deductions and the statement.

Amounts are whole numbers of minor units with a currency: \`{ "amount": 10000, "currency": "USD" }\` is 100.00 US dollars. The currencies differ: 1 TND has
1,000 minor units, 1 JPY is one. Charging and deducting need an \`Idempotency-Key\`. After a lost reply, send the same call with the same key: it takes
effect once, and the reply is the same.`,
  },
  {
    name: 'Payouts',
    paths: ['/payouts'],
    about: `What a seller has sold and delivered is payable: \`POST /v1/payouts\` sends it to the bank. Above a limit (\`PAYOUT_APPROVAL_ABOVE\`) another
person approves it first. What a seller owes after refunds is subtracted before anything is paid out.
\`GET /v1/customers/{username}/wallet/sales\` shows all of it.`,
  },
  {
    name: 'Ledger',
    paths: ['/ledger'],
    about:
      'The double-entry ledger behind all wallets. `GET /v1/ledger/proof` recomputes its six rules from the transfers. Both calls need `ledger:read`.',
  },
];
