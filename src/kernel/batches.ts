/** Repeats `work`, which does at most `size` at a time and answers how many it did, until it did fewer, or `most` times. */
export async function inBatches(size: number, work: (size: number) => Promise<number>, most = Number.POSITIVE_INFINITY): Promise<void> {
  for (let turn = 0; turn < most; turn++) if ((await work(size)) < size) return;
}
