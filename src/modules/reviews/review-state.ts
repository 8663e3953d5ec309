import { machine, type StateOf } from '#kernel/machine.ts';
import { reviewStates } from '#reviews';

/** Only published reviews are public. What is hidden cannot be changed, so that what a moderator reads is what is decided upon. */
export const reviewMachine = machine({
  name: 'review',
  table: 'reviews.reviews',
  states: reviewStates,
  begins: { published: 'author', pending: 'author, if screening doubts the text' },
  transitions: [
    { from: 'published', command: 'change', to: 'published', who: 'author' },
    { from: 'published', command: 'hold', to: 'pending', who: 'system', guard: 'screening doubts the text of a change' },
    { from: ['published', 'pending', 'flagged', 'removed'], command: 'approve', to: 'published', who: 'moderator' },
    { from: ['published', 'pending'], command: 'flag', to: 'flagged', who: ['moderator', 'system'], guard: 'system: enough flags count' },
    { from: ['published', 'pending', 'flagged'], command: 'remove', to: 'removed', who: ['moderator', 'system'], guard: 'a reason' },
  ],
});

export type ReviewState = StateOf<typeof reviewMachine>;

/** Hidden until a moderator decides. */
export const isWaiting = (state: ReviewState): boolean => state === 'pending' || state === 'flagged';
