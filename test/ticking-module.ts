import type { BaseContext } from '../src/kernel/context.ts';
import { contract } from '../src/kernel/contracts.ts';
import { timer } from '../src/kernel/events.ts';
import { module } from '../src/kernel/module.ts';

/** For SOUK_MODULES: its log says when its timers run. One of them never ends. */
export const ticking = module({
  contract: contract('ticking', { operations: {} }),
  needs: {},
  routes: [],
  operations: {},
  timers: [
    timer('ticking.tick', 1500, async ({ log }: BaseContext) => log.info({ tick: Date.now() }, 'tick')),
    timer('ticking.endless', 500, ({ log }: BaseContext) => {
      log.info({ began: Date.now() }, 'a turn without an end began');
      return new Promise<void>(() => {});
    }),
  ],
});
