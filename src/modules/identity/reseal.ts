import { sql } from '#kernel/database.ts';
import { nextPage, type ResealedPage, type ResealPage, resealRows } from '#kernel/reseal.ts';
import { emailPlace } from './account.ts';
import type { Identity } from './context.ts';
import { detailsPlace } from './personal-details.ts';
import { secondFactorPlace } from './second-factor.ts';
import { signingKeyPlace } from './signing-key.ts';

interface Row {
  id: string;
  email_sealed: string | null;
  details_sealed: string | null;
  secret_sealed: string | null;
}

/** Seals emails, details and second factors with the current key, a page at a time; the few signing keys and letters on their way go with the first. */
export async function reseal(ctx: Identity, { after, limit }: ResealPage): Promise<ResealedPage> {
  const rows = await ctx.db.many<Row>(sql`
    select a.id, a.email_sealed, a.details_sealed, f.secret_sealed from identity.accounts a left join identity.second_factors f on f.account_id = a.id
    where a.id > ${after ?? '00000000-0000-0000-0000-000000000000'} order by a.id limit ${limit}`);
  const factors = rows.map(({ id, secret_sealed }) => ({ id, sealed: secret_sealed }));
  const emails = rows.map(({ id, email_sealed }) => ({ id, sealed: email_sealed }));
  const details = rows.map(({ id, details_sealed }) => ({ id, sealed: details_sealed }));
  const counts = [
    after === null ? await resealSigningKeys(ctx) : 0,
    after === null ? await resealOwedLetters(ctx) : 0,
    await resealRows(
      ctx,
      emails,
      emailPlace,
      ({ ids, before, after }) => sql`
      update identity.accounts as a set email_sealed = r.after
      from unnest(${ids}::uuid[], ${before}::text[], ${after}::text[]) as r (id, before, after) where a.id = r.id and a.email_sealed = r.before`,
    ),
    await resealRows(
      ctx,
      details,
      detailsPlace,
      ({ ids, before, after }) => sql`
      update identity.accounts as a set details_sealed = r.after
      from unnest(${ids}::uuid[], ${before}::text[], ${after}::text[]) as r (id, before, after) where a.id = r.id and a.details_sealed = r.before`,
    ),
    await resealRows(
      ctx,
      factors,
      secondFactorPlace,
      ({ ids, before, after }) => sql`
      update identity.second_factors as f set secret_sealed = r.after
      from unnest(${ids}::uuid[], ${before}::text[], ${after}::text[]) as r (id, before, after) where f.account_id = r.id and f.secret_sealed = r.before`,
    ),
  ];
  return { after: nextPage(rows, limit), resealed: counts.reduce((sum, count) => sum + count, 0) };
}

async function resealSigningKeys(ctx: Identity): Promise<number> {
  const keys = await ctx.db.many<{ id: string; sealed: string }>(
    sql`select kid as id, private_sealed as sealed from identity.signing_keys`,
  );
  return resealRows(
    ctx,
    keys,
    signingKeyPlace,
    ({ ids, before, after }) => sql`
    update identity.signing_keys as k set private_sealed = r.after
    from unnest(${ids}::text[], ${before}::text[], ${after}::text[]) as r (id, before, after) where k.kid = r.id and k.private_sealed = r.before`,
  );
}

async function resealOwedLetters(ctx: Identity): Promise<number> {
  const letters = await ctx.db.many<{ id: string; account_id: string; sealed: string }>(
    sql`select id, account_id, to_sealed as sealed from identity.owed_letters order by created_at limit 10000`,
  );
  const accounts = new Map(letters.map(({ id, account_id }) => [id, account_id]));
  return resealRows(
    ctx,
    letters,
    (id) => emailPlace(accounts.get(id) ?? ''),
    ({ ids, before, after }) => sql`
    update identity.owed_letters as l set to_sealed = r.after
    from unnest(${ids}::uuid[], ${before}::text[], ${after}::text[]) as r (id, before, after) where l.id = r.id and l.to_sealed = r.before`,
  );
}
