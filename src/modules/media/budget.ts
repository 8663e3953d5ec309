/**
 * Lets work begin while all that is under way takes no more than `total`, of whatever is scarce. Work begins in the order in which it was
 * asked for; what wants more than there is has it alone.
 */
export function budget(total: number) {
  const waiting: { needed: number; begin: () => void }[] = [];
  let left = total;
  const next = () => {
    for (let first = waiting[0]; first && first.needed <= left; first = waiting[0]) {
      waiting.shift();
      left -= first.needed;
      first.begin();
    }
  };
  return async <T>(wanted: number, work: () => Promise<T>): Promise<T> => {
    const needed = Math.min(wanted, total);
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
