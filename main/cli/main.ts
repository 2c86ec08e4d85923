import { Command, CommanderError } from 'commander';
import { version } from '../contract/product.ts';
import { addAdviseCommand } from './commands/advise.ts';
import { addDataCommands } from './commands/data.ts';
import { addEstimateCommand } from './commands/estimate.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addNetworkCommands } from './commands/networks.ts';
import { addProbeCommand } from './commands/probe.ts';
import { addServeCommand } from './commands/serve.ts';
import { addSharingCommands } from './commands/sharing.ts';
import { addTrainingCommands } from './commands/training.ts';
import { failed, reportFailure, wrongUsage } from './failure.ts';

const program = new Command('parfocal')
  .description('Label microscope images and train a classifier for them by transfer learning, on your own machine.')
  .version(version)
  .showHelpAfterError('(parfocal COMMAND --help tells more)')
  .exitOverride();
addDataCommands(program);
addNetworkCommands(program);
addProbeCommand(program);
addAdviseCommand(program);
addEstimateCommand(program);
addTrainingCommands(program);
addExplainCommand(program);
addSharingCommands(program);
addServeCommand(program);

/** Options that every command has, and exits that the caller can tell apart: set on each command, as commander asks. */
for (const command of allCommands(program)) {
  command.exitOverride().showHelpAfterError('(--help tells more)');
  if (command.commands.length === 0) command.option('--json', 'print the result as JSON, for programs');
}

// A reader that went away (`parfocal labels … | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : wrongUsage;
  else {
    reportFailure(error);
    process.exitCode = failed;
  }
}

function* allCommands(command: Command): Generator<Command> {
  for (const child of command.commands) {
    yield child;
    yield* allCommands(child);
  }
}
