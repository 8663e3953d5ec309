import { machine, type StateOf } from '#kernel/machine.ts';

/** An account that was opened again has no closure. */
export const closureMachine = machine({
  name: 'closure',
  table: 'customers.closures',
  states: ['closing', 'reopening', 'erasing', 'erased'],
  begins: { closing: 'owner of the account, if nothing is open' },
  transitions: [
    { from: 'closing', command: 'reopen', to: 'reopening', who: 'system', guard: 'something is open after all' },
    { from: 'closing', command: 'erase', to: 'erasing', who: 'system', guard: 'nothing is open' },
    { from: 'reopening', command: 'drop', to: null, who: 'system', guard: 'every module has reopened the account' },
    { from: 'erasing', command: 'finish', to: 'erased', who: 'system', guard: 'every module has forgotten the account' },
  ],
});

export type ClosureState = StateOf<typeof closureMachine>;
