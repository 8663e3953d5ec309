import * as oauth from 'openid-client';

/** What is wrong with an answer itself: a claim, a signature, a time, or something that should be in it. */
const FAULTS = new Set([
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
]);

/**
 * True when the provider has answered, and the answer is that the code is not valid (RFC 6749, 5.2), or does not fit what was
 * asked. What else fails is no answer: a network, a server, or our own credentials.
 */
export function isNotProven(error: unknown): boolean {
  if (error instanceof oauth.ResponseBodyError) return error.error === 'invalid_grant';
  return error instanceof oauth.ClientError && FAULTS.has(error.code ?? '');
}

/** Plain http is for a stand-in on the same machine; production refuses it at the start. */
export const isPlain = (url: string): boolean => url.startsWith('http:');
