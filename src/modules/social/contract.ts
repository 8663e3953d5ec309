import { contract } from '#kernel/contracts.ts';

/** Nobody asks this module anything: browsers do. */
export const social = contract('social', { operations: {} });
