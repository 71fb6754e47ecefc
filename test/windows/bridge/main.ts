// Mounts on Linux what a simulator serves: `node main.ts PORT POINT [OPTIONS]`, the options as JSON.
// Ends with 0 when it was told to by SIGTERM and the volume was let go in order.
import type { MountOptions } from '../../../lib/options.js';
import { SimulatorClient, type MountedVolume } from '../../simulator/client.js';
import { eventually } from '../../support/eventually.js';
import { serve } from './serve.js';
import { SimulatorBackend } from './simulator_backend.js';

/** Bits of DOKAN_OPTIONS.Options that the Linux side must know as well. */
const ALT_STREAMS = 1 << 2;
const WRITE_PROTECT = 1 << 3;
const USER_MODE_LOCK = 1 << 8;

function mountOptions({ options, allocationUnitSize }: MountedVolume): MountOptions {
  return {
    altStreams: (options & ALT_STREAMS) !== 0,
    writeProtect: (options & WRITE_PROTECT) !== 0,
    userModeLock: (options & USER_MODE_LOCK) !== 0,
    allocationUnitSize,
  };
}

const [port = '', mountPoint = '', options = '{}'] = process.argv.slice(2);
const client = await SimulatorClient.connect(Number(port));
const { volumes } = await client.must('mounts');
const [found] = volumes;
if (found === undefined) throw new Error('the simulator has no volume');
const backend = new SimulatorBackend(client, found.volume);
const more = JSON.parse(options) as MountOptions;
await serve(backend, mountPoint, { ...mountOptions(found), ...more }, backend.lost);
// Closes are sent without waiting for them, and the last ones are still under way.
await eventually('the last closes', () => backend.pendingCount === 0);
client.close();
