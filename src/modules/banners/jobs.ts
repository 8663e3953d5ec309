import { job } from '#kernel/events.ts';
import { Told } from '#media';

/** Tells media which image is shown, and which are not. */
export const tellMediaJob = job('banners.tell-media', Told);
