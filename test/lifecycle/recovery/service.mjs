// `dokan service`, which keeps the mount of a scene.
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMounted, until } from './scene.mjs';

const DOKAN = '../../../dist/cli/main.js';
const dokanPath = fileURLToPath(new URL(DOKAN, import.meta.url));

export class Service {
  #scene;
  #config;
  #env;
  #program;

  constructor(scene) {
    this.#scene = scene;
    this.#config = join(scene.directory, 'mounts.json');
    this.#env = {
      NODE_DOKAN_RUNTIME_DIR: join(scene.directory, 'run'),
      NODE_DOKAN_STATE_DIR: join(scene.directory, 'state'),
    };
    const mount = { point: scene.point, example: 'mirrorfs', arguments: ['--root', scene.root] };
    writeFileSync(this.#config, JSON.stringify({ mounts: [mount] }));
  }

  /** Fulfilled when it runs; the volume comes later. */
  async start() {
    const args = ['service', 'run', '--config', this.#config];
    this.#program = this.#scene.start(DOKAN, args, this.#env);
    const { lines } = this.#program;
    await until('the service', () => lines.some((line) => line.startsWith('service runs')));
  }

  /** Fulfilled when the volume answers: it is there, and no dead one. */
  async usable() {
    await until('the volume', () => isMounted(this.#scene.point) && answers(this.#scene.point));
  }

  kill() {
    return this.#program.kill();
  }

  /** The process that serves the volume now. */
  servedBy() {
    const { mounts } = JSON.parse(this.#ask('status', '--json'));
    return mounts[0].processId;
  }

  shutdown() {
    this.#ask('shutdown');
  }

  #ask(...args) {
    const env = { ...process.env, ...this.#env };
    return execFileSync(process.execPath, [dokanPath, 'service', ...args], { env });
  }
}

/** Attributes the kernel may know of a dead one, too; it cannot be opened. */
function answers(path) {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}
