import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of a program, or undefined when the machine does not have it. */
export function findTool(name: string): string | undefined {
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, file);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // In another directory, perhaps.
    }
  }
  return undefined;
}

/**
 * Whether a test must be left out for want of a program: the reason, or undefined. On a build
 * machine a missing program is a failure, because there nobody reads the reasons.
 */
export function missingTools(...names: string[]): string | undefined {
  const missing = names.filter((name) => findTool(name) === undefined);
  if (missing.length === 0) return undefined;
  const reason = `not installed here: ${missing.join(', ')}`;
  if (process.env['CI'] !== undefined) throw new Error(reason);
  return reason;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  input?: string;
  /** Milliseconds; then the program is killed. */
  deadline?: number;
}

/** Runs a program to its end. Never throws for an exit status. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      {
        cwd: options.cwd,
        env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
        timeout: options.deadline ?? 120_000,
        killSignal: 'SIGKILL',
        maxBuffer: 256 << 20,
      },
      (error, stdout, stderr) => {
        if (error === null) resolve({ code: 0, stdout, stderr });
        else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
        else reject(new Error(`${program} ${args.join(' ')}: ${error.message}\n${stderr}`));
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** Runs a program that must succeed, and gives its standard output. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const done = await runProgram(program, args, options);
  if (done.code !== 0) {
    throw new Error(
      `${program} ${args.join(' ')} ended with ${String(done.code)}\n${done.stdout}${done.stderr}`,
    );
  }
  return done.stdout;
}
