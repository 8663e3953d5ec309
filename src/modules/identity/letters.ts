/** What is mailed, as pure text. */
export interface Letter {
  subject: string;
  text: string;
}

export const codeLetter = ({ username, code }: { username: string; code: string }): Letter => ({
  subject: 'Your confirmation code',
  text: [
    `${code} is your confirmation code.`,
    `It confirms this email address for the account ${username}, and is good for 15 minutes. Enter it only if you opened this account yourself; otherwise ignore this message, and nothing happens.`,
  ].join('\n\n'),
});

export const alreadyKnownLetter = ({ username }: { username: string }): Letter => ({
  subject: 'You have an account already',
  text: [
    'Hello,',
    `somebody, perhaps you, tried to open an account with this email address. It belongs to the account ${username} already: sign in with that one, or reset its password.`,
    'If it was not you, you need do nothing: your account is as it was.',
  ].join('\n\n'),
});

export const resetLetter = ({ username, code }: { username: string; code: string }): Letter => ({
  subject: 'Your code for a new password',
  text: [
    `${code} is your code for a new password.`,
    `It sets a new password for the account ${username}, and is good for 15 minutes. If you did not ask for it, ignore this message: your password stays as it is.`,
  ].join('\n\n'),
});

export const newPasswordLetter = ({ username }: { username: string }): Letter => ({
  subject: 'Your password was changed',
  text: [
    'Hello,',
    `the account ${username} has a new password, and its other sessions have ended.`,
    'If it was not you, set a new password at once (POST /v1/auth/forgot-password).',
  ].join('\n\n'),
});
