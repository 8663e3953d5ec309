import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';

/** Tells media which image is shown, and which are not. */
export const tellMediaJob = job('banners.tell-media', z.object({ attach: Id.nullable(), discard: z.array(Id).max(1000) }));
