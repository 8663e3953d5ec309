import type { BaseContext } from '../src/kernel/context.ts';
import { contract } from '../src/kernel/contracts.ts';
import { type Module, module } from '../src/kernel/module.ts';
import { systemScope } from '../src/kernel/runtime.ts';
import type { World } from './world.ts';

/** A module that does little, so that one sees how it is done. */
export const workshop = (parts: Partial<Omit<Parameters<typeof module>[0], 'contract' | 'needs' | 'operations'>>): Module =>
  module({ contract: contract('workshop', { operations: {} }), needs: {}, routes: [], operations: {}, ...parts });

export async function atWork(w: World): Promise<World> {
  await w.souk.start();
  return w;
}

export const ask = (w: World, work: Parameters<BaseContext['db']['transaction']>[0]) =>
  w.souk.runtime.context('workshop', systemScope).db.transaction(work);
