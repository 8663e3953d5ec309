import { type AccountLife, exporting } from '#kernel/account-life.ts';
import { newId } from '#kernel/ids.ts';
import { Image } from '#media';
import type { Profiles } from './context.ts';
import { closingUpdate, lockPicture, picturesOf, pictureUpdate } from './picture.ts';

/** The files belong to media, which forgets them too. */
export const life: AccountLife<Profiles> = {
  close: async (ctx, { accountId }) => {
    await ctx.db.transaction(async (tx) => {
      await tx.execute(lockPicture(accountId));
      await tx.execute(closingUpdate(accountId, true));
    });
    return true;
  },
  reopen: async (ctx, { accountId }) => void (await ctx.db.execute(closingUpdate(accountId, false))),
  forget: async (ctx, { accountId }) => void (await ctx.db.execute(pictureUpdate(accountId, newId(), null))),
  export: exporting({ profilePicture: Image.nullable() }, async (ctx: Profiles, { accountId }) => {
    const [picture] = await ctx.db.many<{ image: Image }>(picturesOf([accountId]));
    return { profilePicture: picture?.image ?? null };
  }),
};
