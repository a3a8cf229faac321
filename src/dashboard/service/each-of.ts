/** Requests at a time: browsers open six connections per host, and the feed has one. */
const atATime = 4;

/** Does the same with each of the items, a few at a time, to the end. @throws the first failure. */
export async function eachOf<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const failures: unknown[] = [];
  const rest = items.values();
  const work = async () => {
    for (const item of rest) await act(item).catch((error) => failures.push(error));
  };
  await Promise.all(Array.from({ length: atATime }, work));
  if (failures.length > 0) throw failures[0];
}
