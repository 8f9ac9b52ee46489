/** The way of a seccomp listener from a process that is made by a last fork to whoever answers for its filter. */
import { native } from '../native.js';
import type { Plan } from '../plan/plan.js';

/** The process that it is of has its pid by then: it is either known already, or the next thing that is heard of. */
export class ListenerCourier {
  private socket = -1;
  private listener = -1;
  private readonly message: (pid: number) => string;

  /**
   * Connects, should the plan want that, before there is a process.
   * @param message what is sent with the descriptor, about the process with that pid
   */
  constructor(plan: Plan, message: (pid: number) => string) {
    this.message = message;
    const handedOver = plan.steps.some((step) => step.op === 'seccomp' && step.handOver);
    if (handedOver && plan.seccomp?.listener) this.socket = native().connect(plan.seccomp.listener.path);
  }

  /** Takes the descriptor; sends it when the process can be told of. */
  take(listener: number, { seen, pid }: { readonly seen: boolean; readonly pid: number }): void {
    if (this.listener >= 0 || this.socket < 0) {
      native().close(listener);
      throw new Error('tsrun-init sends a listener that nobody waits for');
    }
    this.listener = listener;
    if (seen) this.send(pid);
  }

  /** The process is there. */
  born(pid: number): void {
    if (this.listener >= 0) this.send(pid);
  }

  close(): void {
    for (const fd of [this.socket, this.listener]) if (fd >= 0) native().close(fd);
    this.socket = this.listener = -1;
  }

  private send(pid: number): void {
    try {
      native().sendFd(this.socket, this.listener, this.message(pid));
    } finally {
      this.close();
    }
  }
}
