import type { StoredObject } from '#adapters/storage/port.ts';
import { hours } from '#kernel/clock.ts';
import { type Sql, sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { isId } from '#kernel/ids.ts';
import type { Media } from './context.ts';
import { removeImageJob } from './jobs.ts';
import { PRIVATE_FILES, privateKey } from './private-file.ts';
import { arriveAll } from './receive-upload.ts';
import { idIn, objectKey } from './upload.ts';

/** What nobody refers to may belong to work that is under way; after this time it does not. */
const ORPHAN_MS = hours(1);
const PAGES = 10;
const IMAGES = 'media/';

/**
 * Looks at the files that wait to be checked: those whose arrival nobody noted are checked now, those that no upload waits for are removed.
 */
export async function sweepObjects(ctx: Media): Promise<void> {
  const before = orphanedBefore(ctx);
  let after: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const objects = await ctx.storage.list(objectKey(''), after);
    if (objects.length === 0) break;
    after = objects.at(-1)!.key;
    await arriveAll(
      ctx,
      objects.map(({ key }) => key),
    );
    await removeOrphans(
      ctx,
      objects.filter(({ storedAt }) => storedAt < before),
    );
  }
  await ctx.storage.tidy(before);
}

const orphanedBefore = ({ clock }: Media): Date => new Date(clock.now().getTime() - ORPHAN_MS);

async function removeOrphans(ctx: Media, objects: readonly StoredObject[]): Promise<void> {
  if (objects.length === 0) return;
  const ids = objects.flatMap(({ key }) => idIn(key) ?? []);
  const wanted = await ctx.db.many<{ id: string }>(sql`
    select id from media.uploads where id = any(${ids}::uuid[]) and state in ('awaiting_upload', 'checking')`);
  const keys = new Set(wanted.map(({ id }) => objectKey(id)));
  await removeCounted(
    ctx,
    objects.map(({ key }) => key).filter((key) => !keys.has(key)),
  );
}

async function removeCounted(ctx: Media, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await ctx.storage.remove(keys);
  ctx.log.warn({ objects: keys.length }, 'objects that nobody refers to were removed');
}

/**
 * Looks at a page of the images, of the private files and of the files of images each: those that nobody refers to go. A process was
 * killed, or a file was written while its image was discarded.
 */
export async function sweepImages(ctx: Media): Promise<void> {
  const before = orphanedBefore(ctx);
  await sweepUnused(ctx, before);
  await sweepPrivateFiles(ctx, before);
  const place = await ctx.db.maybe<{ after: string }>(sql`select after from media.walk`);
  const files = await ctx.storage.list(IMAGES, place?.after);
  const hashes = [...new Set(files.filter(({ storedAt }) => storedAt < before).map(hashIn))];
  const known = await ctx.db.many<{ hash: string }>(sql`select hash from media.images where hash = any(${hashes}::text[])`);
  const stay = new Set(known.map(({ hash }) => hash));
  await removeCounted(
    ctx,
    files.filter((file) => file.storedAt < before && !stay.has(hashIn(file))).map(({ key }) => key),
  );
  await ctx.db.execute(sql`
    insert into media.walk (one, after) values (true, ${files.at(-1)?.key ?? ''}) on conflict (one) do update set after = excluded.after`);
}

/** Images of a page, and which of them no upload refers to. */
const imagesPage = (after: string, before: Date): Sql => sql`
  select hash, coalesce(removing_since, created_at) < ${before} and used.by is null as "isUnused"
  from (select hash, removing_since, created_at from media.images where hash > ${after} order by hash limit 1000) as page
  left join lateral (select 1 as by from media.uploads where image_hash = page.hash limit 1) as used on true
  order by hash`;

async function sweepUnused(ctx: Media, before: Date): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const place = await tx.maybe<{ after: string }>(sql`select image_after as after from media.walk`);
    const images = await tx.many<{ hash: string; isUnused: boolean }>(imagesPage(place?.after ?? '', before));
    for (const { hash, isUnused } of images) if (isUnused) enqueue(tx, removeImageJob, { hash });
    const after = images.length < 1000 ? '' : images.at(-1)!.hash;
    await tx.execute(sql`
      insert into media.walk (one, after, image_after) values (true, '', ${after}) on conflict (one) do update set image_after = excluded.image_after`);
  });
}

/** A page of the private files: those of no upload that has their key go. */
async function sweepPrivateFiles(ctx: Media, before: Date): Promise<void> {
  const place = await ctx.db.maybe<{ after: string }>(sql`select private_after as after from media.walk`);
  const files = await ctx.storage.list(PRIVATE_FILES, place?.after);
  const ids = files.map(({ key }) => key.slice(PRIVATE_FILES.length)).filter(isId);
  const known = await ctx.db.many<{ id: string }>(sql`
    select id from media.uploads where id = any(${ids}::uuid[]) and file_key_sealed is not null`);
  const stay = new Set(known.map(({ id }) => privateKey(id)));
  await removeCounted(
    ctx,
    files.filter(({ key, storedAt }) => storedAt < before && !stay.has(key)).map(({ key }) => key),
  );
  await ctx.db.execute(sql`
    insert into media.walk (one, after, private_after) values (true, '', ${files.at(-1)?.key ?? ''})
    on conflict (one) do update set private_after = excluded.private_after`);
}

const hashIn = ({ key }: { key: string }): string => key.split('/')[1]!;
