import { z } from 'zod';
import type { Secrets } from '#kernel/secrets.ts';
import { emailIndex } from './account.ts';
import type { Whose } from './code.ts';
import { usernameIndex } from './username.ts';

/** How a caller names an account: by email or by username. Not checked further, so that no answer depends on its form. */
const Name = z.string().trim().min(1).max(254).optional();

export const namedFields = { email: Name.meta({ example: 'jane@example.com' }), username: Name.meta({ example: 'Jane_Doe' }) };

export interface Named {
  email?: string | undefined;
  username?: string | undefined;
}

/** For `refine`: one of the two, not both. */
export const namesOne = ({ email, username }: Named): boolean => (email === undefined) !== (username === undefined);
export const NAMES_ONE = { error: 'give either email or username', path: ['email'] };

/** A username has no @, so a name with one is an email, in both fields. */
export function whose(secrets: Secrets, { email, username }: Named): Whose {
  const name = email ?? username ?? '';
  return email !== undefined || name.includes('@')
    ? { emailIndex: emailIndex(secrets, name) }
    : { usernameIndex: usernameIndex(secrets, name) };
}
