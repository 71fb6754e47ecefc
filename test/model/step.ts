import fc from 'fast-check';
import { PosixError, type Stat } from '../support/posix.js';
import type { Live, ModelState } from './live.js';
import { LeavesModel, ModelError, type ExpectedStat, type Node } from './nodes.js';

/** One system call, made on the model and on the file system. */
export interface Step<T> {
  /** As it stands in a counterexample. */
  readonly text: string;
  predict(state: ModelState): T;
  perform(live: Live): Promise<unknown>;
  /** What is wrong with the answer; without it the two answers must be equal. */
  mistake?(expected: T, got: unknown, live: Live): string | undefined;
}

/** Makes a step of what there is at the moment; `undefined` when there is nothing to work on. */
export type Plan<T> = (state: ModelState) => Step<T> | undefined;

export type Call = fc.AsyncCommand<ModelState, Live>;

type Predicted<T> = { readonly value: T } | { readonly code: string };

/** A call of a sequence. What it works on is chosen when its turn comes, so that it fits. */
export class StepCommand<T> implements Call {
  readonly #plan: Plan<T>;
  #text = 'not made';

  constructor(plan: Plan<T>) {
    this.#plan = plan;
  }

  /** Each run of a sequence has commands of its own: a counterexample shows what it really did. */
  [fc.cloneMethod](): StepCommand<T> {
    return new StepCommand(this.#plan);
  }

  check(state: ModelState): boolean {
    return this.#plan(state) !== undefined;
  }

  async run(state: ModelState, live: Live): Promise<void> {
    const step = this.#plan(state);
    if (step === undefined) return;
    this.#text = step.text;
    let expected: Predicted<T>;
    try {
      expected = { value: step.predict(state) };
    } catch (error) {
      if (error instanceof LeavesModel) {
        this.#text += ' (left out: it leads out of the directory)';
        return;
      }
      if (!(error instanceof ModelError)) throw error;
      expected = { code: error.code };
      this.#text += ` = ${error.code}`;
    }
    const got = await perform(step, live);
    const mistake = mistakeOf(step, expected, got, live);
    if (mistake !== undefined) throw new Error(`${step.text}: ${mistake}`);
  }

  toString(): string {
    return this.#text;
  }
}

async function perform<T>(step: Step<T>, live: Live): Promise<Predicted<unknown>> {
  try {
    return { value: await step.perform(live) };
  } catch (error) {
    if (error instanceof PosixError) return { code: error.code };
    throw error;
  }
}

function mistakeOf<T>(
  step: Step<T>,
  expected: Predicted<T>,
  got: Predicted<unknown>,
  live: Live,
): string | undefined {
  if ('code' in expected) {
    if ('code' in got && got.code === expected.code) return undefined;
    return `${expected.code} expected, got ${'code' in got ? got.code : 'success'}`;
  }
  if ('code' in got) return `success expected, got ${got.code}`;
  if (step.mistake !== undefined) return step.mistake(expected.value, got.value, live);
  return difference(expected.value, got.value);
}

function difference(expected: unknown, got: unknown): string | undefined {
  // A call without a value answers null.
  if (expected === undefined) return undefined;
  if (Buffer.isBuffer(expected) && Buffer.isBuffer(got)) return contentMistake(expected, got);
  const wanted = JSON.stringify(expected);
  const found = JSON.stringify(Buffer.isBuffer(got) ? got.toString('utf8') : got);
  return wanted === found ? undefined : `${wanted} expected, got ${found}`;
}

/** What is wrong with bytes read, or undefined. */
export function contentMistake(expected: Buffer, got: Buffer): string | undefined {
  if (expected.equals(got)) return undefined;
  const shorter = Math.min(expected.length, got.length);
  let at = 0;
  while (at < shorter && expected[at] === got[at]) at += 1;
  const around = (buffer: Buffer): string => buffer.subarray(at, at + 8).toString('hex') || 'end';
  return (
    `${String(expected.length)} bytes expected, got ${String(got.length)}; first difference at ` +
    `${String(at)}: ${around(expected)} expected, got ${around(got)}`
  );
}

export const statMistake = (expected: ExpectedStat, got: unknown, live: Live): string | undefined =>
  live.statMistake(expected, got as Stat);

/** What is wrong with a listing, or undefined. */
export function listingMistake(
  expected: readonly { name: string; node: Node }[],
  got: unknown,
  live: Live,
): string | undefined {
  const entries = got as Awaited<ReturnType<Live['posix']['scandir']>>;
  const wanted = expected.map(({ name, node }) => `${name} (${node.kind})`).join(', ');
  const found = entries.map(({ name, kind }) => `${name.toString('utf8')} (${kind})`).join(', ');
  if (wanted !== found) return `[${wanted}] expected, got [${found}]`;
  for (const [index, { name, node }] of expected.entries()) {
    const mistake = live.inodeMistake(node, entries[index]?.ino ?? 0n);
    if (mistake !== undefined) return `entry ${name}: ${mistake}`;
  }
  return undefined;
}
