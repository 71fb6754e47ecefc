import { setTimeout as delay } from 'node:timers/promises';
import { unmount } from '../mount.js';
import { listMounts, type MountEntry } from '../mounts/list.js';
import { settledWithin } from '../settled_within.js';
import { Delays } from './back_off.js';
import { comparable } from './config.js';
import { specHash, type ServiceEntry } from './entry.js';
import { describeError } from './errors.js';
import type { KeeperContext } from './keeper_context.js';
import type { KeeperState, KeeperStatus } from './keeper_status.js';
import { LogFile } from './log_file.js';
import { placeOf } from './place_of.js';
import { MountRecord, type ProcessRecord } from './record.js';
import { ServedProcess, type Ending } from './served_process.js';

/** Milliseconds in which a process must have mounted. */
const START_LIMIT = 60_000;
/** Milliseconds an unmount may take before it is done by force. */
const STOP_LIMIT = 10_000;
const HUNG_STOP_LIMIT = 1_000;
/** Milliseconds it may take by force, until its process is killed. */
const HURRIED_STOP_LIMIT = 5_000;
/** Milliseconds taking a volume away may take. */
const FORCE_LIMIT = 10_000;
/** Milliseconds between two looks at the list, while something is going on and else. */
const SOON = 500;
const USUALLY = 5_000;
const LOOK_AGAIN = 25;
/** Exit code of a process that will never be able to mount. */
const EXIT_WRONG = 2;

/** Keeps one entry of the configuration mounted. */
export class Keeper {
  readonly record: MountRecord;
  readonly #context: KeeperContext;
  readonly #log: LogFile;
  #entry: ServiceEntry;
  #delays: Delays;
  #process: ServedProcess | undefined;
  #place: string;
  #state: KeeperState = 'stopped';
  #since = new Date();
  // Intervals go by a clock that nobody sets (performance.now()).
  #startedAt = 0;
  #mountedAt: number | undefined;
  #hungSince: number | undefined;
  #retryAt = 0;
  #nextStart: Date | undefined;
  #logStart = 0;
  #restarts = 0;
  #lastError: string | undefined;
  #isHurried = false;
  #turn: Promise<unknown> = Promise.resolve();
  #turns = 0;

  constructor(entry: ServiceEntry, context: KeeperContext) {
    this.#entry = entry;
    this.#context = context;
    this.#delays = new Delays(entry.backOff);
    this.record = new MountRecord(context.runtime, entry.spec.point);
    this.#log = new LogFile(`${context.logs}/${this.record.key}.log`);
    this.#place = entry.spec.point;
  }

  get entry(): ServiceEntry {
    return this.#entry;
  }

  get state(): KeeperState {
    return this.#state;
  }

  /** How it is kept has changed, and what is mounted has not. */
  changePolicy(entry: ServiceEntry): void {
    this.#entry = entry;
    this.#delays = new Delays(entry.backOff);
  }

  /** Milliseconds after which it wants to see the list of mounts again. */
  get interest(): number {
    if (this.#process === undefined) return Infinity;
    if (this.#state === 'starting' || this.#hungSince !== undefined) return SOON;
    return Math.min(USUALLY, this.#entry.hungAfter);
  }

  status(): KeeperStatus {
    const { point, program } = this.#entry.spec;
    return {
      point,
      state: this.#state,
      since: this.#since.toISOString(),
      processId: this.#process?.id ?? null,
      adopted: this.#process?.isAdopted ?? false,
      restarts: this.#restarts,
      nextStart: this.#state === 'backing off' ? (this.#nextStart?.toISOString() ?? null) : null,
      lastError: this.#lastError ?? null,
      program: 'module' in program ? program.module : program.example,
      log: this.#log.path,
    };
  }

  /** Takes over what an earlier service has left: its process, or that somebody stopped it. */
  async takeOver(): Promise<void> {
    await this.#exclusively(async () => {
      const left = this.record.readProcess();
      if (await this.#adopt()) {
        // Its service died while it was about to stop it.
        if (this.record.isStopped) await this.#clear();
      } else if (!this.record.isStopped && !this.#isOver(left)) {
        this.#retry(0);
      }
    });
  }

  /** It ended while no service was there, and is not to be started again. */
  #isOver(left: ProcessRecord | undefined): boolean {
    const isSame = left?.hash === specHash(this.#entry.spec);
    if (!isSame || this.record.isOfEarlierStart) return false;
    const { restart } = this.#entry;
    if (left.exitCode === 0) return restart !== 'always';
    if (restart !== 'never' && left.exitCode !== EXIT_WRONG) return false;
    this.#lastError = 'its process ended while no service was there';
    this.#become('failed');
    return true;
  }

  async #adopt(): Promise<boolean> {
    const left = await ServedProcess.adopt(this.record);
    if (left === undefined) return false;
    this.#process = left;
    this.#place = this.record.readSpec()?.place ?? this.#place;
    this.#startedAt = performance.now();
    this.#logStart = this.#log.size;
    this.#become('starting');
    this.#context.say(`${this.#name}: adopted process ${left.id}`);
    // Mounted in another way than it should be now.
    if (left.hash !== specHash(this.#entry.spec) && !this.record.isStopped) {
      await this.#end();
      this.#retry(0);
    }
    return true;
  }

  /** Starts it at once, unless it runs. */
  async start(): Promise<void> {
    await this.#exclusively(() => {
      this.record.isStopped = false;
      this.#isHurried = false;
      if (this.#process !== undefined) return;
      this.#delays.reset();
      this.#retry(0);
    });
    this.#context.wake();
  }

  /**
   * Unmounts, by force when it takes too long; its process ends.
   * @param forGood - also a service that is started again leaves it stopped
   */
  async stop(forGood: boolean): Promise<void> {
    await this.#exclusively(async () => {
      if (forGood) this.record.isStopped = true;
      await this.#clear();
    });
  }

  async #clear(): Promise<void> {
    await this.#end();
    this.record.clear();
    this.#become('stopped');
  }

  /** Whoever waits for the end of `stop` is in a hurry: by force, now. */
  hurry(): void {
    this.#isHurried = true;
  }

  /**
   * Compares what is with what should be, and acts.
   * @param mounts - the kernel's list; undefined when it could not be read
   */
  async observe(mounts: readonly MountEntry[] | undefined): Promise<void> {
    // Being started or stopped: that takes its time, and looks for itself.
    if (this.#turns > 0) return;
    await this.#exclusively(async () => {
      this.#log.keepSmall();
      if (this.#process === undefined) {
        const isWaiting = this.#state === 'starting' || this.#state === 'backing off';
        if (isWaiting && performance.now() >= this.#retryAt) await this.#tryLaunch();
        return;
      }
      const ending = await this.#process.ending();
      if (ending !== undefined) this.#ended(ending);
      else if (mounts !== undefined) await this.#look(this.#process, mounts);
    });
  }

  /** No descriptors, no memory, no space on the disk: all of that may be there later. */
  async #tryLaunch(): Promise<void> {
    try {
      await this.#launch();
    } catch (error) {
      this.#failed(`it could not be started (${describeError(error).message})`, 0);
    }
  }

  async #launch(): Promise<void> {
    // Started by an earlier service, that was killed, so late that it was not seen before.
    if (await this.#adopt()) return;
    const { spec } = this.#entry;
    this.#place = await placeOf(spec.point);
    // When that fails nothing is started: the volume of somebody else could be there.
    const holder = this.#mountIn(await listMounts());
    if (holder !== undefined && holder.state !== 'dead') {
      const { processId, command } = holder;
      const who = processId === undefined ? 'another process' : `process ${processId}`;
      const what = command === undefined ? '' : ` (${command.join(' ')})`;
      const message = `${who}${what} serves a volume there. Unmount it: dokan unmount ${this.#place}`;
      return this.#failed(message, 0);
    }
    const served = { spec, hash: specHash(spec), place: this.#place };
    this.#logStart = this.#log.size;
    this.#startedAt = performance.now();
    this.#mountedAt = undefined;
    this.#hungSince = undefined;
    if (this.#state === 'backing off') this.#restarts += 1;
    this.#process = await ServedProcess.start(
      this.record,
      served,
      this.#log,
      this.#context.directory,
      this.#context.wake,
    );
    this.#become('starting');
  }

  async #look(served: ServedProcess, mounts: readonly MountEntry[]): Promise<void> {
    const mount = this.#mountIn(mounts);
    const isOurs = mount?.processId === undefined || mount.processId === served.id;
    if (mount === undefined || mount.state === 'dead' || !isOurs) {
      if (this.#state !== 'starting') {
        // Somebody has unmounted it: its process is about to end, or has to be ended.
        this.#startedAt = performance.now();
        this.#become('starting');
      } else if (performance.now() - this.#startedAt > START_LIMIT) {
        await this.#abandon(`it has not mounted within ${START_LIMIT / 1000} s`);
      }
      return;
    }
    if (mount.state === 'hung') return this.#hangs();
    this.#hungSince = undefined;
    if (this.#state === 'mounted') return;
    if (this.#state === 'hung') this.#lastError = undefined;
    this.#mountedAt ??= performance.now();
    this.#become('mounted');
    this.#context.say(`${this.#name}: mounted by process ${served.id}`);
  }

  async #hangs(): Promise<void> {
    this.#hungSince ??= performance.now();
    const { hungAfter, restartWhenHung } = this.#entry;
    if (performance.now() - this.#hungSince < hungAfter || this.#state === 'hung') return;
    this.#lastError = `its process has not answered for ${hungAfter} ms`;
    this.#become('hung');
    this.#context.say(`${this.#name}: hung: ${this.#lastError}`);
    if (restartWhenHung) await this.#abandon(this.#lastError);
  }

  /** A process that does not do its work goes, and what it has mounted. */
  async #abandon(reason: string): Promise<void> {
    await this.#kill();
    this.#failed(reason, this.#healthyFor());
  }

  #ended({ exitCode, signal, problem }: Ending): void {
    this.#process = undefined;
    const healthyFor = this.#healthyFor();
    if (exitCode === 0) {
      this.#lastError = undefined;
      this.#context.say(`${this.#name}: unmounted by somebody`);
      if (this.#entry.restart === 'always') this.#retry(this.#delays.next(healthyFor));
      else this.#become('stopped');
      return;
    }
    const how = signal ?? (exitCode === undefined ? 'killed' : `exit code ${exitCode}`);
    const said = exitCode === undefined ? problem : this.#log.lastError(this.#logStart);
    this.#failed(said === undefined ? `its process ended (${how})` : said, healthyFor, exitCode);
  }

  /** What a dead process leaves mounted stays until the next start, which releases it. */
  #failed(reason: string, healthyFor: number, exitCode?: number): void {
    this.#process = undefined;
    this.#lastError = reason;
    if (this.#entry.restart === 'never' || exitCode === EXIT_WRONG) this.#become('failed');
    else this.#retry(this.#delays.next(healthyFor));
    this.#context.say(`${this.#name}: ${this.#state}: ${reason}`);
  }

  #healthyFor(): number {
    return this.#mountedAt === undefined ? 0 : performance.now() - this.#mountedAt;
  }

  #retry(milliseconds: number): void {
    this.#retryAt = performance.now() + milliseconds;
    this.#nextStart = new Date(Date.now() + milliseconds);
    this.#become(milliseconds === 0 ? 'starting' : 'backing off');
  }

  /** Whatever there is goes: the process, the volume, the remains of a dead one. */
  async #end(): Promise<void> {
    // Waiting longer helps a process as little that has not answered for a while.
    const limit = this.#state === 'hung' ? HUNG_STOP_LIMIT : STOP_LIMIT;
    this.#become('stopping');
    const served = this.#process;
    if (served !== undefined) {
      let hasEnded = await this.#askToEnd(served, limit);
      // A second signal means by force.
      if (!hasEnded && this.#isHurried) hasEnded = await this.#insist(served);
      if (hasEnded) this.#process = undefined;
      else await this.#kill();
    }
    await this.#release();
  }

  /** @returns false when somebody is in a hurry meanwhile, or it takes too long */
  async #askToEnd(served: ServedProcess, limit: number): Promise<boolean> {
    // Windows knows no signal that a process could answer; there the volume is what ends it.
    if (process.platform === 'win32') await settledWithin(unmount(this.#place), limit);
    else await served.signal('SIGTERM');
    return this.#hasEnded(served, limit, () => this.#isHurried);
  }

  async #insist(served: ServedProcess): Promise<boolean> {
    if (process.platform === 'win32') {
      await settledWithin(unmount(this.#place, { force: true }), HURRIED_STOP_LIMIT);
    } else {
      await served.signal('SIGTERM');
    }
    return this.#hasEnded(served, HURRIED_STOP_LIMIT);
  }

  async #kill(): Promise<void> {
    const served = this.#process;
    if (served === undefined) return;
    await served.signal('SIGKILL');
    if (!(await this.#hasEnded(served, 1_000))) {
      // It waits in the kernel for a volume: its own, which then has to go first.
      await settledWithin(unmount(this.#place, { force: true }), FORCE_LIMIT);
      await this.#hasEnded(served, FORCE_LIMIT);
    }
    this.#process = undefined;
  }

  async #hasEnded(
    served: ServedProcess,
    limit: number,
    isEnough: () => boolean = () => false,
  ): Promise<boolean> {
    const until = performance.now() + limit;
    while ((await served.ending()) === undefined) {
      if (performance.now() > until || isEnough()) return false;
      await delay(LOOK_AGAIN);
    }
    return true;
  }

  async #release(): Promise<void> {
    if (this.#entry.spec.options.forceUnmount === false) return;
    const mounts = await listMounts().catch(() => []);
    if (this.#mountIn(mounts)?.state !== 'dead') return;
    const released = await settledWithin(unmount(this.#place, { force: true }), FORCE_LIMIT);
    if (released !== 'done')
      this.#context.say(`${this.#name}: the dead volume could not be removed`);
  }

  /** What is on top at the mount point. */
  #mountIn(mounts: readonly MountEntry[]): MountEntry | undefined {
    return mounts.findLast(({ mountPoint }) => comparable(mountPoint) === comparable(this.#place));
  }

  get #name(): string {
    return this.#entry.spec.point;
  }

  #become(state: KeeperState): void {
    if (this.#state !== state) this.#since = new Date();
    this.#state = state;
  }

  /** One thing after another: a start never meets a stop half way. */
  #exclusively(work: () => void | Promise<void>): Promise<void> {
    this.#turns += 1;
    const turn = this.#turn.then(work).finally(() => (this.#turns -= 1));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
