import { z } from 'zod';
import { hours, minutes } from '#kernel/clock.ts';
import { job, timer } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';
import type { Identity } from './context.ts';
import { forgetExpired } from './forget-expired.ts';
import { runSendResetCode, runStartReset } from './forgot-password.ts';
import { News } from './letters.ts';
import { runResendCodes } from './resend-code.ts';
import { runSendCode } from './send-code.ts';
import { rotateSigningKeys } from './signing-key.ts';
import { runTellOwner } from './tell-owner.ts';

export const SendCode = z.object({ accountId: Id, sealedCode: z.string() });

export const sendCode = job('identity.send-code', SendCode, (ctx: Identity, input) => runSendCode(ctx, input));

export const Whom = z.union([z.object({ emailIndex: z.string() }), z.object({ usernameIndex: z.string() })]);

export const resendCodes = job('identity.resend-codes', Whom, (ctx: Identity, whose) => runResendCodes(ctx, whose));

export const startReset = job('identity.start-reset', Whom, (ctx: Identity, whose) => runStartReset(ctx, whose));

export const sendResetCode = job('identity.send-reset-code', SendCode, (ctx: Identity, input) => runSendResetCode(ctx, input));

export const tellOwnerJob = job('identity.tell-owner', z.object({ letterId: Id, news: News }), (ctx: Identity, input) =>
  runTellOwner(ctx, input),
);

export const jobs = [sendCode, resendCodes, startReset, sendResetCode, tellOwnerJob];

export const timers = [
  timer('identity.forget-expired', minutes(5), (ctx: Identity) => forgetExpired(ctx)),
  timer('identity.rotate-signing-keys', hours(1), (ctx: Identity) => rotateSigningKeys(ctx)),
];
