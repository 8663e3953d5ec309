import { machine, type StateOf } from '#kernel/machine.ts';

export const returnMachine = machine({
  name: 'return',
  table: 'fulfilment.returns',
  states: ['requested', 'accepted', 'refused'],
  begins: { requested: 'buyer, within the days of returns' },
  transitions: [
    { from: 'requested', command: 'accept', to: 'accepted', who: ['seller', 'staff'], money: 'back to the buyer, fees too' },
    { from: 'accepted', command: 'accept', to: 'accepted', who: ['seller', 'staff'], guard: 'a repeated call: nothing happens' },
    { from: 'requested', command: 'refuse', to: 'refused', who: ['seller', 'staff'], guard: 'with a reason' },
    { from: 'refused', command: 'refuse', to: 'refused', who: ['seller', 'staff'], guard: 'a repeated call: nothing happens' },
  ],
});

export type ReturnState = StateOf<typeof returnMachine>;
