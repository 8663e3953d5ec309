/**
 * Runs `work`, and stops counting on it when its time is over: the signal is aborted, after which its database handle refuses
 * every statement and every commit.
 * @throws what went wrong, or Error when it took longer than `seconds`.
 */
export async function withinTime<T>(seconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`It took longer than ${seconds} s.`);
      controller.abort(error);
      reject(error);
    }, seconds * 1000);
  });
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
