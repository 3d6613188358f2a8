// Keys of the terminal one by one, for a command that paints it. The terminal is given back as it was.
const CTRL_C = "\x03";
const CTRL_Z = "\x1a";

/** Without a terminal to read from, nothing is pressed. */
export function listenForKeys(listener: (key: string) => void): Disposable {
  const { stdin } = process;
  if (!stdin.isTTY) return { [Symbol.dispose]: () => undefined };
  const resumed = (): void => void stdin.setRawMode(true);
  const heard = (text: string): void => {
    for (const key of text) {
      // The terminal makes no signals of keys now, so they are made here.
      if (key === CTRL_C) process.kill(process.pid, "SIGINT");
      else if (key === CTRL_Z) {
        stdin.setRawMode(false);
        process.once("SIGCONT", resumed);
        process.kill(process.pid, "SIGTSTP");
      } else listener(key);
    }
  };
  stdin.setRawMode(true).setEncoding("utf8").on("data", heard).resume();
  return {
    [Symbol.dispose]() {
      process.off("SIGCONT", resumed);
      stdin.off("data", heard).pause();
      stdin.setRawMode(false);
    },
  };
}
