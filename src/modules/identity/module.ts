import { hours, minutes } from '#kernel/clock.ts';
import { runs, timer } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { life } from './account-life.ts';
import { accountMachine } from './account-state.ts';
import { type Identity, needs } from './context.ts';
import { identity } from './contract.ts';
import { forgetExpired } from './forget-expired.ts';
import { runSendResetCode, runStartReset } from './forgot-password.ts';
import { notifyOwnerJob, resendCodes, sendCode, sendResetCode, startReset } from './jobs.ts';
import { limits } from './limits.ts';
import { runNotifyOwner } from './notify-owner.ts';
import { operations } from './operations.ts';
import { comingPermissions, permissions } from './permissions.ts';
import { runResendCodes } from './resend-code.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { sealed } from './sealed.ts';
import { runSendCode } from './send-code.ts';
import { identitySettings } from './settings.ts';
import { rotateSigningKeys } from './signing-key.ts';
import { tables } from './tables.ts';

export const identityModule = module({
  contract: identity,
  needs,
  ports: ['email'],
  routes,
  resources,
  operations,
  jobs: [
    runs(sendCode, runSendCode),
    runs(resendCodes, runResendCodes),
    runs(startReset, runStartReset),
    runs(sendResetCode, runSendResetCode),
    runs(notifyOwnerJob, runNotifyOwner),
  ],
  timers: [
    timer('identity.forget-expired', minutes(5), forgetExpired),
    timer('identity.rotate-signing-keys', hours(1), (ctx: Identity) => rotateSigningKeys(ctx)),
  ],
  settings: identitySettings,
  permissions: { ...permissions, ...comingPermissions },
  limits,
  sealed,
  life,
  tables,
  machines: [accountMachine],
  migrations: new URL('./migrations/', import.meta.url),
});
