import { createConnection } from 'node:net';
import { readMountInfo } from '../mounts/mountinfo.js';
import { existingRuntimeDirectory } from '../mounts/runtime_directory.js';
import { ServiceError } from './errors.js';
import { isRecord } from './files.js';
import { controlPath, type Request } from './protocol.js';

/** Milliseconds until a service that says nothing counts as hung: stopping by force takes its time. */
const PATIENCE = 180_000;

/**
 * Asks the running service of this user.
 * @throws ServiceError ERR_SERVICE_NOT_RUNNING when there is none; what the service answers with else
 */
export async function askService(request: Request): Promise<unknown> {
  await checkPlace();
  const line = await exchange(`${JSON.stringify(request)}\n`);
  let answer: unknown;
  try {
    answer = JSON.parse(line);
  } catch {
    answer = undefined;
  }
  if (isRecord(answer) && 'ok' in answer) return answer['ok'];
  const error = isRecord(answer) ? answer['error'] : undefined;
  if (isRecord(error)) throw new ServiceError(String(error['code']), String(error['message']));
  const message =
    'The service ended before it had answered. Its own output, or the journal, tells why.';
  throw new ServiceError('ERR_SERVICE_ANSWER', message);
}

/** Where others could put a socket of theirs, nothing is asked. */
async function checkPlace(): Promise<void> {
  if (process.platform !== 'linux') return;
  const directory = await existingRuntimeDirectory(await readMountInfo());
  if (directory === undefined) throw notRunning();
}

function exchange(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(controlPath());
    let answer = '';
    socket.setEncoding('utf8');
    socket.setTimeout(PATIENCE, () => {
      const message = `The service has not answered for ${PATIENCE / 1000} s. Kill it and start it again: its volumes stay.`;
      socket.destroy(new ServiceError('ERR_SERVICE_ANSWER', message));
    });
    socket.once('error', (error) => reject(unreachable(error)));
    socket.once('connect', () => socket.write(line));
    socket.on('data', (text: string) => {
      answer += text;
      if (!answer.includes('\n')) return;
      resolve(answer);
      socket.end();
    });
    socket.once('close', () => resolve(answer));
  });
}

function unreachable(error: NodeJS.ErrnoException): Error {
  if (error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED') return error;
  return notRunning({ cause: error });
}

function notRunning(options?: ErrorOptions): ServiceError {
  const message = 'No service of this user runs. Start it: dokan service run';
  return new ServiceError('ERR_SERVICE_NOT_RUNNING', message, options);
}
