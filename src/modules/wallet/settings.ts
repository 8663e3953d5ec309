import { settings } from '#kernel/settings-part.ts';

export const walletSettings = settings({}, (_, { defaultCurrency }) => ({ defaultCurrency }));
