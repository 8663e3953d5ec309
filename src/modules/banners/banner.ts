import { z } from 'zod';
import type { Banner } from '#banners';
import { type Sql, sql, type Transaction } from '#kernel/database.ts';
import { line, Time } from '#kernel/shapes.ts';
import { Alt, type Image } from '#media';

/** What public pages show, for `ready` and `changed`. */
export const BANNERS = 'banners';

/** An address on the web, or a path of the shop. Nothing that a browser would run. */
const isLink = (text: string): boolean =>
  text.startsWith('/') ? !/^\/[/\\]/.test(text) && !text.includes('\\') : /^https?:\/\//i.test(text) && URL.canParse(text);

export const BannerText = {
  placement: z
    .string()
    .max(60)
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be small letters a to z, digits, and single dashes between them')
    .meta({ description: 'Where it is shown', example: 'home' }),
  link: line(2000)
    .refine(isLink, 'must be an http or https address, or a path that begins with /')
    .nullable()
    .meta({ description: 'Where it leads to', example: '/products?category=phone' }),
  alt: Alt.meta({ description: 'What the image shows, for those who do not see it', example: 'Phones at half the price' }),
  time: Time.nullable(),
  position: z.int().min(0).max(1_000_000).meta({ description: 'The lowest first', example: 1 }),
};

export interface BannerRow {
  id: string;
  placement: string;
  link: string | null;
  alt: string;
  image: Image | null;
  starts_at: Date | null;
  ends_at: Date | null;
  position: number;
  version: number;
  body_hash: string | null;
}

export const COLUMNS: Sql = sql`id, placement, link, alt, image, starts_at, ends_at, position, version, body_hash`;

export const bannerView = ({ id, placement, link, alt, image, starts_at, ends_at, position, version }: BannerRow): Banner => ({
  ...{ id, placement, link, alt, position, version },
  image: image && { ...image, alt },
  startsAt: starts_at?.toISOString() ?? null,
  endsAt: ends_at?.toISOString() ?? null,
});

export const bannerById = (id: string): Sql => sql`select ${COLUMNS} from banners.banners where id = ${id}`;

export const bannerByKey = (principal: string, key: string): Sql =>
  sql`select ${COLUMNS} from banners.banners where principal = ${principal} and idempotency_key = ${key}`;

export const lockBanner = (tx: Transaction, id: string): Promise<BannerRow | undefined> =>
  tx.maybe(sql`select ${COLUMNS} from banners.banners where id = ${id} for update`);

/** Whether a time of beginning comes before one of ending. */
export const isInOrder = (startsAt: string | null | undefined, endsAt: string | null | undefined): boolean =>
  !startsAt || !endsAt || Date.parse(startsAt) < Date.parse(endsAt);
