import { Command } from 'commander';
import { version } from '../version.js';
import { defineApi } from './commands/api.js';
import { defineCancel } from './commands/cancel.js';
import { defineCheck } from './commands/check.js';
import { defineCompare } from './commands/compare.js';
import { defineCompletion } from './commands/completion.js';
import { defineDatasets } from './commands/datasets.js';
import { defineDelete } from './commands/delete.js';
import { defineDoctor } from './commands/doctor.js';
import { defineHelp } from './commands/help.js';
import { defineInit } from './commands/init.js';
import { defineJobs } from './commands/jobs.js';
import { defineLosses } from './commands/losses.js';
import { defineOptimizer } from './commands/optimizer.js';
import { defineOptimizers } from './commands/optimizers.js';
import { defineProblems } from './commands/problems.js';
import { defineQuickstart } from './commands/quickstart.js';
import { defineRegister } from './commands/register.js';
import { defineReproduce } from './commands/reproduce.js';
import { defineResults } from './commands/results.js';
import { defineServe } from './commands/serve.js';
import { defineSubmit } from './commands/submit.js';
import { defineTrain } from './commands/train.js';
import { defineUpload } from './commands/upload.js';
import { defineWatch } from './commands/watch.js';
import { defineWeights } from './commands/weights.js';
import { defineWorker } from './commands/worker.js';
import { exitCodesHelp } from './exit-codes.js';
import { isJsonWanted, say } from './output.js';

/** The `metadescent` command, with one file per subcommand. */
export function createProgram(): Command {
  const program = new Command('metadescent')
    .description('Train, compare and serve learned optimizers.')
    .version(version())
    .exitOverride()
    .configureOutput({ writeErr: (text) => isJsonWanted() || say(text.trimEnd()) })
    .showHelpAfterError('(see --help)')
    .helpCommand(false)
    .addHelpText('after', exitCodesHelp);

  program.commandsGroup('Train and compare on this machine:');
  defineTrain(program);
  defineCompare(program);
  defineReproduce(program);

  program.commandsGroup('Help and checks:');
  defineHelp(program);
  defineInit(program);
  defineCheck(program);
  defineProblems(program);
  defineDatasets(program);
  defineDoctor(program);
  defineCompletion(program);

  program.commandsGroup('Run the service:');
  defineQuickstart(program);
  defineServe(program);
  defineApi(program);
  defineWorker(program);

  program.commandsGroup('Use a service:');
  defineSubmit(program);
  defineWatch(program);
  defineJobs(program);
  defineCancel(program);
  defineDelete(program);
  defineLosses(program);
  defineWeights(program);
  defineResults(program);
  defineOptimizers(program);
  defineOptimizer(program);
  defineRegister(program);
  defineUpload(program);
  return program;
}
