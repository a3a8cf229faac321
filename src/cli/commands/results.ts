import type { Command } from 'commander';
import { renderSvg } from '../../figures/picture.js';
import { type JsonOption, print, printComparison, printDocument, withJson, writeNamedFile } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';

interface ResultsOptions extends JsonOption, ServerOption {
  svg?: string;
}

export function defineResults(program: Command): void {
  const command = program
    .command('results')
    .summary('show the comparison of a job')
    .description('Shows the comparison of a job: tables and curves.')
    .argument('<JOB>', 'id of the job')
    .option('--svg <FILE>', 'also write a picture of the comparison');
  withJson(withServer(command), 'print the results as one JSON document').action(
    async (id: string, options: ResultsOptions) => {
      const results = await clientOf(options).results(id);
      if (options.svg !== undefined) await writeNamedFile(options.svg, renderSvg(results));
      if (options.json) return printDocument(results);
      printComparison(results);
      if (options.svg !== undefined) print(`Picture: ${options.svg}`);
    },
  );
}
