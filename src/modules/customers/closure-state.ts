/** The states of a closure, and every way between them. A reopened account has no row. */
export const closureStates = ['closing', 'reopening', 'erasing', 'erased'] as const;
export type ClosureState = (typeof closureStates)[number];

export const transitions: readonly { from: ClosureState; to: ClosureState | 'gone'; when: string }[] = [
  { from: 'closing', to: 'reopening', when: 'something is still open' },
  { from: 'closing', to: 'erasing', when: 'nothing is open' },
  { from: 'reopening', to: 'gone', when: 'every module has let the account in again' },
  { from: 'erasing', to: 'erased', when: 'every module has forgotten the account' },
];

export const isLawful = (from: ClosureState, to: ClosureState | 'gone'): boolean =>
  transitions.some((transition) => transition.from === from && transition.to === to);
