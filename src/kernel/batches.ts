/** A list in parts of at most `size`, in its order. */
export const partsOf = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, part) => list.slice(part * size, (part + 1) * size));

/** Repeats `work`, which does at most `size` at a time and answers how many it did, until it did fewer, or `most` times. */
export async function inBatches(size: number, work: (size: number) => Promise<number>, most = Number.POSITIVE_INFINITY): Promise<void> {
  for (let turn = 0; turn < most; turn++) if ((await work(size)) < size) return;
}
