import { styleText } from 'node:util';
import { OptionError } from '../errors.js';
import { EXIT } from './exit_codes.js';

export type Style = 'green' | 'yellow' | 'red' | 'cyan' | 'gray';

/** Text in a colour, where standard output is a terminal (or FORCE_COLOR, NO_COLOR say otherwise). */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/**
 * An error for people: one line that says what to do. One without a code is a defect of this program,
 * and comes with its stack, for the report.
 * @returns the exit code it stands for
 */
export function reportError(error: unknown): number {
  process.stderr.write(`error: ${explain(error)}\n`);
  return error instanceof OptionError ? EXIT.usage : EXIT.failed;
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A message may name a file.
  return 'code' in error ? printable(error.message) : (error.stack ?? error.message);
}

/** `dokan list | head` ends when head has enough, and that is no failure. */
export function quitWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // EOF and EINVAL are Windows' words for it.
      if (['EPIPE', 'EOF', 'EINVAL'].includes(error.code ?? '')) process.exit();
      throw error;
    });
  }
}

/** Whoever reads what is said may go; what is mounted must not. From now on that ends nothing. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners('error');
    stream.on('error', () => undefined);
  }
}

/** Names of files may hold anything: what would steer the terminal is shown as an escape. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 1)}}`;
  });
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
