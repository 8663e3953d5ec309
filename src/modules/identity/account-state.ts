import { machine, type StateOf } from '#kernel/machine.ts';

/** `unconfirmed` and `closing` may do nothing; `erased` is final. */
export const accountMachine = machine({
  name: 'account',
  table: 'identity.accounts',
  states: ['unconfirmed', 'active', 'suspended', 'closing', 'erased'],
  begins: { unconfirmed: 'sign-up', active: 'registration, or the first sign-in through a provider' },
  transitions: [
    {
      from: ['unconfirmed', 'active'],
      command: 'confirm',
      to: 'active',
      who: 'owner',
      guard: 'has the code, and nobody else has proven the email',
    },
    { from: 'unconfirmed', command: 'drop', to: null, who: 'system', guard: 'a week is over, or somebody else has proven the email' },
    { from: ['active', 'suspended'], command: 'suspend', to: 'suspended', who: 'staff', guard: 'another admin stays' },
    { from: ['active', 'suspended'], command: 'reinstate', to: 'active', who: 'staff' },
    { from: 'active', command: 'close', to: 'closing', who: 'system', guard: 'the owner asks; another admin stays' },
    { from: 'closing', command: 'reopen', to: 'active', who: 'system', guard: 'something is open after all' },
    { from: 'closing', command: 'erase', to: 'erased', who: 'system', guard: 'nothing is open' },
  ],
});

export type AccountState = StateOf<typeof accountMachine>;
