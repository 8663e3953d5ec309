/**
 * Lets work begin while the pixels of all that is under way fit in a budget: decoding takes up to 6 bytes for each. Work begins in the
 * order in which it was asked for.
 */
export function pixelBudget(pixels: number) {
  const waiting: { needed: number; begin: () => void }[] = [];
  let left = pixels;
  const next = () => {
    for (let first = waiting[0]; first && first.needed <= left; first = waiting[0]) {
      waiting.shift();
      left -= first.needed;
      first.begin();
    }
  };
  return async <T>(wanted: number, work: () => Promise<T>): Promise<T> => {
    const needed = Math.min(wanted, pixels);
    await new Promise<void>((begin) => {
      waiting.push({ needed, begin });
      next();
    });
    try {
      return await work();
    } finally {
      left += needed;
      next();
    }
  };
}
