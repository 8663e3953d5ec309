import { z } from 'zod';
import type { productStates } from '#catalog';
import { problem } from '#kernel/problems.ts';

export type ProductState = (typeof productStates)[number];
export type ProductCommand = 'submit' | 'approve' | 'reject' | 'archive' | 'pause' | 'resume';

/** Every way from state to state, and whose it is. An approved product with pending changes is approved or rejected again. While its seller is suspended it is paused. */
export const transitions: readonly {
  from: ProductState;
  command: ProductCommand;
  to: ProductState;
  who: 'seller' | 'reviewer' | 'system';
}[] = [
  { from: 'draft', command: 'submit', to: 'submitted', who: 'seller' },
  { from: 'rejected', command: 'submit', to: 'submitted', who: 'seller' },
  { from: 'submitted', command: 'approve', to: 'approved', who: 'reviewer' },
  { from: 'submitted', command: 'reject', to: 'rejected', who: 'reviewer' },
  { from: 'approved', command: 'pause', to: 'paused', who: 'system' },
  { from: 'paused', command: 'resume', to: 'approved', who: 'system' },
  { from: 'paused', command: 'archive', to: 'archived', who: 'seller' },
  { from: 'draft', command: 'archive', to: 'archived', who: 'seller' },
  { from: 'submitted', command: 'archive', to: 'archived', who: 'seller' },
  { from: 'approved', command: 'archive', to: 'archived', who: 'seller' },
  { from: 'rejected', command: 'archive', to: 'archived', who: 'seller' },
];

export const wrongState = problem({
  code: 'catalog/wrong-state',
  status: 409,
  title: 'Not possible in this state',
  members: { state: z.string().meta({ example: 'archived' }), command: z.string() },
  detail: ({ state, command }) => `A product that is ${state} does not allow ${command}.`,
});

/** The state that a command leads to. @throws wrongState when the table knows no such way. */
export function stateAfter(state: ProductState, command: ProductCommand): ProductState {
  const way = transitions.find((transition) => transition.from === state && transition.command === command);
  if (!way) throw wrongState({ state, command });
  return way.to;
}
