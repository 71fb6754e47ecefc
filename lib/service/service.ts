import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { comparable, readConfig } from './config.js';
import { ControlServer } from './control_server.js';
import { specHash, type ServiceEntry } from './entry.js';
import { ServiceError } from './errors.js';
import { Keeper } from './keeper.js';
import type { KeeperContext } from './keeper_context.js';
import { ServiceLock } from './lock.js';
import { MountWatch } from './mount_watch.js';
import { makePlaces, type Places } from './places.js';
import type { ReloadResult, Request, ServiceStatus } from './protocol.js';
import { recordedSpecs } from './record.js';

/** Milliseconds between two looks at the processes, while one is starting and else. */
const QUICK = 100;
const CALM = 500;
/** Milliseconds a start may take until whoever asked for it gets an answer. */
const START_LIMIT = 70_000;
/** Milliseconds in which a second signal is the same one: npx passes Ctrl-C on to who has got it. */
const SAME_SIGNAL = 1_000;

export interface ServiceOptions {
  readonly config: string;
  /** Called with lines for the service's own output. */
  readonly say: (line: string) => void;
}

/** Keeps the mounts of a configuration. One runs for each user. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #places: Places;
  readonly #lock: ServiceLock;
  readonly #keepers = new Map<string, Keeper>();
  readonly #watch = new MountWatch();
  readonly #startedAt = new Date();
  #control: ControlServer | undefined;
  #wake: () => void = () => undefined;
  #isEnding = false;
  #endingSince = 0;
  #shutdown: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #end!: () => void;
  /** Fulfilled when it has ended. */
  readonly ended: Promise<void>;

  private constructor(options: ServiceOptions, places: Places, lock: ServiceLock) {
    this.#options = options;
    this.#places = places;
    this.#lock = lock;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /**
   * Starts what the configuration has, and takes over what an earlier service has left.
   * @throws ConfigError when it is wrong; ServiceError when another service runs; nothing is started
   */
  static async start(options: ServiceOptions): Promise<Service> {
    const entries = await readConfig(options.config);
    const places = await makePlaces();
    const service = new Service(options, places, await ServiceLock.take(places.runtime));
    try {
      service.#control = await ControlServer.listen((request) => service.handle(request));
      service.#lock.confirm();
      service.#control.show();
      await service.#takeOver(entries);
    } catch (error) {
      service.#leave();
      await service.#control?.close();
      throw error;
    }
    void service.#run();
    return service;
  }

  get #context(): KeeperContext {
    const { config, say } = this.#options;
    return { ...this.#places, directory: dirname(config), say, wake: () => this.#wake() };
  }

  async #takeOver(entries: readonly ServiceEntry[]): Promise<void> {
    for (const entry of entries) this.#add(entry);
    const known = [...this.#keepers.values()];
    const abandoned = recordedSpecs(this.#places.runtime)
      .filter(({ spec }) => !this.#keepers.has(comparable(spec.point)))
      .map((served) => new Keeper(leftOver(served), this.#context));
    await Promise.all([...known, ...abandoned].map((keeper) => keeper.takeOver()));
    // Of an entry that went while no service was there, everything goes.
    await Promise.all(abandoned.map(discard));
  }

  #add(entry: ServiceEntry): Keeper {
    const keeper = new Keeper(entry, this.#context);
    this.#keepers.set(comparable(entry.spec.point), keeper);
    return keeper;
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      const keepers = [...this.#keepers.values()];
      const age = Math.min(Infinity, ...keepers.map(({ interest }) => interest));
      const mounts = age === Infinity ? undefined : await this.#watch.mounts(age);
      for (const keeper of keepers) {
        keeper.observe(mounts).catch((error: unknown) => this.#complain(keeper, error));
      }
      const isStarting = keepers.some(({ state }) => state === 'starting');
      await this.#sleep(isStarting ? QUICK : CALM);
    }
  }

  #complain(keeper: Keeper, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.say(`${keeper.entry.spec.point}: ${reason}`);
  }

  async #sleep(milliseconds: number): Promise<void> {
    const waking = new AbortController();
    this.#wake = () => waking.abort();
    await delay(milliseconds, undefined, { signal: waking.signal }).catch(() => undefined);
  }

  /** Does what a control request asks for, and gives its answer. */
  handle(request: Request): Promise<unknown> {
    switch (request.command) {
      case 'status':
        return Promise.resolve(this.status());
      case 'reload':
        return this.reload();
      case 'shutdown':
        return this.shutdown(request.keepMounts);
      default:
        return this.#order(request.command, request.point);
    }
  }

  status(): ServiceStatus {
    return {
      processId: process.pid,
      startedAt: this.#startedAt.toISOString(),
      config: this.#options.config,
      mounts: [...this.#keepers.values()].map((keeper) => keeper.status()),
    };
  }

  async #order(command: 'start' | 'stop' | 'restart', point: string): Promise<unknown> {
    this.#refuseWhenEnding();
    const keeper = this.#keepers.get(comparable(point));
    if (keeper === undefined) {
      const message = `The configuration ${this.#options.config} has no mount at ${point}. "dokan service status" names them; after a change "dokan service reload".`;
      throw new ServiceError('ERR_SERVICE_POINT', message);
    }
    if (command !== 'start') await keeper.stop(command === 'stop');
    if (command !== 'stop') {
      await keeper.start();
      await this.#started(keeper);
    }
    return keeper.status();
  }

  /** @throws ServiceError ERR_SERVICE_START when it has not mounted */
  async #started(keeper: Keeper): Promise<void> {
    const until = performance.now() + START_LIMIT;
    while (keeper.state === 'starting' && performance.now() < until) await delay(QUICK / 2);
    if (keeper.state === 'mounted' || keeper.state === 'hung') return;
    const { point, lastError, log } = keeper.status();
    const message = `${point} is ${keeper.state}: ${lastError ?? 'no reason is known'} (log: ${log})`;
    throw new ServiceError('ERR_SERVICE_START', message);
  }

  /**
   * Reads the configuration again: starts what is new, stops what is gone, restarts what is mounted
   * in another way now.
   * @throws ConfigError when it is wrong; everything stays as it is then
   */
  reload(): Promise<ReloadResult> {
    this.#refuseWhenEnding();
    const turn = this.#turn.then(async () => this.#apply(await readConfig(this.#options.config)));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #apply(entries: readonly ServiceEntry[]): Promise<ReloadResult> {
    const wanted = new Map(entries.map((entry) => [comparable(entry.spec.point), entry]));
    const removed = [...this.#keepers].filter(([point]) => !wanted.has(point));
    for (const [point] of removed) this.#keepers.delete(point);
    await Promise.all(removed.map(([, keeper]) => discard(keeper)));
    const added: Keeper[] = [];
    const changed: Keeper[] = [];
    for (const [point, entry] of wanted) {
      const keeper = this.#keepers.get(point);
      if (keeper === undefined) {
        added.push(this.#add(entry));
      } else {
        if (specHash(keeper.entry.spec) !== specHash(entry.spec)) changed.push(keeper);
        // The process is stopped by how it was mounted, the next one started by how it is to be.
        else keeper.changePolicy(entry);
      }
    }
    const restarted: Keeper[] = [];
    await Promise.all(
      changed.map(async (keeper) => {
        const wasStopped = keeper.state === 'stopped';
        await keeper.stop(false);
        keeper.changePolicy(wanted.get(comparable(keeper.entry.spec.point)) ?? keeper.entry);
        // What somebody has stopped, or is stopping, stays so.
        if (!wasStopped && !keeper.record.isStopped) restarted.push(keeper);
      }),
    );
    await Promise.all([...added, ...restarted].map((keeper) => keeper.start()));
    this.#options.say(
      `configuration read: ${added.length} added, ${removed.length} removed, ${restarted.length} restarted`,
    );
    const pointOf = (keeper: Keeper): string => keeper.entry.spec.point;
    return {
      added: added.map(pointOf),
      removed: removed.map(([, keeper]) => pointOf(keeper)),
      restarted: restarted.map(pointOf),
    };
  }

  #refuseWhenEnding(): void {
    if (!this.#isEnding) return;
    throw new ServiceError('ERR_SERVICE_ENDING', 'The service is about to end. Start it again.');
  }

  /**
   * Ends the service. A second call while it does so is impatient: what is left goes by force. One
   * that comes at once is not: it is the first one, passed on.
   * @param keepMounts - the volumes stay, for the next service to take over
   */
  shutdown(keepMounts: boolean): Promise<void> {
    if (this.#shutdown !== undefined) {
      if (performance.now() - this.#endingSince < SAME_SIGNAL) return this.#shutdown;
      for (const keeper of this.#keepers.values()) keeper.hurry();
      return this.#shutdown;
    }
    this.#isEnding = true;
    this.#endingSince = performance.now();
    this.#shutdown = this.#close(keepMounts);
    return this.#shutdown;
  }

  async #close(keepMounts: boolean): Promise<void> {
    this.#wake();
    // What a reload has begun is done first.
    await this.#turn;
    if (!keepMounts) {
      await Promise.allSettled([...this.#keepers.values()].map((keeper) => keeper.stop(false)));
    }
    this.#leave();
    // The answer to whoever asked goes out first.
    setImmediate(() => {
      void this.#control?.close().then(this.#end);
    });
  }

  /** From now on another service may start: nothing of this one's is in its way. */
  #leave(): void {
    if (this.#lock.isOurs) this.#control?.hide();
    this.#lock.release();
  }
}

async function discard(keeper: Keeper): Promise<void> {
  await keeper.stop(false);
  keeper.record.forget();
}

function leftOver({ spec }: { readonly spec: ServiceEntry['spec'] }): ServiceEntry {
  const backOff = { initial: 0, maximum: 0, resetAfter: 0 };
  return { spec, restart: 'never', backOff, hungAfter: 0, restartWhenHung: false };
}
