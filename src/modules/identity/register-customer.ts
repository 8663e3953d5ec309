import { z } from 'zod';
import { emit, enqueue } from '#kernel/events.ts';
import { refuseOtherBody } from '#kernel/idempotency.ts';
import { type Key, type Replayed, replayed } from '#kernel/routes.ts';
import { Email, Username } from '#kernel/shapes.ts';
import { findByKey, type LivingAccount } from './account.ts';
import type { Identity } from './context.ts';
import { accountCreated, type Customer } from './contract.ts';
import { sendCode } from './jobs.ts';
import { giveCode, openAccount } from './open-account.ts';
import { hashPassword, NewPassword } from './password.ts';
import { Address, Age, BirthDate, FullName, Gender, MaritalStatus, refuseImpossibleBirth, yearsSince } from './personal-details.ts';
import { placeOf, rememberPlace } from './place.ts';
import { usernameTaken } from './problems.ts';
import { isReservedName } from './username.ts';

export const RegisterCustomer = z
  .strictObject({
    fullName: FullName,
    username: Username,
    password: NewPassword,
    age: Age.optional(),
    birthDate: BirthDate.optional(),
    address: Address,
    gender: Gender,
    maritalStatus: MaritalStatus,
    email: Email.optional(),
  })
  .refine(({ age, birthDate }) => (age === undefined) !== (birthDate === undefined), {
    error: 'give either age or birthDate',
    path: ['age'],
  })
  .meta({
    id: 'RegisterCustomer',
    example: {
      fullName: 'Jane Doe',
      username: 'Jane_Doe',
      password: 'correct horse battery',
      birthDate: '1992-04-17',
      address: '12 Rue de Carthage, 1000 Tunis',
      gender: 'female',
      maritalStatus: 'married',
      email: 'jane@example.com',
    },
  });
export type RegisterCustomer = z.infer<typeof RegisterCustomer>;

/**
 * Opens an account that is active at once. An email given here counts for nothing until the code that is mailed to it
 * comes back; to give somebody else's gains nothing and shows nothing.
 */
export async function registerCustomer(
  ctx: Identity,
  input: RegisterCustomer,
  key: Key | undefined,
): Promise<Customer | Replayed<Customer>> {
  const before = key && (await madeBefore(ctx, input, key));
  if (before) return before;
  refuseImpossibleBirth(input.birthDate, ctx.clock.now());
  const { username, password, email, ...details } = input;
  if (await isReservedName(ctx.db, username)) throw usernameTaken({ username });
  const passwordHash = await hashPassword(ctx, password);
  const opened = await ctx.db.transaction(async (tx) => {
    const account = await openAccount(ctx, tx, { username, passwordHash, state: 'active', details, email, key });
    if (!account) return undefined;
    if (ctx.request) ctx.request.subject = account.id;
    emit(tx, accountCreated, account.id, { accountId: account.id });
    await rememberPlace(tx, account.id, placeOf(ctx), ctx.clock.now());
    const code = account.email_index ? await giveCode(ctx, tx, account, 'email') : undefined;
    if (code) enqueue(tx, sendCode, code);
    return account;
  });
  if (opened) return registered(input, opened);
  const twin = key && (await madeBefore(ctx, input, key));
  if (twin) return twin;
  throw usernameTaken({ username });
}

async function madeBefore(ctx: Identity, input: RegisterCustomer, key: Key): Promise<Replayed<Customer> | undefined> {
  const account = await findByKey(ctx.db, key);
  if (!account) return undefined;
  refuseOtherBody(account, key);
  return replayed(registered(input, account));
}

/**
 * The reply, made of what the call itself says and of parts of the account that never change. So a repeated call shows what the
 * first one showed. It shows nothing that changed later, because the call needs no token.
 */
const registered = (input: RegisterCustomer, { id, username, created_at }: LivingAccount): Customer => ({
  id,
  username,
  fullName: input.fullName,
  age: input.birthDate ? yearsSince(input.birthDate, created_at) : (input.age ?? null),
  birthDate: input.birthDate ?? null,
  address: input.address,
  gender: input.gender,
  maritalStatus: input.maritalStatus,
  phone: null,
  language: null,
  timeZone: null,
  email: input.email ?? null,
  emailConfirmed: false,
  state: 'active',
  version: 1,
  createdAt: created_at.toISOString(),
});
