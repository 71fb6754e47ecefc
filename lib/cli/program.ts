import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addDoctor } from './commands/doctor.js';
import { addList } from './commands/list.js';
import { addMirror } from './commands/mirror.js';
import { addService } from './commands/service.js';
import { addUnmount } from './commands/unmount.js';
import { EXIT_HELP } from './exit_codes.js';

/**
 * The `dokan` command with all its subcommands. Without one it shows its help, as wrong usage.
 * Throws CommanderError where it would exit.
 */
export function makeProgram(): Command {
  const program = new Command('dokan')
    .description('Mounts, shows and repairs volumes of node-dokan.')
    .version(packageVersion(), '--version')
    // What follows `mirror` is for mirrorfs.
    .enablePositionalOptions()
    .showHelpAfterError('(--help lists what there is)')
    .addHelpText('after', EXIT_HELP)
    .exitOverride();
  addMirror(program);
  addList(program);
  addUnmount(program);
  addDoctor(program);
  addService(program);
  return program;
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
