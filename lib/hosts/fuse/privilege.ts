import { readFile } from 'node:fs/promises';

const CAP_SYS_ADMIN = 21n;

/** Whether this process may unmount what others have mounted. */
export async function mayUnmountAll(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'latin1');
  const [, capabilities = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  return ((BigInt(`0x${capabilities}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
}

/** `65534 (nobody)`, or the number alone where the machine's list of users does not have it. */
export async function nameUser(id: number): Promise<string> {
  try {
    for (const line of (await readFile('/etc/passwd', 'utf8')).split('\n')) {
      const [name, , number] = line.split(':');
      if (name && number === String(id)) return `${id} (${name})`;
    }
  } catch {
    // Some systems have no such file.
  }
  return String(id);
}
