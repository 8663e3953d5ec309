import type { ImageModeration } from './port.ts';

/** Everything is allowed: staff look at products before they are public. */
export const noImageModeration: ImageModeration = { judge: async () => 'allowed' };
