import { settings } from '#kernel/settings-part.ts';

export const catalogSettings = settings({}, (_, { defaultCurrency }) => ({ defaultCurrency }));
