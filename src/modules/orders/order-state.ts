import { machine, type StateOf } from '#kernel/machine.ts';

export const orderMachine = machine({
  name: 'order',
  table: 'orders.orders',
  states: ['placing', 'placed', 'rejected'],
  begins: {
    placing: 'buyer, or staff for a buyer, where modules run in several processes',
    placed: 'the same, where all modules run in one process',
    rejected: 'the same, where all modules run in one process',
  },
  transitions: [
    { from: 'placing', command: 'place', to: 'placed', who: 'system', guard: 'stock and money taken', money: 'buyer to sellers, fees' },
    { from: 'placing', command: 'reject', to: 'rejected', who: 'system', guard: 'stock or money refused', money: 'all goes back' },
  ],
});

export type OrderState = StateOf<typeof orderMachine>;
