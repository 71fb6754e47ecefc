// What may happen to a process that serves a volume, and how the mount point becomes usable again.
import { existsSync, statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { unmount } from 'node-dokan';
import { isMounted, Scene, until } from './scene.mjs';
import { Service } from './service.mjs';

const force = (scene) => unmount(scene.point, { force: true, timeout: 0 });
const restart = (scene) => scene.serve({ forceUnmount: true });

/** Each: what happens; then how it is recovered, where it does not recover by itself. */
export const EVENTS = {
  exit: { happen: (server) => server.order('exit') },
  throw: { happen: (server) => server.order('throw') },
  SIGTERM: { happen: (server) => server.signal('SIGTERM') },
  'SIGTERM, unmountOnSignal': {
    options: { unmountOnSignal: true },
    happen: (server) => server.signal('SIGTERM'),
  },
  SIGINT: { happen: (server) => server.signal('SIGINT') },
  'SIGINT, unmountOnSignal': {
    options: { unmountOnSignal: true },
    happen: (server) => server.signal('SIGINT'),
  },
  SIGKILL: { happen: (server) => server.signal('SIGKILL') },
  'Worker terminated': { where: 'worker', happen: (server) => server.order('terminate') },
  'endless loop': { happen: (server) => server.order('hang'), stuck: true, recover: force },
  'never-settling promise': {
    happen: (server) => server.order('never settle'),
    stuck: true,
    recover: force,
  },
  'SIGKILL, and mounted again by a new process': {
    happen: (server) => server.signal('SIGKILL'),
    recover: restart,
  },
  'dokan service: SIGKILL of the file system': { services: false },
  'dokan service: SIGKILL of both, and the service restarted': { services: true },
};

/**
 * @param name - of the event
 * @returns milliseconds until the mount point is usable, files lost, and processes left hanging:
 *   clients that wait, and guards
 */
export async function measure(name) {
  const { services } = EVENTS[name];
  return services === undefined ? measureProcess(name) : measureService(services);
}

/** @param restarts - the service is killed as well */
async function measureService(restarts) {
  const scene = new Scene();
  const service = new Service(scene);
  try {
    await service.start();
    await service.usable();
    const writer = await scene.write(20);
    const server = service.servedBy();
    const begun = performance.now();
    if (restarts) await service.kill();
    process.kill(server, 'SIGKILL');
    if (restarts) await service.start();
    await writer.exit;
    await service.usable();
    const milliseconds = performance.now() - begun;
    const lost = scene.lost(writer).length;
    service.shutdown();
    await until('it to be unmounted', () => !isMounted(scene.point));
    return { milliseconds, lost, hanging: scene.guards().length };
  } finally {
    await scene.end();
  }
}

async function measureProcess(name) {
  const { options = {}, where, happen, stuck = false, recover } = EVENTS[name];
  const scene = new Scene();
  try {
    const server = await scene.serve(options, ...(where === undefined ? [] : [where]));
    const writer = await scene.write(20);
    let begun = performance.now();
    happen(server);
    if (stuck) {
      await server.line('stuck');
      begun = performance.now();
    }
    await recover?.(scene);
    if (recover !== restart) await until('it to be unmounted', () => !isMounted(scene.point));
    // Usable: it answers.
    if (!existsSync(scene.point) || !statSync(scene.point).isDirectory())
      throw new Error('unusable');
    const milliseconds = performance.now() - begun;
    // Its guard goes with it, and is nobody's any more.
    if (stuck) await server.kill();
    const left = recover === restart ? 1 : 0;
    const isQuiet = () => writer.ended && scene.guards().length <= left;
    await until('the others to end', isQuiet, 5_000).catch(() => undefined);
    const hanging = (writer.ended ? 0 : 1) + Math.max(0, scene.guards().length - left);
    return { milliseconds, lost: scene.lost(writer).length, hanging };
  } finally {
    await scene.end();
  }
}
