import { z } from 'zod';
import { contract, operation } from '#kernel/contracts.ts';
import { Id } from '#kernel/shapes.ts';
import { Image } from '#media';

export const profiles = contract('profiles', {
  operations: {
    /** The pictures of accounts; those that have none are left out. One statement. */
    pictures: operation({
      input: z.object({ accountIds: z.array(Id).max(200) }),
      output: z.array(z.object({ accountId: Id, image: Image })),
    }),
  },
});
