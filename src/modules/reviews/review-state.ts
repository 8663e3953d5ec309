import { z } from 'zod';
import { problem } from '#kernel/problems.ts';
import type { reviewStates } from '#reviews';

export type ReviewState = (typeof reviewStates)[number];
export type ReviewCommand = 'change' | 'hold' | 'approve' | 'flag' | 'remove';

/**
 * Every way from state to state, and whose it is. Only published reviews are public; enough people flag as staff do. A change
 * whose words need a look is a hold. What is hidden cannot be changed, so that what a moderator reads is what is decided upon.
 */
export const transitions: readonly { from: ReviewState; command: ReviewCommand; to: ReviewState; who: 'author' | 'moderator' }[] = [
  { from: 'published', command: 'change', to: 'published', who: 'author' },
  { from: 'published', command: 'hold', to: 'pending', who: 'author' },
  { from: 'published', command: 'approve', to: 'published', who: 'moderator' },
  { from: 'pending', command: 'approve', to: 'published', who: 'moderator' },
  { from: 'flagged', command: 'approve', to: 'published', who: 'moderator' },
  { from: 'removed', command: 'approve', to: 'published', who: 'moderator' },
  { from: 'published', command: 'flag', to: 'flagged', who: 'moderator' },
  { from: 'pending', command: 'flag', to: 'flagged', who: 'moderator' },
  { from: 'published', command: 'remove', to: 'removed', who: 'moderator' },
  { from: 'pending', command: 'remove', to: 'removed', who: 'moderator' },
  { from: 'flagged', command: 'remove', to: 'removed', who: 'moderator' },
];

export const wrongState = problem({
  code: 'reviews/wrong-state',
  status: 409,
  title: 'Not possible in this state',
  members: { state: z.string().meta({ example: 'removed' }), command: z.string() },
  detail: ({ state, command }) => `A review that is ${state} does not allow ${command}.`,
});

/** Hidden until a moderator decides. */
export const isWaiting = (state: ReviewState): boolean => state === 'pending' || state === 'flagged';

/** The state that a command leads to. @throws wrongState when the table knows no such way. */
export function stateAfter(state: ReviewState, command: ReviewCommand): ReviewState {
  const way = transitions.find((transition) => transition.from === state && transition.command === command);
  if (!way) throw wrongState({ state, command });
  return way.to;
}
