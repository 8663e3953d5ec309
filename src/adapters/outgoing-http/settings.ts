import { settings } from '#kernel/settings-part.ts';

/** It has no settings of its own: outside production this machine may be reached. */
export const outgoingHttpSettings = settings({}, (_, { mode }) => ({ allowsOwnMachine: mode !== 'production' }));
