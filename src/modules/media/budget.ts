/** What becomes of work that has waited too long. */
export interface Late {
  readonly afterMs: number;
  readonly refuse: () => Error;
}

/**
 * Lets work begin while all that is under way takes no more than `total`, of whatever is scarce. Work begins in the order in which it was
 * asked for; what wants more than there is has it alone. Work may say before its end that it takes nothing any more.
 */
export function budget(total: number, late?: Late) {
  const waiting: { needed: number; begin: () => void }[] = [];
  let left = total;
  const next = () => {
    for (let first = waiting[0]; first && first.needed <= left; first = waiting[0]) {
      waiting.shift();
      left -= first.needed;
      first.begin();
    }
  };
  const begun = (needed: number) =>
    new Promise<void>((begin, refuse) => {
      const place = { needed, begin };
      waiting.push(place);
      next();
      if (!late || !waiting.includes(place)) return;
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(place), 1);
        refuse(late.refuse());
        next();
      }, late.afterMs);
      place.begin = () => {
        clearTimeout(timer);
        begin();
      };
    });
  return async <T>(wanted: number, work: (free: () => void) => Promise<T>): Promise<T> => {
    let taken = Math.min(wanted, total);
    await begun(taken);
    const free = () => {
      left += taken;
      taken = 0;
      next();
    };
    try {
      return await work(free);
    } finally {
      free();
    }
  };
}
