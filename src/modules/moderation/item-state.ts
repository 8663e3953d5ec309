import type { decisions } from '#moderation';

export const itemStates = ['open', 'decided'] as const;
export type ItemState = (typeof itemStates)[number];
export type Decision = (typeof decisions)[number];

/** Every way from state to state, and whose it is. What is not in this table cannot happen. */
export const transitions: readonly { from: ItemState; decision: Decision; to: ItemState; who: readonly ('moderator' | 'owner')[] }[] = [
  { from: 'open', decision: 'approve', to: 'decided', who: ['moderator', 'owner'] },
  { from: 'open', decision: 'remove', to: 'decided', who: ['moderator', 'owner'] },
  { from: 'open', decision: 'flag', to: 'decided', who: ['owner'] },
];

/** What a moderator may decide; flagging (hiding for the time being) is for the owning module. */
export const moderatorDecisions = ['approve', 'remove'] as const satisfies readonly Decision[];
