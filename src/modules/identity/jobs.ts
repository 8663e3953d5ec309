import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';
import { News } from './emails.ts';

/** An older process gives neither the long code nor a `mailing`. */
export const SendCode = z.object({ accountId: Id, sealedCode: z.string(), sealedLong: z.string().optional(), mailing: z.int().default(1) });
export type SendCode = z.infer<typeof SendCode>;

/** `place`: from where it was asked, as `placeOf` says it. An older process says none. */
const asked = { place: z.string().default('') };
export const Whom = z.union([z.object({ emailIndex: z.string(), ...asked }), z.object({ usernameIndex: z.string(), ...asked })]);
export type Whom = z.infer<typeof Whom>;

export const sendCode = job('identity.send-code', SendCode, { lane: 'mail' });

export const resendCodes = job('identity.resend-codes', Whom);

export const startReset = job('identity.start-reset', Whom);

export const sendResetCode = job('identity.send-reset-code', SendCode, { lane: 'mail' });

export const notifyOwnerJob = job('identity.tell-owner', z.object({ letterId: Id, news: News }), { lane: 'mail' });
