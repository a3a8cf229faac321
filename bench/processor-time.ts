import { readFile } from 'node:fs/promises';
import type { Redis } from 'ioredis';

/** Clock ticks per second in /proc, on every Linux. */
const ticks = 100;

/** Milliseconds of processor time that a Redis has taken. */
export async function processorTimeOf(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  const seconds = (name: string) => Number(new RegExp(`^${name}:(.*)`, 'm').exec(info)?.[1]);
  return 1000 * (seconds('used_cpu_user') + seconds('used_cpu_sys'));
}

/** Milliseconds of processor time that a process has taken. */
export async function processorTime(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / ticks) * 1000;
}
