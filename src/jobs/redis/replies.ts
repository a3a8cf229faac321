import type { ChainableCommander } from 'ioredis';

/** The replies of a pipeline's commands. @throws the first error among them. */
export async function repliesOf<Reply>(pipeline: ChainableCommander): Promise<Reply[]> {
  const results = (await pipeline.exec()) ?? [];
  return results.map(([error, reply]) => {
    if (error) throw error;
    return reply as Reply;
  });
}
