import { system } from '#kernel/context.ts';
import { newId } from '#kernel/ids.ts';
import type { Scope } from '#kernel/runtime.ts';

/** What an operator does to an account at the command line; the audit trail tells it under this name. */
export const asOperator = (operation: string, accountId: string): Scope => ({
  actor: system,
  tx: null,
  request: { id: newId(), address: '', operation, subject: accountId, audited: false, stateChanging: true, refusedWith: null },
});
