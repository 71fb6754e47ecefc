import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Posix, PosixError, type PosixOptions } from '../support/posix.js';
import type { Features, Target } from './target.js';

/** What a test may ask for; without it the test is skipped and the reason printed. */
export type Need = keyof Features | 'root';

/** What a test works with: a directory of its own and a process to work in it. */
export interface Scene {
  readonly target: Target;
  /** Empty, mode 0777, gone after the test. */
  readonly directory: string;
  /** A process that calls the system. Reset before each test. */
  readonly posix: Posix;
  /** A path in the test's directory. */
  readonly path: (...names: string[]) => string;
  /** As `path`, for a last name that is bytes. */
  readonly rawPath: (name: Buffer) => Buffer;
  /** A number of things that is as large as there is time for. */
  readonly many: (count: number) => number;
  /** Another process; ended after the test. */
  readonly helper: (options?: PosixOptions) => Posix;
}

export type Body = (scene: Scene) => Promise<void>;

/** The nobody of every Linux. */
export const NOBODY = 65534;

/** Tests of one target. A topic adds its tests with `test`. */
export class Suite {
  readonly name: string;
  readonly #open: () => Promise<Target>;
  readonly #patience: number;
  #target: Target | undefined;
  #posix: Posix | undefined;
  readonly #skipped = new Map<string, number>();

  /** @param patience - times the usual time limits */
  constructor(name: string, open: () => Promise<Target>, patience = 1) {
    this.name = name;
    this.#open = open;
    this.#patience = patience;
  }

  /** Opens the target before the tests of the enclosing `describe`, closes it behind them. */
  install(): void {
    // What a target needs may have to be built first.
    beforeAll(async () => {
      this.#target = await this.#open();
    }, 300_000);
    afterAll(async () => {
      for (const [reason, count] of this.#skipped) {
        console.info(`${this.name}: ${String(count)} skipped, ${reason}`);
      }
      await this.#posix?.close();
      await this.#target?.close();
    });
  }

  /** The target, once the tests run. */
  get target(): Target {
    if (this.#target === undefined) throw new Error(`${this.name} is not open`);
    return this.#target;
  }

  /**
   * Adds a test.
   * @param needs - what it cannot do without
   * @param milliseconds - time limit, where the usual one is too short
   */
  test(title: string, needs: readonly Need[], body: Body, milliseconds = 60_000): void {
    test(title, { timeout: milliseconds * this.#patience }, async (context) => {
      // The features are the target's to say, and it is open only by now.
      const target = this.target;
      const reason = this.#reasonToSkip(target, needs);
      if (reason !== undefined) {
        this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + 1);
        context.skip(reason);
        return;
      }
      await this.#run(target, body);
    });
  }

  #reasonToSkip(target: Target, needs: readonly Need[]): string | undefined {
    for (const need of needs) {
      if (need === 'root') {
        if (process.getuid?.() !== 0) return 'needs root';
        continue;
      }
      const feature = target.features[need];
      if (feature !== true) return `no ${need}: ${feature.absent}`;
    }
    return undefined;
  }

  async #run(target: Target, body: Body): Promise<void> {
    // A test that killed its helper, or hung in it, must not take the next one along.
    if (this.#posix === undefined || this.#posix.ended !== undefined) this.#posix = new Posix();
    const posix = this.#posix;
    await posix.reset();
    const directory = mkdtempSync(join(target.directory, 't-'));
    await posix.chmod(directory, 0o777);
    const helpers: Posix[] = [];
    try {
      await body({
        target,
        directory,
        posix,
        path: (...names) => join(directory, ...names),
        rawPath: (name) => Buffer.concat([Buffer.from(`${directory}/`), name]),
        many: (count) => Math.ceil(count / (target.slowness ?? 1)),
        helper: (options) => {
          const helper = new Posix(options);
          helpers.push(helper);
          return helper;
        },
      });
    } finally {
      await Promise.all(helpers.map((helper) => helper.kill()));
      if (posix.ended === undefined) await posix.reset();
    }
    // Reached only by a test that passed: what is left of a failed one helps to understand it, and
    // its own error is the one to show. By the helper, as Node finds no names that are not UTF-8.
    await posix.removeTree(directory);
  }
}

/** Expects a call to fail with this errno, or one of several where systems differ. */
export async function refuses(call: Promise<unknown>, ...codes: string[]): Promise<void> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    if (!(error instanceof PosixError)) throw error;
    expect(codes, error.message).toContain(error.code);
    return;
  }
  expect.fail(`expected ${codes.join(' or ')}, got success: ${String(answer)}`);
}

/** Bytes that differ at every place and between seeds: misplaced blocks show. */
export function pattern(length: number, seed = 1): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let index = 0; index < length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    buffer[index] = state & 0xff;
  }
  return buffer;
}

/** Compares content without printing megabytes. */
export function sameBytes(got: Buffer, wanted: Buffer): void {
  if (got.equals(wanted)) return;
  const shorter = Math.min(got.length, wanted.length);
  let index = 0;
  while (index < shorter && got[index] === wanted[index]) index += 1;
  const around = (buffer: Buffer): string => buffer.subarray(index, index + 16).toString('hex');
  expect.fail(
    `content differs at byte ${String(index)}: got ${around(got)} (${String(got.length)} bytes), ` +
      `wanted ${around(wanted)} (${String(wanted.length)} bytes)`,
  );
}
