import { z } from 'zod';
import { roleNames } from '#identity';
import type { Composition } from '#kernel/compose.ts';
import { system } from '#kernel/context.ts';
import type { Client, Contract } from '#kernel/contracts.ts';
import { newId } from '#kernel/ids.ts';
import { type Scope, systemScope } from '#kernel/runtime.ts';

/** What an operator does at the command line, to an account or something else. The audit trail has it under this name. */
export const asOperator = (operation: string, subject: string): Scope => ({
  actor: system,
  tx: null,
  request: {
    id: newId(),
    address: '',
    operation,
    subject,
    audited: false,
    stateChanging: true,
    readsOthers: false,
    refusedWith: null,
    trace: null,
    language: null,
  },
});

/**
 * A module as the command line asks it. What a person typed is compared with the contract first, here too: between modules
 * of one process nothing compares it.
 * @throws Error with a sentence for the operator when it does not fit.
 */
export function clientOf<C extends Contract>({ runtime }: Pick<Composition, 'runtime'>, { name, operations }: C, scope = systemScope) {
  const asks = Object.entries(operations).map(([operation, { input }]) => [
    operation,
    async (given: unknown) => {
      const checked = input.safeParse(given);
      if (!checked.success) throw new Error(z.prettifyError(checked.error));
      return runtime.ask('kernel', name, operation, checked.data, scope);
    },
  ]);
  return Object.fromEntries(asks) as Client<C>;
}

export type RoleName = (typeof roleNames)[number];

/** @throws Error that lists the roles there are when one of these is none. */
export function asRoles(words: readonly string[]): RoleName[] {
  const roles: readonly string[] = roleNames;
  const unknown = words.filter((word) => !roles.includes(word));
  if (unknown.length > 0) throw new Error(`there is no role ${unknown.join(', ')}; there are ${roles.join(', ')}`);
  return words as RoleName[];
}
