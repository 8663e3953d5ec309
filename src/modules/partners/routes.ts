import { notFound } from '#kernel/problems.ts';
import { del, get, permitted, post } from '#kernel/routes.ts';
import { page } from '#kernel/shapes.ts';
import type { Partners } from './context.ts';
import { CreatedKey, CreateKey, createKey, twoKeysLive } from './create-key.ts';
import { ApiKey } from './key.ts';
import { KeysQuery, listKeys } from './list-keys.ts';
import { revokeKey } from './revoke-key.ts';

export const routes = [
  get('/api-keys', {
    summary: 'API keys of partners, newest first',
    description: 'Includes deleted and expired keys. The keys themselves are never shown again.',
    access: permitted('api-keys:manage'),
    mfa: true,
    query: KeysQuery,
    returns: page(ApiKey),
    problems: [],
    handle: (ctx: Partners, { query }) => listKeys(ctx, query),
  }),
  post('/api-keys', {
    summary: "Make an API key for a partner's system",
    description:
      'Shows the key, once. Its scopes are those of partners (`orders:pack`, `orders:ship`, `orders:deliver`), and permissions that you have yourself. A partner has at most two valid keys: to rotate, make the ' +
      'second, switch to it, delete the first. The same call with the same Idempotency-Key within an hour shows the same key.',
    access: permitted('api-keys:manage'),
    mfa: true,
    idempotent: true,
    body: CreateKey,
    returns: CreatedKey,
    status: 201,
    location: () => '/api-keys',
    problems: [twoKeysLive],
    handle: (ctx: Partners, { body, key }) => createKey(ctx, body, key),
  }),
  del('/api-keys/{id}', {
    summary: 'Delete an API key, at once and permanently',
    description: 'Its next call is refused in every process. The entry remains in the list, so that the audit trail can be understood.',
    access: permitted('api-keys:manage'),
    mfa: true,
    returns: null,
    problems: [notFound],
    handle: (ctx: Partners, { params }) => revokeKey(ctx, params.id),
  }),
];
