import { machine, type StateOf } from '#kernel/machine.ts';

export const orderMachine = machine({
  name: 'order',
  table: 'orders.orders',
  states: ['placing', 'placed', 'rejected'],
  begins: { placing: 'buyer, or staff for a buyer' },
  transitions: [
    {
      from: 'placing',
      command: 'place',
      to: 'placed',
      who: 'system',
      guard: 'the stock and the money were taken, and no party is leaving',
      money: "the buyer's `available` to each seller's `undelivered` (or `revenue`), and `fees`",
    },
    {
      from: 'placing',
      command: 'reject',
      to: 'rejected',
      who: 'system',
      guard: 'stock or money was refused',
      money: 'what was taken goes back',
    },
  ],
});

export type OrderState = StateOf<typeof orderMachine>;
