import { machine, type StateOf } from '#kernel/machine.ts';

export const payoutMachine = machine({
  name: 'payout',
  table: 'wallet.payouts',
  states: ['waiting', 'pending', 'sent', 'failed', 'rejected'],
  begins: { waiting: 'owner, above the limit of a payout without approval', pending: 'owner' },
  transitions: [
    { from: 'waiting', command: 'approve', to: 'pending', who: 'finance', guard: 'not the owner' },
    { from: 'waiting', command: 'reject', to: 'rejected', who: 'finance', guard: 'not the owner', money: 'external to payable' },
    { from: 'pending', command: 'send', to: 'sent', who: 'system', guard: 'the bank sent it' },
    { from: 'pending', command: 'fail', to: 'failed', who: 'system', guard: 'the bank refused', money: 'external to payable' },
  ],
});

export type PayoutState = StateOf<typeof payoutMachine>;
