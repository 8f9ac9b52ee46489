/** Who created a container, by name. */
import { native } from '../native.js';

/** The user's name in /etc/passwd; the number when he has none. */
export function userName(uid: number): string {
  if (uid === 0) return 'root';
  try {
    for (const line of native()
      .readFile('/etc/passwd', 1 << 20)
      .split('\n')) {
      const [name, , number] = line.split(':');
      if (number === String(uid) && name !== undefined) return name;
    }
  } catch {
    // no such file: the number will do
  }
  return String(uid);
}
