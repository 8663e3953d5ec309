import type { OpenErrors } from './port.ts';

/** Errors stand in the log only. */
export const openNoErrors: OpenErrors = async () => ({ report() {}, async stop() {} });
