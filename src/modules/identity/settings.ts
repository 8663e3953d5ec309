import { z } from 'zod';
import type { OutsideIssuerSettings } from '#authentication/outside-issuer.ts';
import { BadSettings, type CommonSettings, listOf, settings } from '#kernel/settings-part.ts';

/** With t = 2 and p = 1 the first choice of OWASP's Password Storage Cheat Sheet for Argon2id. */
const PASSWORD_MEMORY_KIB = 19_456;

const httpUrl = z.url({ protocol: /^https?$/ });

export const identitySettings = settings(
  {
    OUTSIDE_ISSUER: httpUrl
      .max(480)
      .optional()
      .describe('an issuer whose tokens are accepted beside our own, as they name it (`iss`). The same in every process'),
    OUTSIDE_AUDIENCE: z
      .string()
      .optional()
      .describe('for whom its tokens must be: client ids or API names, with commas; needed with `OUTSIDE_ISSUER`'),
    OUTSIDE_JWKS_URL: httpUrl.optional().describe('where its keys are; for issuers without `/.well-known/openid-configuration`'),
    PASSWORD_MEMORY_KIB: z.coerce
      .number()
      .int()
      .min(64)
      .max(PASSWORD_MEMORY_KIB)
      .default(PASSWORD_MEMORY_KIB)
      .describe(
        'memory that the hash of a password takes. Less than the default makes tests faster, and is refused unless `NODE_ENV` is `test`',
      ),
  },
  (given, common) => ({
    publicUrl: common.publicUrl,
    rateLimits: common.rateLimits,
    shopName: common.shopName,
    shopLanguage: common.shopLanguage,
    mfaRoles: common.mfaRoles,
    passwordMemoryKib: passwordMemory(given.PASSWORD_MEMORY_KIB, common),
    outsideIssuer: outsideIssuer(given.OUTSIDE_ISSUER, listOf(given.OUTSIDE_AUDIENCE ?? ''), given.OUTSIDE_JWKS_URL, common),
  }),
);

function passwordMemory(kib: number, { mode }: CommonSettings): number {
  if (kib < PASSWORD_MEMORY_KIB && mode !== 'test')
    throw new BadSettings(`PASSWORD_MEMORY_KIB: ${PASSWORD_MEMORY_KIB} outside tests, or stolen hashes would be guessed`);
  return kib;
}

function outsideIssuer(
  issuer: string | undefined,
  audiences: string[],
  jwksUrl: string | undefined,
  { mode, publicUrl }: CommonSettings,
): OutsideIssuerSettings | undefined {
  if (!issuer) {
    if (audiences.length > 0 || jwksUrl) throw new BadSettings('OUTSIDE_ISSUER: say whose tokens OUTSIDE_AUDIENCE is about');
    return undefined;
  }
  if (audiences.length === 0)
    throw new BadSettings(
      'OUTSIDE_AUDIENCE: say which clients of OUTSIDE_ISSUER may call, or its tokens for anybody else would be accepted here',
    );
  if (issuer === publicUrl) throw new BadSettings('OUTSIDE_ISSUER: this is what Souk calls itself (PUBLIC_URL)');
  if (mode === 'production' && [issuer, jwksUrl].some((url) => url?.startsWith('http:')))
    throw new BadSettings(
      'OUTSIDE_ISSUER, OUTSIDE_JWKS_URL: production takes https:// only, because somebody in between could sign for anybody',
    );
  if (issuer.startsWith('https:') && jwksUrl?.startsWith('http:'))
    throw new BadSettings(
      'OUTSIDE_JWKS_URL: the keys of an https:// issuer come by https:// too, because somebody in between could sign for anybody',
    );
  return { issuer, audiences, jwksUrl };
}
