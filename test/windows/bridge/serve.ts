import type { DriverBackend } from '../../../lib/hosts/loopback/backend.js';
import { fuseHost } from '../../../lib/hosts/fuse/fuse_host.js';
import { resolveOptions, type MountOptions } from '../../../lib/options.js';
import { DriverTarget } from './driver_target.js';

/**
 * Mounts what answers the driver's orders and says so. SIGTERM unmounts.
 * @param lost - fulfilled when the orders are no longer answered
 * @throws Error unless the volume was let go in order
 */
export async function serve(
  backend: DriverBackend,
  mountPoint: string,
  options: MountOptions,
  lost: Promise<void>,
): Promise<void> {
  const target = new DriverTarget(backend);
  const volume = await fuseHost.mount(mountPoint, target, resolveOptions(options));
  const losing = lost.then(async () => {
    await volume.unmount(true);
    throw new Error('nobody answers any more');
  });
  process.on('SIGTERM', () => {
    volume.unmount(false).catch((error: unknown) => {
      console.error(error);
      return volume.unmount(true);
    });
  });
  console.log(`mounted ${volume.mountPoint}`);
  const reason = await Promise.race([volume.ended, losing]);
  if (reason !== 'unmounted') throw new Error(`the volume is gone: ${reason}`);
}
