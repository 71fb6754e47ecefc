import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { Counters } from '../../../counters.js';
import { Dispatcher } from '../../../dispatcher.js';
import type { CallbackError } from '../../../errors.js';
import { loadOperations } from '../../../file_system_module.js';
import { loadLinuxAddon, type ThreadDevice } from '../../addon.js';
import { OwnUse } from '../own_use.js';
import { Errno } from '../protocol.js';
import { Session } from '../session.js';
import { sessionOptions } from '../session_options.js';
import type { BackingDevice, Transport } from '../transport.js';
import { OwnedDirectories, OwnedHandles, StatelessFiles } from './handles.js';
import type { Agreement, Order, Refusal, Report, ThreadStart } from './messages.js';
import { SharedNodeTable } from './shared_node_table.js';

// One of several threads that serve a volume: the program of its Worker.

const { module, threadIndex, options, counters, time, ...shared } = workerData as ThreadStart;
const threadIds = new Int32Array(shared.threadIds);
const port = parentPort!;

function tell(report: Report): void {
  port.postMessage(report);
}

/** With a cause, which may be anything at all. */
function tellCause(report: Extract<Report, { cause: unknown }>): void {
  try {
    tell(report);
  } catch {
    const { cause } = report;
    const message = cause instanceof Error ? cause.message : 'something that cannot be shown';
    tell({ ...report, cause: new Error(message) });
  }
}

function refuse(refusal: Refusal, cause: unknown): void {
  tellCause({ report: 'unusable', refusal, cause });
}

function report({ callback, path, cause }: CallbackError): void {
  tellCause({ report: 'error', callback, path, cause });
}

/** This thread, as the kernel numbers it in requests; 0 where it does not say. */
function ownThreadId(): number {
  try {
    return Number(basename(readlinkSync('/proc/thread-self')));
  } catch {
    return 0;
  }
}

/** A descriptor is of one thread's open, and any thread may be asked to read and write. */
const NO_BACKING: BackingDevice = {
  checkBacking: () => 0,
  openBacking: () => -Errno.ENOSYS,
  isBacking: () => false,
  isUnchangedBacking: () => false,
  closeBacking: () => undefined,
  serveBacking: () => -Errno.ENOSYS,
  endBacking: () => undefined,
  backingRequests: () => 0,
};

/** The device as a session wants it. What is told the kernel, the main thread tells. */
function transportOf(device: ThreadDevice): Transport {
  return {
    start: (onReadable) => device.start(onReadable),
    receive: (buffer, spin) => device.receive(buffer, spin),
    send: (buffer, length) => device.send(buffer, length),
    exchange: (reply, length, buffer, spin) => device.exchange(reply, length, buffer, spin),
    sendParts: (head, headLength, body, bodyLength) =>
      device.sendParts(head, headLength, body, bodyLength),
    exchangeParts: (head, headLength, body, bodyLength, buffer, spin) =>
      device.exchangeParts(head, headLength, body, bodyLength, buffer, spin),
    notify: (message) => {
      tell({ report: 'notify', message });
      return true;
    },
    close: () => device.close(),
    ...NO_BACKING,
  };
}

/** Serves until the connection ends. */
async function serve(
  dispatcher: Dispatcher,
  device: ThreadDevice,
  agreement: Agreement | undefined,
): Promise<Session> {
  const { stateless } = options;
  const nodes = new SharedNodeTable(device.nodes(), device.thread, !stateless);
  const session = new Session(
    dispatcher,
    transportOf(device),
    sessionOptions(dispatcher, options, time),
    {
      nodes: nodes.asNodeTable(),
      files: stateless ? new StatelessFiles(nodes, dispatcher) : new OwnedHandles(device.thread),
      directories: new OwnedDirectories(device.thread, nodes),
    },
  );
  session.ownUse = new OwnUse(
    () => tell({ report: 'own use' }),
    (id) => threadIds.includes(id),
  );
  // A device of an ended connection is readable for ever.
  void session.ended.then((end) => {
    device.close();
    tell({ report: 'ended', end });
  });
  if (agreement !== undefined) {
    session.flags = agreement.flags;
    session.maxTransfer = agreement.maxTransfer;
    session.coherentDirectIo = agreement.coherentDirectIo;
    session.volume = agreement.volume;
    session.initialized();
  }
  session.start();
  await session.ready;
  const { flags, maxTransfer, coherentDirectIo, volume } = session;
  // How it has ended is told first.
  if (flags === 0) await session.ended;
  const agreed = flags === 0 ? undefined : { flags, maxTransfer, coherentDirectIo, volume };
  tell({ report: 'serving', agreement: agreed });
  return session;
}

async function work(): Promise<void> {
  threadIds[threadIndex] = ownThreadId();
  let dispatcher: Dispatcher;
  try {
    const { threads, data } = options;
    const operations = await loadOperations(module, { threadIndex, threads, data });
    dispatcher = new Dispatcher(operations, {
      ...options,
      counters: new Counters(counters),
      onError: report,
    });
  } catch (error) {
    return refuse('module', error);
  }
  // What one thread finds out of the medium the others would not know.
  if (dispatcher.supports('checkMedia')) return refuse('media', undefined);
  let session: Promise<Session | undefined> | undefined;
  const obey = async (order: Order): Promise<void> => {
    if (order.order === 'mounted') {
      await dispatcher.mounted(order.mountPoint);
      tell({ report: 'mounted' });
    } else if (order.order === 'serve') {
      try {
        const device = loadLinuxAddon().joinThreads(order.device);
        session = serve(dispatcher, device, order.agreement).catch((error: unknown) => {
          device.close();
          refuse('device', error);
          return undefined;
        });
      } catch (error) {
        refuse('device', error);
      }
    } else {
      (await session)?.end('aborted');
      await dispatcher.shutdown(order.status);
      tell({ report: 'closed' });
      port.close();
    }
  };
  port.on('message', (order: Order) => void obey(order));
  tell({ report: 'loaded' });
}

await work();
