import { type IdentityProvider, providerNames } from '#adapters/identity-providers/port.ts';
import type { Social } from './context.ts';
import { providerUnavailable, unknownProvider } from './problems.ts';

export type ProviderName = (typeof providerNames)[number];

/** @throws unknownProvider also for one that is known and not configured. */
export function providerNamed(ctx: Social, text: string): { name: ProviderName; provider: IdentityProvider } {
  const name = providerNames.find((known) => known === text);
  const provider = name && ctx.identityProviders[name];
  if (!name || !provider) throw unknownProvider();
  return { name, provider };
}

/** Asks a provider. @throws providerUnavailable when it does not answer as it should; the log says why. */
export async function ask<T>(ctx: Social, name: ProviderName, question: Promise<T>): Promise<T> {
  try {
    return await question;
  } catch (error) {
    ctx.log.warn({ provider: name, reason: reasonOf(error) }, 'a provider did not answer correctly');
    throw providerUnavailable({ retryAfterSeconds: 5 });
  }
}

/** Names and codes only: an error may quote an address with a code in it. */
const reasonOf = (error: unknown): string => {
  const { name, code, cause } = error as { name?: string; code?: string; cause?: { code?: string } };
  return [name, code, cause?.code].filter((part) => typeof part === 'string').join(' ');
};
