/** The states of an order, and every way between them. What is not in this table cannot happen. */
export const orderStates = ['placing', 'placed', 'rejected'] as const;
export type OrderState = (typeof orderStates)[number];

export const transitions: readonly { from: OrderState; to: OrderState; when: string }[] = [
  { from: 'placing', to: 'placed', when: 'the stock and the money were taken' },
  { from: 'placing', to: 'rejected', when: 'stock or money was refused' },
];
