import { sql } from '#kernel/database.ts';
import { notFound } from '#kernel/problems.ts';
import { sameText } from '#kernel/secrets.ts';
import { escapeHtml } from '#mail/message.ts';
import type { MessageText } from '#mail/text.ts';
import { textsIn } from '#mail/texts.ts';
import type { Notifications } from './context.ts';
import { type Kind, kindNames } from './kinds.ts';

interface Meant {
  accountId: string;
  kind: Kind;
}

const signatureOf = ({ secrets }: Pick<Notifications, 'secrets'>, text: string): string =>
  secrets.sign(text, 'notifications.unsubscribe').toString('base64url');

/** Where emails of a kind are turned off without a sign-in (RFC 8058). It names one account and one kind, is signed, and does not expire. */
export function unsubscribeUrl(ctx: Pick<Notifications, 'secrets' | 'settings'>, { accountId, kind }: Meant): string {
  const text = `${accountId}.${kind}`;
  return `${ctx.settings.publicUrl}/v1/notifications/unsubscribe?token=${text}.${signatureOf(ctx, text)}`;
}

/** What a token means, compared in constant time; undefined when Souk has not made it. */
function meantBy(ctx: Notifications, token: string): Meant | undefined {
  const at = token.lastIndexOf('.');
  const text = token.slice(0, at);
  if (!sameText(token.slice(at + 1), signatureOf(ctx, text))) return undefined;
  const [accountId = '', kind] = text.split('.');
  const known = kindNames.find((name) => name === kind);
  return known && { accountId, kind: known };
}

/** A page with a button: what a person sees who follows the link, because programs follow links too. */
export async function askToUnsubscribe(ctx: Notifications, token: string): Promise<string> {
  const { confirmUnsubscribe, invalidLink } = frameFor(ctx);
  if (!meantBy(ctx, token)) return pageOf(ctx, invalidLink);
  return pageOf(
    ctx,
    confirmUnsubscribe,
    `<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>${escapeHtml(confirmUnsubscribe.button)}</button></form>`,
  );
}

/** Turns emails of the kind off. Repeating it changes nothing. @throws notFound when Souk has not made the token. */
export async function unsubscribe(ctx: Notifications, token: string): Promise<string> {
  const meant = meantBy(ctx, token);
  if (!meant) throw notFound();
  const off = sql`
    insert into notifications.settings as s (account_id, choices)
    select ${meant.accountId}, jsonb_build_object(${`${meant.kind}:email`}::text, false)
    where not exists (select from notifications.silenced where account_id = ${meant.accountId} and cause = 'closing')
    on conflict (account_id) do update set choices = s.choices || excluded.choices`;
  await ctx.db.transaction((tx) => tx.execute(off));
  return showUnsubscribed(ctx, token);
}

/** The reply to a call that was made before: the owner may have turned them on again. @throws notFound when Souk has not made the token. */
export async function showUnsubscribed(ctx: Notifications, token: string): Promise<string> {
  if (!meantBy(ctx, token)) throw notFound();
  return pageOf(ctx, frameFor(ctx).unsubscribed);
}

const languageOf = ({ cause, settings }: Notifications) => cause?.language ?? settings.shopLanguage;
const frameFor = (ctx: Notifications) => textsIn[languageOf(ctx)].frame;

const pageOf = (ctx: Notifications, { subject, text }: MessageText, form = ''): string => `<!doctype html>
<html lang="${languageOf(ctx)}" dir="${languageOf(ctx) === 'ar' ? 'rtl' : 'ltr'}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(subject)}</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}button{font:inherit;padding:.5rem 1.5rem}</style></head>
<body><main><p>${escapeHtml(ctx.settings.shopName)}</p><h1>${escapeHtml(subject)}</h1>${text.map((line) => `<p>${escapeHtml(line)}</p>`).join('')}${form}</main></body>
</html>
`;
