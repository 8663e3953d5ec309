import { z } from 'zod';
import { contract, operation } from '#kernel/contracts.ts';
import { Id, Time } from '#kernel/shapes.ts';

/** Channel on which every process hears that keys were revoked. */
export const KEYS_CHANNEL = 'souk_api_keys';

export const partners = contract('partners', {
  operations: {
    /**
     * What the key of that id opens, and for which partner, where the hash of its secret is this one; null when it does not fit, was
     * revoked, or has expired. Two keys of one partner answer the same `partner`.
     */
    judgeKey: operation({
      input: z.object({ id: Id, keyHash: z.string() }),
      output: z.object({ partner: z.string(), scopes: z.array(z.string()), expiresAt: Time.nullable() }).nullable(),
    }),
    /** Notes that a key was used; once a minute is enough. */
    noteUse: operation({ input: z.object({ id: Id, at: Time }), output: z.object({}) }),
  },
});
