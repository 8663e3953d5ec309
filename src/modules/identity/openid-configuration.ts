import { z } from 'zod';
import { SIGNING_ALGORITHM } from '#authentication/access-claims.ts';

export const OpenIdConfiguration = z
  .object({
    issuer: z.string(),
    jwks_uri: z.string(),
    token_endpoint: z.string(),
    response_types_supported: z.array(z.string()),
    grant_types_supported: z.array(z.string()),
    subject_types_supported: z.array(z.string()),
    id_token_signing_alg_values_supported: z.array(z.string()),
    token_endpoint_auth_methods_supported: z.array(z.string()),
    claims_supported: z.array(z.string()),
  })
  .meta({ id: 'OpenIdConfiguration' });

export const openIdConfiguration = (issuer: string): z.infer<typeof OpenIdConfiguration> => ({
  issuer,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  token_endpoint: `${issuer}/v1/auth/token`,
  response_types_supported: ['token'],
  grant_types_supported: ['refresh_token', 'client_credentials'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: [SIGNING_ALGORITHM],
  token_endpoint_auth_methods_supported: ['client_secret_basic'],
  claims_supported: ['iss', 'aud', 'sub', 'sid', 'iat', 'exp', 'preferred_username', 'name', 'email', 'email_verified'],
});
