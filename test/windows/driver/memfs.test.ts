import { afterAll, beforeAll, describe } from 'vitest';
import { DriverClient } from '../../../lib/hosts/loopback/client.js';
import { Driver } from '../../../lib/hosts/loopback/driver.js';
import { resolveOptions } from '../../../lib/options.js';
import { describeMemfs, type ServedMemfs } from '../../hosts/loopback/memfs_suite.js';
import type { SimulatorClient } from '../../simulator/client.js';
import { missingWine } from '../../support/wine.js';
import { WindowsHost } from './host_process.js';
import { SocketBackend } from './socket_backend.js';

const missing = missingWine();

/** What test/hosts/loopback/memfs.test.ts has below the model of the library: here the real addon. */
describe.skipIf(missing !== undefined)(`memfs in Windows' Node ${missing ?? ''}`, () => {
  let host: WindowsHost;
  let simulator: SimulatorClient;
  let count = 0;

  beforeAll(async () => {
    host = await WindowsHost.start();
    simulator = await host.simulator();
  }, 600_000);

  afterAll(() => host.end(simulator));

  describeMemfs('through the driver model', async (options, settings): Promise<ServedMemfs> => {
    const name = `memfs ${String(++count)}`;
    const point = await host.order('memfs', name, 'M:', options, settings);
    const { volumes } = await simulator.must('mounts');
    const { volume } = volumes.find(({ mountPoint }) => mountPoint === point)!;
    const driver = new Driver(new SocketBackend(simulator, volume), {
      ...resolveOptions(options),
      requestTimeout: Infinity,
      renameRules: 'dokan',
    });
    return {
      client: new DriverClient(driver),
      journal: async () => (await host.order('journal', name)) as string[],
      openCount: async () => (await host.order('journalOpens', name)) as number,
      unmount: async () => {
        await host.order('unmount', name);
        driver.dismount();
        return ((await host.order('closed', name)) as { reason: string }).reason;
      },
    };
  });
});
