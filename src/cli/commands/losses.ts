import { type Command, InvalidArgumentError, Option } from 'commander';
import { type JsonOption, print, printJson, printPieces, withJson } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';

interface LossesOptions extends JsonOption, ServerOption {
  from?: number;
  to?: number;
  points?: number;
  every?: boolean;
}

export function defineLosses(program: Command): void {
  const command = program
    .command('losses')
    .summary('print the training losses of a job')
    .description('Prints the training losses of a job as CSV, in buckets of consecutive meta-iterations.')
    .argument('<JOB>', 'id of the job')
    .option('--from <N>', 'first meta-iteration', parseCount)
    .option('--to <N>', 'one past the last meta-iteration', parseCount)
    .option('--points <N>', 'maximum number of buckets', parseCount)
    .addOption(new Option('--every', 'print every loss instead: iteration, step, loss').conflicts(['points', 'json']));
  withJson(withServer(command), 'print the series as one JSON document').action(printLosses);
}

function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('expected a whole number, 0 or more');
  return Number(text);
}

async function printLosses(id: string, { from, to, points, ...options }: LossesOptions): Promise<void> {
  if (options.every) return printPieces(await clientOf(options).lossPoints(id, 'csv', { from, to }));
  const series = await clientOf(options).losses(id, { from, to, points });
  if (options.json) return printJson(series);
  const { iteration, count, mean, min, max } = series;
  const rows = iteration.map((first, i) => [first, count[i], mean[i], min[i], max[i]].join(','));
  print(['iteration,points,mean,min,max', ...rows].join('\n'));
}
