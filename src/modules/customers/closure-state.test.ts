import { expect, test } from 'vitest';
import { closureStates, isLawful } from './closure-state.ts';

const lawful = ['closing reopening', 'closing erasing', 'reopening gone', 'erasing erased'];

test('a closure goes its four ways and no other: what is erased stays so', () => {
  const ways = closureStates.flatMap((from) =>
    [...closureStates, 'gone' as const].filter((to) => isLawful(from, to)).map((to) => `${from} ${to}`),
  );
  expect(ways.sort()).toEqual(lawful.sort());
});
