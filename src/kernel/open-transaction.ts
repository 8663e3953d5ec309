import { AsyncLocalStorage } from 'node:async_hooks';

const open = new AsyncLocalStorage<true>();

/** Runs what belongs to a transaction, from its first statement to its last. */
export const asTransaction = <T>(work: () => Promise<T>): Promise<T> => open.run(true, work);

/** Whether this runs inside a transaction: then nothing is asked of other services, whose answers could keep its locks for seconds. */
export const isInTransaction = (): boolean => open.getStore() === true;
