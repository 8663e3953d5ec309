import { contract } from '#kernel/contracts.ts';

export const imports = contract('imports', { operations: {} });
