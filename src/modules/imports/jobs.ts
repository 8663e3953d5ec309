import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';

/** Saves the next chunks of a file, and asks for the ones after them. */
export const runImportJob = job('imports.run', z.object({ importId: Id }), { seconds: 120, parallel: 1, lane: 'imports' });
