// One line of JSON a message on stderr, which the launcher keeps in the server's log file.
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface Log {
  /** Only what an operator wants to know. */
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, error: unknown, fields?: LogFields): void;
}

export function stderrLog(): Log {
  const write = (level: string, message: string, fields: LogFields = {}) =>
    void process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
  return {
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, error, fields) => write("error", message, { ...fields, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  };
}
