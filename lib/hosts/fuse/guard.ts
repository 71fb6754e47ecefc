import { readdir, readlink } from 'node:fs/promises';
import { FUSE_TYPE } from '../../mounts/list.js';
import { LATE, readProcess } from '../../mounts/process_files.js';
import type { GuardRequest } from '../addon.js';

/**
 * A process that is killed cannot unmount, and its mount stays and answers nothing. So each volume has
 * a guard: a shell that does nothing but wait for our end. fusermount3's auto_unmount is meant for
 * the same, but leaves mounts of users behind before version 3.14.1, and does nothing for what root
 * mounts itself.
 */

const SHELL = '/bin/sh';
/** As the kernel has it. */
const SHELL_NAME = 'sh\n';

/** What its `ps` line says before the mount point. */
const NAME = 'node-dokan-guard';

/** Where the programs it runs are, before PATH is asked. */
const DIRECTORIES = '/usr/sbin:/usr/bin:/sbin:/bin';

// Arguments: the mount point, the same as mountinfo writes it, the type of our volumes, and the helper
// that unmounts (none: this user may). Whoever ends a session or a service by a signal means the
// volume's process, whose end must find its guard alive. The claim on the place, which is descriptor 3,
// keeps other volumes away for as long as the guard lives; only without it may there be a new one,
// which answers (a dead one too, for as long as the kernel may trust what it knows). Something else
// that was mounted on top is left alone, with what is below.
const SCRIPT = `
trap '' HUP INT QUIT TERM
cd /
read -r id device
read -r over && exit
found=
while read -r number parent at root point rest; do
  [ "$point" = "$2" ] || continue
  [ "$parent" != "$id" ] || exit
  [ -z "$id" ] || [ "$number $at" = "$id $device" ] || continue
  case $rest in *" - $3 "*) found=yes ;; esac
done <<END
$(grep -F -- " $2 " /proc/self/mountinfo)
END
[ -n "$found" ] || exit
if ! (: <&3); then
  for try in 1 2 3 4; do
    [ -e "$1" ] || break
    sleep 1
  done
  ! [ -e "$1" ] || exit
fi
[ -z "$4" ] || exec "$4" -u -z -q -- "$1"
exec umount -l -- "$1"
`;

/**
 * @param mountPoint - a real path
 * @param helper - path of fusermount3, where that is needed to unmount
 */
export function guardOf(mountPoint: string, helper: string | undefined): GuardRequest {
  return {
    command: [
      ...[SHELL, '-c', SCRIPT, NAME],
      ...[mountPoint, escapeField(mountPoint), FUSE_TYPE, helper ?? ''],
    ],
    // Bytes are characters: a mount point may be no text in anybody's encoding.
    environment: [`PATH=${DIRECTORIES}:${process.env['PATH'] ?? ''}`, 'LC_ALL=C'],
  };
}

/** As the kernel writes a mount point in mountinfo. */
function escapeField(path: string): string {
  return path.replaceAll(
    /[ \t\n\\]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
}

/**
 * Ends the guards of a place where nothing is mounted any more: those of processes that hang. What a
 * guard has started meanwhile goes on, and holds its claim.
 */
export async function endGuards(mountPoint: string): Promise<void> {
  const ours = await readlink('/proc/self/ns/mnt');
  for (const id of await readdir('/proc')) {
    if (!/^\d+$/.test(id)) continue;
    try {
      // Its name can be read of any process; its command only of one that does not change its memory.
      if ((await readProcess(`/proc/${id}/comm`)) !== SHELL_NAME) continue;
      const command = await readProcess(`/proc/${id}/cmdline`);
      if (command === LATE) continue;
      const [, , , name, point] = command.split('\0');
      if (name !== NAME || point !== mountPoint) continue;
      if ((await readlink(`/proc/${id}/ns/mnt`)) === ours) process.kill(Number(id), 'SIGKILL');
    } catch {
      // It has ended, or is another user's.
    }
  }
}
