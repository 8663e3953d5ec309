import type { Settings } from '#kernel/settings.ts';
import { type CapturedMessage, capturedEmail } from './email/captured.ts';
import type { Email } from './email/port.ts';
import { smtpEmail } from './email/smtp.ts';
import { facebook } from './identity-providers/facebook.ts';
import { google } from './identity-providers/google.ts';
import type { IdentityProviders } from './identity-providers/port.ts';
import type { Payments } from './payments/port.ts';
import { simulatedGateway } from './payments/simulated.ts';

/** Adapters by the name of their port. */
export interface Adapters {
  readonly [port: string]: unknown;
  /** `items` is what was captured: nothing where mail is really sent. */
  readonly email: Email & { items(to?: string): CapturedMessage[] };
  readonly payments: Payments;
  readonly identityProviders: IdentityProviders;
}

/** Settings in, adapters out: the only place that names a vendor. */
export function openAdapters(settings: Settings): Adapters {
  const email = settings.smtp ? { ...smtpEmail(settings.smtp), items: () => [] } : capturedEmail();
  return {
    email,
    payments: { simulated: simulatedGateway() },
    identityProviders: {
      ...(settings.google ? { google: google(settings.google) } : {}),
      ...(settings.facebook ? { facebook: facebook(settings.facebook) } : {}),
    },
  };
}
