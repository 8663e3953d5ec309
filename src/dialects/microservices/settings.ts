import { settings } from '#kernel/settings-part.ts';

export const microservicesSettings = settings({}, (_, { defaultCurrency }) => ({ defaultCurrency }));
