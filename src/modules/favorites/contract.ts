import { contract } from '#kernel/contracts.ts';

export const favorites = contract('favorites', { operations: {} });
