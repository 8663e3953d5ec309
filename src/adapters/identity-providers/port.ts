/** One way of a browser to a provider and back. The provider hands `state` and `nonce` back; only who has `verifier` may ask who it was. */
export interface AuthorizationRequest {
  state: string;
  nonce: string;
  /** 43 to 128 characters (RFC 7636); the provider first gets a hash of it. */
  verifier: string;
  /** Where the browser comes back to. */
  redirectUri: string;
}

/** What came back in the address, as far as it is of use. */
export interface Return {
  code?: string | undefined;
  error?: string | undefined;
  /** Who answers (RFC 9207), where the provider says it. */
  iss?: string | undefined;
}

/** Somebody in the provider's words. */
export interface Recognised {
  /** What the provider names the person by, for ever; never an email. */
  subject: string;
  email: string | null;
  /** Whether the provider vouches for it. */
  emailVerified: boolean;
  fullName: string | null;
}

export type Answer =
  | { outcome: 'recognised'; person: Recognised }
  /** The person or the provider refused. */
  | { outcome: 'declined' }
  /** What came back is not what the provider gave out for this authorization request. */
  | { outcome: 'not-proven' };

/** An identity provider (OAuth 2.0 with PKCE). Every call to it has a time limit. */
export interface IdentityProvider {
  /** The address to send the browser to. @throws when the provider does not answer. */
  invite(request: AuthorizationRequest): Promise<string>;
  /** Who came back. @throws when the provider does not answer, or not as it documents. */
  recognise(request: AuthorizationRequest, back: Return): Promise<Answer>;
}

export const providerNames = ['google', 'facebook'] as const;

/** Those that are configured. */
export type IdentityProviders = Readonly<Partial<Record<(typeof providerNames)[number], IdentityProvider>>>;

/** How long a provider is waited for. */
export const PROVIDER_TIMEOUT_SECONDS = 5;
