import { machine, type StateOf } from '#kernel/machine.ts';
import { orderStates } from '#orders';

const FOLLOWS = 'the least advanced open shipment is';
const CLOSED = 'no shipment is open';

/** States of an order that has a shipment on its way, in the order in which they come. */
export const onTheWay = ['placed', 'packed', 'shipped'] as const;
/** States of an order that has an open shipment, in the order in which they come. */
export const open = [...onTheWay, 'delivered', 'completed'] as const;

export const orderMachine = machine({
  name: 'order',
  table: 'orders.orders',
  states: orderStates,
  begins: {
    placing: 'buyer, or staff for a buyer, where modules run in several processes',
    placed: 'the same, where all modules run in one process',
    rejected: 'the same, where all modules run in one process',
  },
  transitions: [
    { from: 'placing', command: 'place', to: 'placed', who: 'system', guard: 'stock and money taken', money: 'buyer to sellers, fees' },
    { from: 'placing', command: 'reject', to: 'rejected', who: 'system', guard: 'stock or money refused', money: 'all goes back' },
    { from: 'placed', command: 'pack', to: 'packed', who: 'system', guard: `${FOLLOWS} packed` },
    { from: ['placed', 'packed'], command: 'ship', to: 'shipped', who: 'system', guard: `${FOLLOWS} shipped` },
    { from: ['placed', 'packed', 'shipped'], command: 'deliver', to: 'delivered', who: 'system', guard: `${FOLLOWS} delivered` },
    { from: [...onTheWay, 'delivered'], command: 'complete', to: 'completed', who: 'system', guard: `${FOLLOWS} completed` },
    { from: 'placed', command: 'cancel', to: 'cancelled', who: 'system', guard: `${CLOSED}, all were cancelled` },
    { from: open, command: 'return', to: 'returned', who: 'system', guard: `${CLOSED}, one was returned and none refunded` },
    { from: open, command: 'refund', to: 'refunded', who: 'system', guard: `${CLOSED}, one was refunded` },
  ],
});

export type OrderState = StateOf<typeof orderMachine>;
