import { machine, type StateOf } from '#kernel/machine.ts';

export const chargeMachine = machine({
  name: 'charge',
  table: 'wallet.charges',
  states: ['pending', 'succeeded', 'declined'],
  begins: { pending: 'owner, or staff' },
  transitions: [
    { from: 'pending', command: 'succeed', to: 'succeeded', who: 'system', guard: 'the gateway took it', money: 'external to available' },
    { from: 'pending', command: 'decline', to: 'declined', who: 'system', guard: 'the gateway refused, or the account is closed' },
  ],
});

export type ChargeState = StateOf<typeof chargeMachine>;
