import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { expected, OptionError } from '../errors.js';
import { checkBoolean, checkDuration, checkNames, checkText } from '../option_checks.js';
import { resolveOptions, type MountOptions } from '../options.js';
import type { BackOff, MountSpec, RestartPolicy, ServiceEntry } from './entry.js';
import { ConfigError } from './errors.js';
import { isRecord } from './files.js';
import { EXAMPLES, type ExampleName } from './example_programs.js';

const FIELDS = [
  ...['point', 'example', 'module', 'arguments', 'options'],
  ...['restart', 'backOff', 'hungAfter', 'restartWhenHung'],
];
const POLICIES: readonly RestartPolicy[] = ['always', 'on-failure', 'never'];
const DEFAULT_BACK_OFF: BackOff = { initial: 1_000, maximum: 60_000, resetAfter: 60_000 };
const DEFAULT_HUNG_AFTER = 30_000;
/**
 * What a killed process leaves mounted answers with errors until the next start: otherwise programs
 * would write into the directory below meanwhile.
 */
const DEFAULT_OPTIONS: MountOptions = { forceUnmount: true, autoUnmount: false };
/** Milliseconds; starting a process again and again would do nothing else. */
const SHORTEST_BACK_OFF = 100;
const LONGEST_DELAY = 86_400_000;
const LONGEST_POINT = 4_096;

/** @throws ConfigError when the file cannot be read, or anything in it is wrong */
export async function readConfig(file: string): Promise<ServiceEntry[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const problem =
      code === 'ENOENT'
        ? 'there is no such file. Write it (the README shows one), or name another with --config'
        : `it cannot be read (${message})`;
    throw new ConfigError(file, undefined, undefined, problem);
  }
  return parseConfig(text, file);
}

/**
 * @param text - of the configuration, JSON
 * @param file - its path: paths of modules are relative to its directory, where the processes work,
 *   so that paths in `arguments` are as well
 * @throws ConfigError
 */
export function parseConfig(text: string, file: string): ServiceEntry[] {
  let config: unknown;
  try {
    // Editors of Windows like to put a mark there.
    config = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    const problem = `it is no JSON (${(error as Error).message})`;
    throw new ConfigError(file, undefined, undefined, problem);
  }
  const mounts = checked(file, undefined, () => {
    const { mounts } = checkNames(config ?? null, ['mounts']);
    if (!Array.isArray(mounts)) throw expected('mounts', 'a list of entries', mounts);
    return mounts as unknown[];
  });
  const entries = mounts.map((entry, index) => checked(file, index, () => toEntry(entry, file)));
  const points = new Map<string, number>();
  for (const [index, { spec }] of entries.entries()) {
    const other = points.get(comparable(spec.point));
    if (other !== undefined) {
      throw new ConfigError(file, index, 'point', `mounts[${other}] has it already: ${spec.point}`);
    }
    points.set(comparable(spec.point), index);
  }
  return entries;
}

/** Errors of the checks name an option; here they name file and entry as well. */
function checked<T>(file: string, entry: number | undefined, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    throw new ConfigError(file, entry, error.option, error.message);
  }
}

function toEntry(given: unknown, file: string): ServiceEntry {
  const entry = checkNames(given ?? null, FIELDS);
  const { restart = 'on-failure', hungAfter = DEFAULT_HUNG_AFTER, restartWhenHung = false } = entry;
  if (!POLICIES.includes(restart as RestartPolicy)) {
    throw expected('restart', `one of ${POLICIES.join(', ')}`, restart);
  }
  checkDuration(LONGEST_DELAY)('hungAfter', hungAfter);
  checkBoolean('restartWhenHung', restartWhenHung);
  return {
    spec: toSpec(entry, file),
    restart: restart as RestartPolicy,
    backOff: toBackOff(entry['backOff']),
    hungAfter: hungAfter as number,
    restartWhenHung: restartWhenHung as boolean,
  };
}

function toSpec(entry: Record<string, unknown>, file: string): MountSpec {
  const { point, example, module, options = {} } = entry;
  checkPoint(point);
  if ((example === undefined) === (module === undefined)) {
    const message = "An entry has either 'example' or 'module': what is to be mounted";
    throw new OptionError('example', message);
  }
  checkMountOptions(options);
  const shared = { point, options: { ...DEFAULT_OPTIONS, ...(options as MountOptions) } };
  if (example !== undefined) {
    const known = EXAMPLES.find((name) => name === example);
    if (known === undefined) throw expected('example', `one of ${EXAMPLES.join(', ')}`, example);
    return { ...shared, ...exampleOf(known, entry['arguments'] ?? []) };
  }
  checkText(LONGEST_POINT)('module', module);
  const path = resolve(dirname(file), module as string);
  return { ...shared, program: { module: path }, arguments: entry['arguments'] ?? null };
}

function exampleOf(example: ExampleName, args: unknown): Pick<MountSpec, 'program' | 'arguments'> {
  const right = Array.isArray(args) && args.every((word) => typeof word === 'string');
  if (!right) throw expected('arguments', "a list of strings, the example's command line", args);
  return { program: { example }, arguments: args };
}

function checkPoint(point: unknown): asserts point is string {
  checkText(LONGEST_POINT)('point', point);
  if (process.platform === 'win32' && /^[A-Za-z]:?$/.test(point as string)) return;
  // What a relative one would be relative to, nobody knows of a service.
  if (!isAbsolute(point as string)) throw expected('point', 'an absolute path', point);
}

function checkMountOptions(options: unknown): void {
  try {
    resolveOptions(options ?? null);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const field = error.option === 'options' ? 'options' : `options.${error.option}`;
    throw new OptionError(field, error.message);
  }
}

function toBackOff(given: unknown): BackOff {
  const names = Object.keys(DEFAULT_BACK_OFF) as (keyof BackOff)[];
  if (given !== undefined && !isRecord(given)) throw expected('backOff', 'an object', given);
  const backOff = checkNames(given, names);
  for (const name of names) {
    const value = backOff[name];
    if (value !== undefined) checkDuration(LONGEST_DELAY)(`backOff.${name}`, value);
  }
  const resolved = { ...DEFAULT_BACK_OFF, ...backOff };
  if (resolved.initial < SHORTEST_BACK_OFF) {
    const what = `at least ${SHORTEST_BACK_OFF} milliseconds`;
    throw expected('backOff.initial', what, resolved.initial);
  }
  if (resolved.initial > resolved.maximum) {
    const { initial, maximum } = resolved;
    const field = backOff['initial'] === undefined ? 'backOff.maximum' : 'backOff.initial';
    throw new OptionError(field, `'initial' (${initial} ms) exceeds 'maximum' (${maximum} ms)`);
  }
  return resolved;
}

/** How two ways to write one place look alike. */
export function comparable(point: string): string {
  if (process.platform !== 'win32') return resolve(point);
  const drive = /^([A-Za-z]):?[\\/]?$/.exec(point)?.[1];
  return drive === undefined ? resolve(point).toLowerCase() : `${drive.toLowerCase()}:`;
}
