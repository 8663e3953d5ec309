import { z } from 'zod';
import { Banner, HOME, MOST_BANNERS, tooManyBanners } from '#banners';
import { sql, type Transaction } from '#kernel/database.ts';
import { keyColumns, once, rememberedIn, sameCall } from '#kernel/idempotency.ts';
import { derivedId, newId } from '#kernel/ids.ts';
import { notFound } from '#kernel/problems.ts';
import type { Key, Replayed } from '#kernel/routes.ts';
import { type AnnouncedFile, AnnounceUpload, SHOP_ID, Upload, unlessExpired } from '#media';
import { type BannerRow, BannerText, bannerById, bannerByKey, bannerView, isInOrder } from './banner.ts';
import type { Banners } from './context.ts';

const { placement, link, alt, time, position } = BannerText;

export const CreateBanner = z
  .strictObject({
    placement: placement.default(HOME),
    link: link.default(null),
    alt: alt.default(''),
    startsAt: time.default(null).meta({ description: 'On show from then; at once where it is absent' }),
    endsAt: time.default(null).meta({ description: 'On show until then' }),
    position: position.optional(),
    image: AnnounceUpload.optional().meta({ description: 'The reply says where to send it. A banner whose image never comes is removed' }),
  })
  .refine(({ startsAt, endsAt }) => isInOrder(startsAt, endsAt), { error: 'must be later than startsAt', path: ['endsAt'] })
  .meta({ example: { placement: 'home', link: '/products?category=phone', alt: 'Phones at half the price' } });
/** For other modules the size of the image may not be known. */
type CreateBanner = Omit<z.infer<typeof CreateBanner>, 'image'> & { image?: AnnouncedFile | undefined };

/** What a call that adds a banner answers. */
export const CreatedBanner = Banner.extend({
  upload: Upload.optional().meta({ description: 'Where to send the image that was announced' }),
}).meta({ id: 'CreatedBanner' });
type CreatedBanner = z.infer<typeof CreatedBanner>;

/** Adds a banner, the last one where no position is given. It is on show once it has an image. */
export const createBanner = (ctx: Banners, input: CreateBanner, key: Key | undefined): Promise<CreatedBanner | Replayed<CreatedBanner>> => {
  const id = key ? derivedId('banner', key.principal, key.value) : newId();
  const announced = () => input.image && expectImage(ctx, id, input.image, derivedId('banner-image', id));
  return once<BannerRow, CreatedBanner>(key, {
    async make() {
      const upload = await announced();
      return ctx.db.transaction((tx) => insertBanner(ctx, tx, { ...input, id, announcedWith: upload?.id ?? null }, key));
    },
    find: ({ principal, value }) => sameCall(key!, ctx.db.maybe(bannerByKey(principal, value))),
    async answer(row) {
      const upload = await announced()?.catch(unlessExpired);
      return { ...bannerView(row), ...(upload ? { upload } : {}) };
    },
  });
};

/** For other APIs: a banner of the home page that has nothing but its image. */
export async function announceBanner(
  ctx: Banners,
  { key, image }: { key: string; image: AnnouncedFile },
): Promise<{ id: string; upload: Upload }> {
  const made = await createBanner(
    ctx,
    { ...CreateBanner.parse({ alt: image.alt ?? '' }), image },
    {
      principal: `user:${ctx.actor.id}`,
      value: key,
      bodyHash: key,
    },
  );
  const { id, upload } = 'value' in made ? made.value : made;
  return { id, upload: upload as Upload };
}

/** Announces a new image of a banner, which takes the place of the older one when it has come. */
export async function announceImage(
  ctx: Banners,
  id: string,
  file: AnnounceUpload,
  key: Key | undefined,
): Promise<Upload | Replayed<Upload>> {
  if (!(await ctx.db.maybe(bannerById(id)))) throw notFound();
  const upload = await expectImage(ctx, id, file, key ? derivedId('another-banner-image', key.principal, key.value) : newId());
  return rememberedIn(ctx.db, sql`banners.announcements`, key, upload);
}

const expectImage = (ctx: Banners, id: string, file: AnnouncedFile, key: string): Promise<Upload> =>
  ctx.media.announce({ ...file, key, ownerId: ctx.actor.id || SHOP_ID, purpose: 'banner-image', subjectId: id });

async function insertBanner(
  ctx: Banners,
  tx: Transaction,
  banner: CreateBanner & { id: string; announcedWith: string | null },
  key: Key | undefined,
): Promise<BannerRow | undefined> {
  await tx.execute(sql`lock table banners.banners in share row exclusive mode`); // one at a time: they are counted
  if (key && (await tx.maybe(bannerByKey(key.principal, key.value)))) return undefined;
  const { count, last } = await tx.one<{ count: number; last: number }>(
    sql`select count(*)::int as count, coalesce(max(position), 0) as last from banners.banners`,
  );
  if (count >= MOST_BANNERS) throw tooManyBanners();
  const columns = keyColumns(key);
  await tx.execute(sql`
    insert into banners.banners (id, placement, link, alt, starts_at, ends_at, position, announced_with, principal, idempotency_key, body_hash)
    values (${banner.id}, ${banner.placement}, ${banner.link}, ${banner.alt}, ${banner.startsAt}, ${banner.endsAt}, ${banner.position ?? last + 1},
            ${banner.announcedWith}, ${columns.principal}, ${columns.idempotency_key}, ${columns.body_hash})`);
  if (ctx.request) ctx.request.subject = banner.id;
  return tx.one<BannerRow>(bannerById(banner.id));
}
