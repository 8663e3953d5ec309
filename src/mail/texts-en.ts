import type { Frame, MessageText } from './text.ts';

export const frame: Frame = {
  greeting: 'Hello,',
  reason: 'You get this message because you have an account at {shop}.',
  unsubscribe: 'To get no more emails of this kind, open this address:',
  unsubscribed: { subject: 'You get no more emails of this kind', text: ['You can turn them on again in the settings of your account.'] },
  confirmUnsubscribe: {
    subject: 'Get no more emails of this kind?',
    text: ['Notices of this kind stay in your account.'],
    button: 'Unsubscribe',
  },
  invalidLink: { subject: 'This address is not complete', text: ['Open it again from the email, or change the settings of your account.'] },
};

const setPassword = 'set a new password at once (POST /v1/auth/forgot-password)';

export const texts = {
  code: {
    subject: 'Your confirmation code',
    text: [
      '{code} is your confirmation code.',
      'It confirms this email address for the account {username}, and is valid for 15 minutes. Enter it only if you opened this account yourself; otherwise ignore this message, and nothing happens.',
      'If the digits are refused because somebody else has tried too many, enter this code instead: {long}',
    ],
  },
  'already-known': {
    subject: 'You have an account already',
    text: [
      'Somebody, perhaps you, tried to open an account with this email address. It belongs to the account {username} already: sign in with that one, or reset its password.',
      'If it was not you, you need do nothing: your account is as it was.',
    ],
  },
  'reset-code': {
    subject: 'Your code for a new password',
    text: [
      '{code} is your code for a new password.',
      'It sets a new password for the account {username}, and is valid for 15 minutes. If you did not ask for it, ignore this message: your password stays as it is.',
      'If the digits are refused because somebody else has tried too many, enter this code instead: {long}',
    ],
  },
  'new-password': {
    subject: 'Your password was changed',
    text: ['The account {username} has a new password, and its other sessions have ended.', `If it was not you, ${setPassword}.`],
  },
  'email-changed': {
    subject: 'Your email address was changed',
    text: [
      'This address is no longer the one of the account {username}: another was given for it, or it was taken out. Codes and messages no longer come here.',
      'If it was not you, sign in as {username} at once, set a new password (POST /v1/auth/change-password) and put your address back (PATCH /v1/customers/{username}). If you cannot sign in any more, write to whoever runs this shop.',
    ],
  },
  'second-factor-enrolled': {
    subject: 'A second factor was added to your account',
    text: [
      'The account {username} has a second factor now: signing in takes a code of its authenticator app too.',
      `If it was not you, ${setPassword}, and write to whoever runs this shop: only they can take the second factor away for you.`,
    ],
  },
  'second-factor-removed': {
    subject: 'The second factor of your account was removed',
    text: [
      'The account {username} has no second factor any more, and its recovery codes are void: the password alone opens it.',
      `If it was not you, ${setPassword}, and enrol your authenticator app again (POST /v1/auth/mfa/totp).`,
    ],
  },
  'second-factor-taken-away': {
    subject: 'The second factor of your account was taken away',
    text: [
      'The operator of this shop has taken the second factor of the account {username} away, because they were told that it is lost. Its recovery codes are void, its sessions have ended, and the password alone opens it.',
      `If it was not you who asked, ${setPassword}, enrol your authenticator app again (POST /v1/auth/mfa/totp), and write to whoever runs this shop.`,
    ],
  },
  'recovery-code-used': {
    subject: 'A recovery code was used',
    text: [
      'A recovery code of the account {username} was used in place of a code of its authenticator app. Codes left: {left}.',
      'It was the last one: make new ones (POST /v1/auth/mfa/totp/recovery-codes) while you have the app.{last}',
      `If it was not you, somebody has your recovery codes: ${setPassword}, then make new ones (POST /v1/auth/mfa/totp/recovery-codes).`,
    ],
  },
  'recovery-codes-renewed': {
    subject: 'Your recovery codes were replaced',
    text: [
      'The account {username} has ten new recovery codes, and those before are void.',
      `If it was not you, ${setPassword}, then make new ones yourself (POST /v1/auth/mfa/totp/recovery-codes).`,
    ],
  },
  linked: {
    subject: 'Your account opens in another way too',
    text: [
      'The account {username} can now be signed in to with {provider}, which says that this address is yours. Its password is as it was.',
      'If it was not you, somebody has an account there in your name: write to the operator of this shop, who can suspend the account until that is clear.',
    ],
  },

  'order-placed': { subject: 'Your order is placed', text: ['Thank you. Your order {order} is placed.', 'Total: {total}'] },
  'order-packed': { subject: 'Your order is packed', text: ['Your order {order} is packed and goes to the carrier.'] },
  'order-shipped': {
    subject: 'Your order is on its way',
    text: ['Your order {order} is on its way to you.', 'Carrier: {carrier}', 'Tracking number: {tracking}'],
  },
  'order-delivered': {
    subject: 'Your order is delivered',
    text: ['Your order {order} is delivered.', 'If something is missing or broken, ask for a return within 14 days.'],
  },
  // the subjects are those that other APIs promise (src/dialects): the same in every language
  'order-placed.platform': { subject: 'Order Placed', text: ['Thank you. Your order {order} is placed.', 'Total: {total}'] },
  'order-packed.platform': { subject: 'Order Packed', text: ['Your order {order} is packed and goes to the carrier.'] },
  'order-delivered.platform': { subject: 'Order Delivered', text: ['Your order {order} is delivered.'] },
  'order-shipped.microservices': { subject: '{product} now shipping', text: ['{product} of your order {order} is on its way to you.'] },
  'order-cancelled': {
    subject: 'Your order is cancelled',
    text: ['Your order {order} is cancelled. What was paid for it is returned to you.'],
  },
  'order-refunded': { subject: 'You get money back', text: ['For your order {order} you get back: {amount}', 'It is in your wallet.'] },
  'return-accepted': { subject: 'Your return is accepted', text: ['The return of your order {order} is accepted.'] },
  'return-refused': { subject: 'Your return is refused', text: ['The return of your order {order} is refused.'] },
  sold: { subject: 'You have sold something', text: ['Order {order} contains products of yours.', 'Sum of your products: {total}'] },
  'sale-cancelled': {
    subject: 'A sale was cancelled',
    text: ['Order {order} was cancelled. Do not send your products. They are in stock again.'],
  },
  'return-requested': {
    subject: 'A buyer asks for a return',
    text: ['The buyer of order {order} asks to return products of yours. Accept or refuse it.'],
  },
  'payout-sent': { subject: 'Your payout is sent', text: ['Your payout is sent: {amount}'] },
  'payout-failed': { subject: 'Your payout failed', text: ['Your payout failed: {amount}', 'The money is in your account again.'] },
  'payout-waiting': { subject: 'Your payout waits for approval', text: ['A second person must approve your payout: {amount}'] },
  'review-decided.published': { subject: 'Your review is public', text: ['Your review of {product} was read and is public now.'] },
  'review-decided.removed': {
    subject: 'Your review was removed',
    text: ['Your review of {product} was read and is not shown.', 'Reason: {reason}'],
  },
  'product-decided.approved': { subject: 'Your product is public', text: ['{product} is approved and for sale.'] },
  'product-decided.rejected': { subject: 'Your product was rejected', text: ['{product} was rejected.', 'Reason: {reason}'] },
  'cleaned-up.product': {
    subject: 'Your product was removed',
    text: ['{product} was removed, because the image that you announced with it did not come. List it again with its image.'],
  },
  'cleaned-up.category': {
    subject: 'Your category was removed',
    text: ['The category {category} was removed, because the image that you announced with it did not come.'],
  },
  'cleaned-up.product-refused': {
    subject: 'Your product was removed',
    text: [
      '{product} was removed, because the image that you announced with it was refused. List it again with another image.',
      'Reason: {reason}',
    ],
  },
  'cleaned-up.category-refused': {
    subject: 'Your category was removed',
    text: ['The category {category} was removed, because the image that you announced with it was refused.', 'Reason: {reason}'],
  },
  'upload-refused': { subject: 'Your file was refused', text: ['{reason}', 'File: {file}', 'Product: {product}'] },
  'stock-low': { subject: 'A product is nearly sold out', text: ['{product}: units left: {available}'] },
  'back-in-stock': { subject: 'A favorite of yours is in stock again', text: ['{product} is in stock again.'] },
  'price-fell': { subject: 'A favorite of yours costs less', text: ['{product} now costs {to} (before: {from}).'] },
  'webhook-paused': {
    subject: 'Your webhook is paused',
    text: [
      '{host} has taken nothing for a long time, or said that it wants nothing any more. Nothing is sent there until you turn it on again.',
    ],
  },
  'channel-stopped.email': {
    subject: 'We cannot reach you by email',
    text: ['Your mail server refuses your email address. Nothing is sent to it any more. Give another address in your account.'],
  },
  'channel-stopped.sms': {
    subject: 'We cannot reach you by SMS',
    text: ['Your phone number was refused. Nothing is sent to it any more. Give another number in your account.'],
  },
} satisfies Record<string, MessageText>;

/** Why a file was refused. */
export const phrases = {
  'never-arrived': 'The file did not arrive in time. Announce it again.',
  empty: 'The file is empty.',
  'wrong-size': 'The file has another size than was announced.',
  'wrong-type': 'The file is of another type than was announced.',
  'not-an-image': 'The file is not an image that can be shown: send a JPEG, PNG, WebP, AVIF or GIF.',
  truncated: 'The file ends too early, or is damaged.',
  animated: 'The image is animated: send one that stands still.',
  'trailing-data': 'Something else is hidden behind the end of the file: a page, a script, a document or an archive.',
  'too-many-pixels': 'The image has more than 50 million pixels, or a side of more than 16,000.',
  inappropriate: 'The image shows what may not be shown here.',
  'not-fetched': 'The image could not be fetched from its address.',
  'not-a-document': 'The file is not a PDF.',
  'active-content': 'The document holds scripts, actions or other files, or is encrypted: send one that only shows its pages.',
  'no-longer-needed': 'The file is shown no more: another one took its place, it was removed or not approved, or what it was for is gone.',
};
