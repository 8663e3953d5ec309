import { z } from 'zod';
import { FullName } from '#identity';
import { notFound } from '#kernel/problems.ts';
import { Id, Time, Username } from '#kernel/shapes.ts';
import { Image } from '#media';
import type { Profiles } from './context.ts';
import { type PictureRow, pictureOf } from './picture.ts';

/** The public profile of an account. */
export const Profile = z
  .object({
    id: Id,
    username: Username,
    name: FullName,
    picture: Image.nullable(),
    badges: z.array(z.enum(['email'])).meta({ description: 'What has been verified' }),
    memberSince: Time,
    version: z.int().meta({ description: 'Of the picture: it rises whenever another one, or none, is shown' }),
  })
  .meta({ id: 'Profile' });
export type Profile = z.infer<typeof Profile>;

/**
 * The public side of an account. What is not listed here stays with its owner. Accounts that may do nothing (not confirmed,
 * suspended, on their way out) have none, as if they were not there.
 */
export async function showProfile(ctx: Profiles, accountId: string): Promise<Profile> {
  const { id, username, fullName, state, emailConfirmed, createdAt } = await ctx.identity.readCustomer({ accountId });
  if (state !== 'active') throw notFound();
  const { image, version } = (await ctx.db.maybe<Pick<PictureRow, 'image' | 'version'>>(pictureOf(accountId))) ?? {
    image: null,
    version: 0,
  };
  return { id, username, name: fullName, picture: image, badges: emailConfirmed ? ['email'] : [], memberSince: createdAt, version };
}
