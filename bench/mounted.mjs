import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { isMounted } from './mount_list.mjs';

const START_LIMIT = 15_000;
const STOP_LIMIT = 5_000;
const UNMOUNT_ATTEMPTS = 10;
/** What is kept of a peer's stderr, in characters. */
const TAIL = 4_000;
/** Clock ticks of /proc/PID/stat a second: the same on every Linux. */
const TICKS = 100;

/** What is mounted now, to be taken away when the bench is ended early. */
const live = new Set();

/** A mounted peer; of the bare disk only the directory. */
export class Mounted {
  /**
   * @param peer - of peers.mjs
   * @param source - for mirrors: the directory to show
   * @throws when it does not mount, with what it wrote to stderr
   */
  static async start(peer, source) {
    if (peer.isDisk === true) return new Mounted(peer, source);
    const directory = mkdtempSync(join(tmpdir(), 'bench-'));
    const [program, ...args] = peer.command(directory, source);
    const started = performance.now();
    const stdio = ['ignore', 'ignore', 'pipe', ...(peer.hasChannel === true ? ['ipc'] : [])];
    const mounted = new Mounted(peer, directory, spawn(program, args, { stdio }));
    try {
      await mounted.#appear(started + START_LIMIT);
    } catch (error) {
      await mounted.stop();
      throw error;
    }
    mounted.startTime = performance.now() - started;
    return mounted;
  }

  /** Milliseconds from the start of the process until the volume answers. */
  startTime = 0;
  #errors = '';
  #ended = Promise.resolve();

  constructor(peer, directory, child) {
    this.peer = peer;
    this.directory = directory;
    this.child = child;
    if (child === undefined) return;
    live.add(this);
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text) => (this.#errors = (this.#errors + text).slice(-TAIL)));
    this.#ended = new Promise((resolve) => {
      child.once('exit', resolve);
      child.once('error', (error) => {
        this.#errors += error.message;
        resolve();
      });
    });
  }

  async #appear(deadline) {
    let isOver = false;
    void this.#ended.then(() => (isOver = true));
    while (!isMounted(this.directory)) {
      if (isOver || performance.now() > deadline) throw this.#failure('did not mount');
      await delay(1);
    }
    // The kernel lists it before it is served.
    const answered = stat(this.directory).then(() => true);
    const late = delay(deadline - performance.now(), false, { ref: false });
    if (!(await Promise.race([answered, late, this.#ended])))
      throw this.#failure('does not answer');
  }

  #failure(what) {
    const lines = this.#errors.trim().split('\n');
    const said = (lines.find((line) => /^\w*error( \[\w+\])?:/i.test(line)) ?? lines.at(-1)).trim();
    return new Error(`${this.peer.name} ${what}${said === '' ? '' : `: ${said}`}`);
  }

  /** Processor time of the serving process so far, in seconds; 0 for the disk. */
  get processorTime() {
    if (this.child === undefined) return 0;
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  }

  /** What the process takes of memory, in bytes. */
  get residentSize() {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
  }

  /** Asks a peer with a channel. @returns its answer */
  async ask(question) {
    const answer = once(this.child, 'message');
    this.child.send(question);
    const [said] = await Promise.race([answer, this.#ended.then(() => [])]);
    if (said === undefined) throw this.#failure('has ended');
    return said;
  }

  /** Ends the process, whatever state it is in, and its mount with it. */
  async stop() {
    if (this.child === undefined) return;
    this.child.kill('SIGTERM');
    const late = delay(STOP_LIMIT, 'late', { ref: false });
    if ((await Promise.race([this.#ended, late])) === 'late') {
      this.child.kill('SIGKILL');
      await this.#ended;
    }
    this.#clear();
  }

  /** As `stop`, at once. */
  kill() {
    this.child.kill('SIGKILL');
    this.#clear();
  }

  #clear() {
    live.delete(this);
    // Whoever else takes mounts of dead processes away may be faster.
    for (let i = 0; i < UNMOUNT_ATTEMPTS && isMounted(this.directory); i += 1) {
      spawnSync('umount', ['-l', this.directory]);
    }
    // Never recursively: were it still mounted, that would reach the mirrored files.
    rmdirSync(this.directory);
  }
}

/** Takes everything away that is still mounted. */
export function killAll() {
  for (const mounted of live) {
    try {
      mounted.kill();
    } catch (error) {
      console.error(`${mounted.directory} is left: ${error.message}`);
    }
  }
}
