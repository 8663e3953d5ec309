import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';

/** Images take memory and both cores: two at once, and no other work waits behind them. */
export const checkUploadJob = job('media.check-upload', z.object({ id: Id }), { seconds: 120, parallel: 2, lane: 'images' });

export const removeImageJob = job('media.remove-image', z.object({ hash: z.string() }), { seconds: 60, parallel: 2, lane: 'images' });

export const removeObjectsJob = job('media.remove-objects', z.object({ ids: z.array(Id).max(1000) }), {
  seconds: 120,
  parallel: 2,
  lane: 'images',
});
