// Ports of the loopback address: one to be used by a program of a test, one that is in use by another.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

export interface TakenPort extends AsyncDisposable { readonly port: number }

/** In use until disposed. */
export async function takePort(): Promise<TakenPort> {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: () => new Promise((resolve) => holder.close(() => resolve())) };
}

/** Free a moment ago: whoever needs a fixed port before it starts can do no better. */
export async function freePort(): Promise<number> {
  await using taken = await takePort();
  return taken.port;
}
