import { z } from 'zod';
import { NewPassword, TriedPassword } from '#identity';
import { invalid, problem } from '#kernel/problems.ts';
import { Email } from '#kernel/shapes.ts';
import { PLATFORM, type Platform } from './context.ts';

/** The body is checked by hand, because that API has its own messages for missing fields. */
export const Credentials = z.record(z.string(), z.unknown()).meta({
  description: 'clientId, userPoolId, username (an email) and password. The first two are not looked at, but must be there',
  example: { clientId: 'web', userPoolId: 'pool', username: 'jane@example.com', password: 'correct horse battery' },
});

export const missingFields = problem({
  code: 'platform/missing-fields',
  status: 400,
  title: 'Required fields are missing',
  detail: 'Missing required fields',
});

const SignUp = z.object({ username: Email, password: NewPassword });
const SignIn = z.object({ username: z.string().max(254), password: TriedPassword, code: z.string().max(100).optional() });

/** Opens an account that is active at once. Its address is unproven until the mailed code comes back. */
export async function signUp(ctx: Platform, body: Record<string, unknown>): Promise<{ message: string }> {
  const { username: email, password } = read(SignUp, body);
  await ctx.identity.signUpByEmail({ email, password });
  return { message: 'User created successfully' };
}

const TOKEN_SECONDS = 3600;

/** Begins a session, whose id token is the Bearer of this API. */
export async function signIn(ctx: Platform, body: Record<string, unknown>): Promise<{ token: string }> {
  const { username: email, password, code } = read(SignIn, body);
  const { idToken } = await ctx.identity.signIn({ name: { email }, password, code, seconds: TOKEN_SECONDS, idTokenFor: PLATFORM });
  return { token: idToken };
}

function read<S extends z.ZodType>(schema: S, body: Record<string, unknown>): z.infer<S> {
  const isThere = (name: string) => body[name] !== undefined && body[name] !== null && body[name] !== '';
  if (!['clientId', 'userPoolId', 'username', 'password'].every(isThere)) throw missingFields();
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw invalid({
    errors: parsed.error.issues.map(({ path, message }) => ({ pointer: `/${path.join('/')}`, detail: message, in: 'body' })),
  });
}
