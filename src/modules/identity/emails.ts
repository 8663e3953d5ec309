import { z } from 'zod';

/** What is mailed, as pure text. */
export interface EmailText {
  subject: string;
  text: string;
}

/** The two codes of one email; an older process gives no long one. */
interface Codes {
  username: string;
  code: { short: string; long: string | null };
}

const inFives = (long: string): string => long.match(/.{1,5}/g)!.join('-');

/** For whom others have used up the tries at the digits: they cannot do so with the long code. */
const longCode = ({ long }: Codes['code']): string[] =>
  long === null ? [] : [`If the digits are refused because somebody else has tried too many, enter this code instead: ${inFives(long)}`];

export const codeEmail = ({ username, code }: Codes): EmailText => ({
  subject: 'Your confirmation code',
  text: [
    `${code.short} is your confirmation code.`,
    `It confirms this email address for the account ${username}, and is valid for 15 minutes. Enter it only if you opened this account yourself; otherwise ignore this message, and nothing happens.`,
    ...longCode(code),
  ].join('\n\n'),
});

export const alreadyKnownEmail = ({ username }: { username: string }): EmailText => ({
  subject: 'You have an account already',
  text: [
    'Hello,',
    `somebody, perhaps you, tried to open an account with this email address. It belongs to the account ${username} already: sign in with that one, or reset its password.`,
    'If it was not you, you need do nothing: your account is as it was.',
  ].join('\n\n'),
});

export const resetEmail = ({ username, code }: Codes): EmailText => ({
  subject: 'Your code for a new password',
  text: [
    `${code.short} is your code for a new password.`,
    `It sets a new password for the account ${username}, and is valid for 15 minutes. If you did not ask for it, ignore this message: your password stays as it is.`,
    ...longCode(code),
  ].join('\n\n'),
});

/** What has happened to an account, for the email to its owner. */
export const News = z.discriminatedUnion('what', [
  z.object({ what: z.literal('new-password') }),
  z.object({ what: z.literal('email-changed') }),
  z.object({ what: z.literal('second-factor-enrolled') }),
  z.object({ what: z.literal('second-factor-removed') }),
  z.object({ what: z.literal('second-factor-taken-away') }),
  z.object({ what: z.literal('recovery-code-used'), left: z.int() }),
  z.object({ what: z.literal('recovery-codes-renewed') }),
  z.object({ what: z.literal('linked'), provider: z.string() }),
]);
export type News = z.infer<typeof News>;

const NEW_PASSWORD = 'set a new password at once (POST /v1/auth/forgot-password)';

/** The email that says so, and what to do if it was somebody else. It does not name a new address: somebody else may read the old one by now. */
export function emailAbout(news: News, username: string): EmailText {
  switch (news.what) {
    case 'new-password':
      return email('Your password was changed', [
        `the account ${username} has a new password, and its other sessions have ended.`,
        `If it was not you, ${NEW_PASSWORD}.`,
      ]);
    case 'email-changed':
      return email('Your email address was changed', [
        `this address is no longer the one of the account ${username}: another was given for it, or it was taken out. Codes and messages no longer come here.`,
        `If it was not you, sign in as ${username} at once, set a new password (POST /v1/auth/change-password) and put your address back (PATCH /v1/customers/${username}). If you cannot sign in any more, write to whoever runs this shop.`,
      ]);
    case 'second-factor-enrolled':
      return email('A second factor was added to your account', [
        `the account ${username} has a second factor now: signing in takes a code of its authenticator app too.`,
        `If it was not you, ${NEW_PASSWORD}, and write to whoever runs this shop: only they can take the second factor away for you.`,
      ]);
    case 'second-factor-removed':
      return email('The second factor of your account was removed', [
        `the account ${username} has no second factor any more, and its recovery codes are void: the password alone opens it.`,
        `If it was not you, ${NEW_PASSWORD}, and enrol your authenticator app again (POST /v1/auth/mfa/totp).`,
      ]);
    case 'second-factor-taken-away':
      return email('The second factor of your account was taken away', [
        `whoever runs this shop has taken the second factor of the account ${username} away, because they were told that it is lost. Its recovery codes are void, its sessions have ended, and the password alone opens it.`,
        `If it was not you who asked, ${NEW_PASSWORD}, enrol your authenticator app again (POST /v1/auth/mfa/totp), and write to whoever runs this shop.`,
      ]);
    case 'recovery-code-used':
      return email('A recovery code was used', [
        `a recovery code of the account ${username} was used in place of a code of its authenticator app. ${leftOver(news.left)}`,
        `If it was not you, somebody has your recovery codes: ${NEW_PASSWORD}, then make new ones (POST /v1/auth/mfa/totp/recovery-codes).`,
      ]);
    case 'recovery-codes-renewed':
      return email('Your recovery codes were replaced', [
        `the account ${username} has ten new recovery codes, and those before are void.`,
        `If it was not you, ${NEW_PASSWORD}, then make new ones yourself (POST /v1/auth/mfa/totp/recovery-codes).`,
      ]);
    case 'linked':
      return email('Your account opens in another way too', [
        `the account ${username} can now be signed in to with ${nameOf(news.provider)}, which says that this address is yours. Its password is as it was.`,
        'If it was not you, somebody has an account there in your name: write to the operator of this shop, who can suspend the account until that is clear.',
      ]);
  }
}

const email = (subject: string, paragraphs: string[]): EmailText => ({ subject, text: ['Hello,', ...paragraphs].join('\n\n') });

const nameOf = (provider: string): string => ({ google: 'Google', facebook: 'Facebook' })[provider] ?? provider.replace(/^issuer:/, '');

const leftOver = (left: number): string => {
  if (left === 0) return 'It was the last one: make new ones (POST /v1/auth/mfa/totp/recovery-codes) while you have the app.';
  return left === 1 ? 'One is left.' : `${left} are left.`;
};
