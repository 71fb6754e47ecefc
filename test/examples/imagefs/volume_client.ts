import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { atExit } from '../../support/cleanup.js';
import { eventually, within } from '../../support/eventually.js';

/** One round of the client: what writing, reading and listing ended with. */
export interface Round {
  readonly write: string;
  readonly read: string;
  readonly list: string;
  /** Blocks of 4096 bytes that were acknowledged so far. */
  readonly written: number;
  readonly milliseconds: number;
}

const program = fileURLToPath(new URL('client.mjs', import.meta.url));

/** A program that reads and writes in a volume, in a process of its own. */
export class VolumeClient {
  readonly rounds: Round[] = [];
  readonly #child: ChildProcess;
  readonly #exit: Promise<void>;
  #stderr = '';

  constructor(volume: string) {
    const child = spawn(process.execPath, [program, volume], { stdio: 'pipe' });
    this.#child = child;
    const released = atExit(() => child.kill('SIGKILL'));
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const round = JSON.parse(line) as Round | { close: string };
        if ('write' in round) this.rounds.push(round);
      }
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#exit = new Promise((resolve) => {
      child.once('close', () => {
        released();
        resolve();
      });
    });
  }

  /** Waits for that many rounds more, all of which are so. */
  async expect(what: string, isSo: (round: Round) => boolean, count = 5): Promise<void> {
    const from = this.rounds.length;
    const areSo = (): boolean => {
      const latest = this.rounds.slice(from).slice(-count);
      return latest.length === count && latest.every(isSo);
    };
    try {
      await eventually(`${String(count)} rounds in a row that are ${what}`, areSo, 30_000);
    } catch (error) {
      const latest = JSON.stringify(this.rounds.at(-1));
      throw new Error(`${String(error)}: ${latest}\n${this.#stderr}`, { cause: error });
    }
  }

  /** Blocks that were acknowledged. */
  get written(): number {
    return this.rounds.at(-1)?.written ?? 0;
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    await within('the end of the client', 30_000, this.#exit);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

export const isGood = ({ write, read, list }: Round): boolean =>
  write === 'ok' && read === 'ok' && list === 'ok';

export const isWithout =
  (code: string) =>
  ({ write, read, list }: Round): boolean =>
    write === code && read === code && list === code;
