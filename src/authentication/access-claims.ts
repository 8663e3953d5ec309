import { z } from 'zod';

export const SIGNING_ALGORITHM = 'ES256';

/** Access tokens say that they are (RFC 9068), so that no id token passes for one. */
export const ACCESS_TOKEN_TYPE = 'at+jwt';
/** Id tokens of sign-ins by a dialect whose routes take them as Bearer; those routes and no others. */
export const ID_TOKEN_TYPE = 'JWT';
export const AUDIENCE = 'souk';

/**
 * What an access token says. `rev` is the account's latest revocation as it was issued: later ones void it. `mfa` says that
 * the account has a second factor, `mfa_at` when (in seconds) the bearer proved it.
 */
export const AccessClaims = z.object({
  sub: z.uuid(),
  username: z.string(),
  roles: z.array(z.string()),
  sid: z.uuid(),
  rev: z.int(),
  mfa: z.boolean().default(false),
  mfa_at: z.int().optional(),
  exp: z.int(),
});
export type AccessClaims = z.infer<typeof AccessClaims>;

/** The claims of such an id token. It contains no roles, so it allows what every account may do. */
export const IdClaims = z.object({
  sub: z.uuid(),
  preferred_username: z.string(),
  sid: z.uuid(),
  rev: z.int(),
  token_for: z.string(),
  exp: z.int(),
});
