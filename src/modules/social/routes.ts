import { accountClosing, accountSuspended, emailNotVerified, mfaCodeRequired, Tokens, wrongMfaCode } from '#identity';
import { anyone, get, post } from '#kernel/routes.ts';
import { BeginAuthorization, beginAuthorization } from './begin-authorization.ts';
import type { Social } from './context.ts';
import { Callback, finishAuthorization } from './finish-authorization.ts';
import { declined, notProven, providerUnavailable, unknownProvider, unknownRequest, wrongTicket } from './problems.ts';
import { SignInByTicket, signInByTicket } from './sign-in-by-ticket.ts';

const params = { provider: { description: 'The identity provider, in small letters', example: 'google' } };

export const routes = [
  get('/auth/social/{provider}', {
    summary: 'Sign in with Google or Facebook: send the browser there',
    description: 'For browsers, not for scripts: it sets a cookie that the callback needs. `{provider}` is `google` or `facebook`.',
    access: anyone,
    limit: 'sign-in-elsewhere',
    params,
    query: BeginAuthorization,
    returns: null,
    redirects: 302,
    problems: [unknownProvider, providerUnavailable],
    handle: (ctx: Social, { params, query }) => beginAuthorization(ctx, params.provider, query),
  }),
  get('/auth/social/{provider}/callback', {
    summary: 'Where the provider sends the browser back to',
    description:
      'Returns the tokens of a new session. If the sign-in started with `returnTo`, the browser goes there with `#ticket=…` or `#problem=…`. For an account with a second factor the refusal contains a `ticket`.',
    access: anyone,
    limit: 'sign-in',
    params,
    query: Callback,
    returns: Tokens,
    redirects: 303,
    changes: true,
    audits: 'refusals',
    problems: [
      unknownProvider,
      unknownRequest,
      declined,
      notProven,
      providerUnavailable,
      emailNotVerified,
      accountSuspended,
      accountClosing,
      mfaCodeRequired,
    ],
    handle: (ctx: Social, { params, query, header }) => finishAuthorization(ctx, params.provider, { query, cookies: header('cookie') }),
  }),
  post('/auth/social/sign-in', {
    summary: 'Exchange a ticket for a session',
    description:
      'A ticket is valid once, for a minute. For an account with a second factor it is valid for five minutes, and the code is sent with it.',
    access: anyone,
    limit: 'sign-in',
    body: SignInByTicket,
    returns: Tokens,
    audits: 'refusals',
    problems: [wrongTicket, mfaCodeRequired, wrongMfaCode, accountSuspended, accountClosing],
    handle: (ctx: Social, { body }) => signInByTicket(ctx, body),
    actsAgain: 'A ticket is valid once, and tokens are not stored: a repeated call is answered 401, and the sign-in begins anew.',
  }),
];
