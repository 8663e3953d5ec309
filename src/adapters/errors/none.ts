import type { OpenErrors } from './port.ts';

/** Errors are in the log only. */
export const openNoErrors: OpenErrors = async () => ({ report() {}, async stop() {} });
