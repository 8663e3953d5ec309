/** What the OpenAPI document says before its calls, in Markdown. */
export const introduction = `
The API of a shop and marketplace: products, orders, wallets, reviews and accounts.

Every path under \`/v1\` also answers without that prefix. Bodies and replies are JSON in UTF-8. Times are RFC 3339 in UTC, ids are UUIDs.
New fields may be added to a reply at any time: ignore those that you do not know. Unknown fields in a request are refused.

## Sign in

\`POST /v1/auth/sign-in\` with a username (or email) and a password returns an \`accessToken\` and a \`refreshToken\`.
Send the access token with each call:

\`\`\`sh
curl -s localhost:3000/v1/auth/sign-in -H 'Content-Type: application/json' -d '{"username":"bob","password":"…"}'
curl -s localhost:3000/v1/auth/me -H "Authorization: Bearer $TOKEN"
\`\`\`

An access token expires after \`expiresIn\` seconds. \`POST /v1/auth/token\` with \`grant_type=refresh_token\` returns new tokens; a refresh token
is valid once. A call that is marked (MFA) answers 403 \`mfa-required\` until \`POST /v1/auth/step-up\` has been called with a code.
The systems of partners send \`X-Api-Key\` instead of a token. Send one of the two headers, not both.

## Retry without doing it twice

Every POST accepts an \`Idempotency-Key\` header. Calls that move money or stock need it. Choose a new key (a UUID) for each thing
that you want to do, and send the same key when you repeat the call, for example after a time-out. The work is done once: the repeated call is answered from
its result as it is by then, with \`Idempotent-Replayed: true\`: a repeated \`packed\` of an order that has arrived shows the order that has arrived. The same key with another body is refused (422 \`idempotency-key-reused\`). While the first call
is still running, the second waits for up to 5 seconds and then answers 409 \`still-running\`. A refusal that changed nothing is judged afresh.
A few calls accept a key without effect, most because they answer a secret that is not stored: their description says what a repeated call does.

## Change what you have read

A reply that shows one thing carries its version as \`ETag\`. Send it as \`If-Match\` when you change the thing: if somebody else changed it first, the call answers
412 \`version-mismatch\` and nothing is changed. \`PATCH\` takes a JSON Merge Patch (RFC 7396): a field that is absent stays, \`null\` empties it.
Send \`If-None-Match\` when you read again: 304 says that nothing has changed. An \`ETag\` is the version of what you read. That of a product
has its content behind a dot, because stock and ratings change without a new version; \`If-Match\` reads the version alone. Public pages may be a second old for anonymous callers.

## Pages

Lists answer \`{ "items": [...], "nextCursor": "..." }\`. Ask for the next page with \`?cursor=\` and the same filters, or follow the header \`Link: <...>; rel="next"\`.
The last page has \`"nextCursor": null\`. \`?limit=\` takes 1 to 100 and is 20 when absent. No row is lost or repeated between pages while others are added.
A query parameter without a value is ignored; a parameter that is given twice is refused.

## Money

An amount is a whole number of the smallest unit of its currency: \`{ "amount": 1999, "currency": "USD" }\` is 19.99 dollars, and
\`{ "amount": 1999, "currency": "TND" }\` is 1.999 dinars. No amount is a fraction.

## Refusals

A call that is refused answers \`application/problem+json\` (RFC 9457). \`code\` is stable, and each call lists its own; \`detail\` is a sentence for a person.
422 \`invalid\` names each field that does not fit by a JSON Pointer. Codes are explained at [/docs/problems](/docs/problems).

| status | what it means | what to do |
|---|---|---|
| 400, 415, 422 | the request cannot be read, or does not fit | change it |
| 401, 403 | nobody is signed in, or not somebody who may | sign in, or ask for the permission |
| 404 | there is nothing here that you may see | |
| 409, 412 | the present state does not allow it | read again, then decide |
| 429, 503 | too many calls, or something does not answer | wait for \`Retry-After\` seconds, then repeat with the same key |
| 500 | our fault, logged under \`X-Request-Id\` | repeat with the same key; tell us the id |

## Limits

Calls are counted per address and per account. \`RateLimit\` says how many are left. A call over a limit answers 429 with \`Retry-After\`.
A body may have 256 KiB, and 5,000 values in it.
`.trim();
