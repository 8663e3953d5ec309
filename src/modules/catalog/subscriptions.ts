import { levelsChanged } from '#inventory';
import { on } from '#kernel/events.ts';
import { imageReady, uploadRefused } from '#media';
import type { Catalog } from './context.ts';
import { followStock } from './follow-stock.ts';
import { forgetRefused, takeImages } from './take-images.ts';

/** Of several levels of one variant the newest counts; older ones that come later, or again, are passed over by their version. */
export const subscriptions = [
  on(imageReady, takeImages),
  on(uploadRefused, forgetRefused),
  on(
    levelsChanged,
    async (ctx: Catalog, events) => {
      const newest = new Map<string, { variantId: string; available: number; version: number }>();
      for (const level of events.flatMap(({ payload }) => payload.levels)) {
        if (level.version > (newest.get(level.variantId)?.version ?? -1)) newest.set(level.variantId, level);
      }
      await followStock(ctx.db, [...newest.values()]);
    },
    { isRepeatable: true },
  ),
];
