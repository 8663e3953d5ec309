import { contract } from '#kernel/contracts.ts';

export const customers = contract('customers', { operations: {} });
