import type { Command } from 'commander';
import { exampleProgram } from '../../service/example_programs.js';
import { outliveReaders } from '../output.js';

const HELP = `
After ROOT and POINT come the options of mirrorfs; of these, --root and --mount are already given.
Ctrl-C unmounts.
`;

/** mirrorfs has a command line of its own, with many options: all of it is handed on to it. */
export function addMirror(program: Command): void {
  const mirror = program
    .command('mirror')
    .description('Shows a directory as a drive (Windows) or below another one (Linux).')
    .usage('ROOT POINT [options]')
    .argument('[words...]')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .addHelpText('after', HELP)
    .action(async (words: string[]) => {
      if (words.some((word) => word === '--help' || word === '-h')) return help(mirror);
      const [root, point, ...rest] = words;
      if (root === undefined || point === undefined || isOption(root) || isOption(point)) {
        mirror.error('error: mirror needs ROOT and POINT first, and its options after them');
      } else {
        outliveReaders();
        await runMirrorfs(['--root', root, '--mount', point, ...rest]);
      }
    });
}

function isOption(word: string): boolean {
  return word.startsWith('-');
}

async function help(mirror: Command): Promise<void> {
  process.stdout.write(
    `Usage: dokan mirror ${mirror.usage()}\n\n${mirror.description()}\n${HELP}\n`,
  );
  await runMirrorfs(['--help']);
}

/** The program itself, in this process: it mounts, and ends with a signal or when it is unmounted. */
async function runMirrorfs(args: readonly string[]): Promise<void> {
  const program = exampleProgram('mirrorfs');
  process.argv.splice(1, Infinity, program.path, ...args);
  await import(program.url);
}
