import { onTestFinished } from 'vitest';

/** What the test file that runs has opened outside its tests. The next file may run in the same process. */
const open: (() => Promise<unknown>)[] = [];

/** Closes this when the test ends that opens it or, outside a test, when the file ends; before all that was opened earlier. */
export function closeAtEnd(close: () => Promise<unknown>): void {
  try {
    onTestFinished(async () => {
      await close();
    });
  } catch {
    open.push(close); // it throws outside a test
  }
}

export async function closeAll(): Promise<void> {
  for (const close of open.splice(0).reverse()) await close();
}
