import type { Fields } from '../../simulator/client.js';
import type { OrderChannel } from './simulator_backend.js';

/** An order, as it went out. */
export type Sent = Fields & { readonly op: string };
/** The fields of a reply. */
export type Scripted = Record<string, unknown> & { readonly payload?: Buffer };

/** Keeps what it is sent, and answers with what it was told to, else with success. */
export class ScriptedChannel implements OrderChannel {
  readonly sent: Sent[] = [];
  readonly payloads: Buffer[] = [];
  readonly answers = new Map<string, Scripted[]>();
  isGone = false;

  answer(op: string, ...replies: Scripted[]): void {
    this.answers.set(op, replies);
  }

  order(op: string, fields: Fields, payload = Buffer.alloc(0)): ReturnType<OrderChannel['order']> {
    if (this.isGone) return Promise.reject(new Error('gone'));
    this.sent.push({ op, ...fields });
    this.payloads.push(payload);
    const reply = this.answers.get(op)?.shift() ?? {};
    return Promise.resolve({ id: 0, status: 0, payload: Buffer.alloc(0), ...reply });
  }
}
