import type { Command } from 'commander';
import { checkAddon } from '../doctor/addon.js';
import type { Finding, Level } from '../doctor/finding.js';
import { checkMounts } from '../doctor/mounts.js';
import { checkRuntimeDirectory } from '../doctor/runtime_directory.js';
import { EXIT } from '../exit_codes.js';
import { libraryOf, libraryOption } from '../library_option.js';
import { print, printable, printJson, styled, type Style } from '../output.js';

interface DoctorArguments {
  json: boolean;
  libraryPath?: string;
}

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('Looks whether this machine can mount, and says what to do where it cannot.')
    .option('--json', 'the findings as JSON', false)
    .addOption(libraryOption())
    .addHelpText('after', '\nExit codes: 0 no problem (there may be warnings), 1 a problem.')
    .action(doctor);
}

async function doctor(args: DoctorArguments): Promise<void> {
  const library = libraryOf(args);
  const findings: Finding[] = [
    checkAddon(),
    ...(process.platform === 'win32'
      ? await (await import('../doctor/windows.js')).checkWindows(library)
      : await (await import('../doctor/linux.js')).checkLinux()),
    await checkRuntimeDirectory(),
    ...(await checkMounts(library)),
  ];
  if (args.json) printJson(findings.map((finding) => ({ ...finding, cure: finding.cure ?? null })));
  else for (const finding of findings) show(finding);
  if (findings.some(({ level }) => level === 'problem')) process.exitCode = EXIT.failed;
}

const STYLES: Record<Level, Style> = { ok: 'green', warning: 'yellow', problem: 'red' };

function show({ check, level, message, cure }: Finding): void {
  print(`${styled(STYLES[level], level.padEnd(7))}  ${check}: ${printable(message)}`);
  if (cure !== undefined) print(`         ${printable(cure)}`);
}
